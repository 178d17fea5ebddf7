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
  void (*divergence)(const float *a, const float *b, int64_t count, int64_t a_pitch, int64_t b_pitch, float *result);
  void (*channel_sums)(const float *in, dk_image image, double *sums);
  int32_t (*pack)(const void *in, int32_t type, bool planes, int32_t count, float scale, float *out, dk_image image);
  void (*unpack)(const float *in, dk_image image, int32_t count, float *out);
  void (*move_lane)(const float *in, dk_image in_image, int32_t from, float *out, dk_image out_image, int32_t to);
  void (*fill)(float *out, dk_image image, float value);
  uint32_t (*difference)(const float *in, dk_image image, float constant, float *out, dk_image out_image);
  uint32_t (*nonfinite)(const float *in, dk_image image);
  void (*peaks)(const float *in, dk_image image, float *peaks);
} dk_kernels;

extern const dk_kernels dk_avx512, dk_avx2, dk_baseline;
