// One table of kernels for each instruction set, all compiled from the same source.
#pragma once
#include "kernels.h"

typedef struct {
  const char *name;
  void (*convolve)(const dk_convolution *convolution, const float *in, float *out);
  void (*convolve_winograd)(const dk_winograd *convolution, const float *in, float *out, float *scratch);
  void (*depthwise)(const float *in, int64_t in_row_step, int64_t in_pixel_step, int64_t in_channel_pitch, float *out, dk_image out_image, int32_t multiplier, int32_t taps, const int32_t *offsets, const float *weights, const float *bias);
  void (*pool)(const float *in, dk_image in_image, float *out, dk_image out_image, int32_t window_h, int32_t window_w, int32_t stride_h, int32_t stride_w, int32_t before_h, int32_t before_w, bool average);
  void (*pool_all)(const float *in, dk_image image, float *out, int64_t out_channel_pitch, bool average);
  void (*map)(const float *in, dk_image in_image, float *out, dk_image out_image, const float *scale, const float *shift, dk_activation activation);
  void (*combine)(const float *a, dk_image a_image, const float *b, dk_image b_image, float *out, dk_image out_image, bool multiply, dk_activation activation);
  void (*copy)(const float *in, dk_image in_image, float *out, dk_image out_image);
  void (*softmax)(const float *in, float *out, int64_t count, int64_t pitch, int64_t out_pitch, bool logarithmic);
  void (*argmax)(const float *in, int64_t count, int64_t pitch, int32_t *result);
  void (*argmax_margin)(const float *in, int64_t count, int64_t pitch, int32_t *result, float *margin);
  void (*entropy)(const float *in, int64_t count, int64_t pitch, float *result);
  void (*divergence)(const float *a, const float *b, int64_t count, int64_t a_pitch, int64_t b_pitch, float *result);
  void (*channel_sums)(const float *in, dk_image image, double *sums);
  int32_t (*pack)(const void *in, int32_t type, bool planes, int32_t count, float scale, float *out, dk_image image);
  void (*unpack)(const float *in, dk_image image, int32_t count, float *out);
  void (*move_lane)(const float *in, dk_image in_image, int32_t from, float *out, dk_image out_image, int32_t to);
  void (*fill)(float *out, dk_image image, float value);
  uint32_t (*difference)(const float *in, dk_image image, float constant, float *out, dk_image out_image);
  uint32_t (*nonfinite)(const float *in, dk_image image);
  void (*peaks)(const float *in, dk_image image, float *peaks);
  void (*convolve_weights)(const dk_weight_gradient *convolution, const float *in, const float *slope, float *gradient);
  void (*channel_totals)(const float *in, dk_image image, float *totals);
  void (*row_totals)(const float *in, int64_t rows, int64_t columns, int64_t pitch, float *totals);
  void (*sum_rows)(float *rows, int64_t count, int64_t pitch, int64_t length, float *out);
  void (*winograd_gradient)(const dk_winograd_slopes *convolution, const float *in, const float *slope, float *gradient, float *scratch);
  void (*gather_weights)(const float *kernel, int64_t taps, const int32_t *offsets, int64_t stride, int64_t tiles, const int32_t *tile_channels, float *out);
  void (*winograd_weights)(const float *kernel, int64_t inputs, int64_t input_stride, int64_t outputs, int64_t output_stride, int64_t tap_stride, int64_t tiles, const int32_t *tile_channels, float *out);
  void (*depthwise_input)(const float *slope, dk_image slope_image, float *out, dk_image out_image, dk_window window, int32_t multiplier, const float *weights);
  void (*depthwise_weights)(const float *in, int64_t row_step, int64_t pixel_step, int64_t in_channel_pitch, const float *slope, dk_image slope_image, int32_t multiplier, int32_t taps, const int32_t *offsets, float *gradient);
  void (*pool_gradient)(const float *in, dk_image in_image, const float *slope, dk_image slope_image, float *out, dk_image out_image, dk_window window, bool average, bool rectified, bool add);
  void (*map_gradient)(const float *in, dk_image in_image, float *slope, dk_image slope_image, dk_activation activation);
  void (*softmax_gradient)(const float *out, int64_t pitch, float *slope, int64_t slope_pitch, int64_t count, bool logarithmic);
  void (*combine_gradient)(const float *slope, dk_image slope_image, const float *other, dk_image other_image, float *out, dk_image out_image);
  void (*scale)(const float *in, dk_image in_image, float *out, dk_image out_image, const float *scale, bool add);
  void (*spread)(const float *slope, int64_t slope_pitch, const float *in, dk_image in_image, float *out, dk_image out_image, bool average);
  void (*moments)(const float *in, dk_image image, int32_t lanes, double *moments);
  void (*normalize_totals)(const float *in, dk_image in_image, const float *slope, dk_image slope_image, const float *mean, double *totals);
  void (*normalize_gradient)(const float *in, dk_image in_image, const float *slope, dk_image slope_image, float *out, dk_image out_image, const float *mean, const float *scale, const float *offset, const float *factor, int32_t lanes, bool add);
  void (*noise)(const float *in, dk_image in_image, float *out, dk_image out_image, dk_noise_kind kind, float rate, uint64_t key, bool gradient, bool add);
  int32_t (*cross_entropy)(const float *logits, int64_t pitch, int64_t classes, const int32_t *labels, const float *targets, int32_t lanes, float smoothing, float weight, float *slope, int64_t slope_pitch, float *losses);
  bool (*sgd)(float *weights, const float *gradient, float *velocity, int64_t count, float scale, float rate, float decay, float momentum, bool nesterov);
  bool (*adam)(float *weights, const float *gradient, float *mean, float *square, int64_t count, dk_adam_step step);
  double (*square_sum)(const float *in, int64_t count);
  bool (*all_finite)(const float *in, int64_t count);
} dk_kernels;

extern const dk_kernels dk_avx512, dk_avx2, dk_baseline;
