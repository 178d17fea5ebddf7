// Chooses among the compiled sets of kernels when the first one is called.
#include "kernels.h"
#include "sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a kernel requires of its caller: looked at where DK_CHECKED is defined, in debug builds and
// in tests. A broken requirement would give wrong numbers without a word, or none at all.
#if defined(DK_CHECKED)
#define REQUIRE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s requires %s\n", __func__, #condition);                                   \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)
#else
#define REQUIRE(condition) ((void)0)
#endif
#define REQUIRE_IMAGE(i) REQUIRE((i).height >= 1 && (i).width >= 1 && (i).channels >= 1)
#define REQUIRE_SAME(a, b)                                                                         \
  REQUIRE((a).height == (b).height && (a).width == (b).width && (a).channels == (b).channels)
// An axis of extent 1 is repeated.
#define REQUIRE_BROADCAST(a, to)                                                                   \
  REQUIRE(((a).height == 1 || (a).height == (to).height) &&                                        \
          ((a).width == 1 || (a).width == (to).width) &&                                           \
          ((a).channels == 1 || (a).channels == (to).channels))
// No window of a pooling lies outside of the image.
#define REQUIRE_WINDOWS(in, out, window_h, window_w, stride_h, stride_w, before_h, before_w)       \
  REQUIRE((window_h) > (before_h) && (window_w) > (before_w) && (stride_h) >= 1 &&                 \
          (stride_w) >= 1 && (before_h) >= 0 && (before_w) >= 0 &&                                 \
          ((out).height - 1) * (stride_h) - (before_h) < (in).height &&                            \
          ((out).width - 1) * (stride_w) - (before_w) < (in).width)
#define REQUIRE_LANES(lanes) REQUIRE((lanes) >= 1 && (lanes) <= DK_LANES)
#define REQUIRE_WHOLE(count) REQUIRE((count) >= 0 && (count) % DK_LANES == 0)

// Whether tiles have 1 to DK_CHANNELS channels, `all` together unless it is negative.
__attribute__((unused)) static bool fits_tiles(int64_t tiles, const int32_t *tile_channels, int64_t all) {
  int64_t sum = 0;
  for (int64_t t = 0; t < tiles; t++) {
    if (tile_channels[t] < 1 || tile_channels[t] > DK_CHANNELS) return false;
    sum += tile_channels[t];
  }
  return tiles >= 1 && (all < 0 || sum == all);
}

// DEFENSEKIT_INSTRUCTIONS=avx2 or baseline asks for less than the processor has, so that the other
// sets can be tested.
static const dk_kernels *choose(void) {
#if defined(__x86_64__)
  const char *wish = getenv("DEFENSEKIT_INSTRUCTIONS");
  const bool baseline = wish && !strcmp(wish, dk_baseline.name);
  const bool avx2 = wish && !strcmp(wish, dk_avx2.name);
  if (__builtin_cpu_supports("x86-64-v4") && !avx2 && !baseline) return &dk_avx512;
  if (__builtin_cpu_supports("x86-64-v3") && !baseline) return &dk_avx2;
#endif
  return &dk_baseline;
}

static const dk_kernels *chosen(void) {
  static const dk_kernels *_Atomic kernels;
  const dk_kernels *known = kernels;
  if (!known) kernels = known = choose();
  return known;
}

const char *dk_instruction_set(void) { return chosen()->name; }

void dk_convolve(const dk_convolution *convolution, const float *in, float *out) {
  REQUIRE(convolution->taps >= 1);
  REQUIRE(convolution->pixels == 1 || (convolution->pixels > 0 && convolution->pixels % DK_PIXELS == 0));
  REQUIRE(!convolution->pool || convolution->pixels % DK_PIXELS == 0);
  REQUIRE(!convolution->scale == !convolution->shift);
  REQUIRE(fits_tiles(convolution->tiles, convolution->tile_channels, -1));
  chosen()->convolve(convolution, in, out);
}

void dk_convolve_winograd(const dk_winograd *convolution, const float *in, float *out, float *scratch) {
  REQUIRE(convolution->inputs >= 1);
  REQUIRE(convolution->patches > 0 && convolution->patches % DK_PIXELS == 0);
  REQUIRE(!convolution->scale == !convolution->shift);
  REQUIRE(fits_tiles(convolution->tiles, convolution->tile_channels, convolution->outputs));
  chosen()->convolve_winograd(convolution, in, out, scratch);
}

void dk_depthwise(const float *in, int64_t in_row_step, int64_t in_pixel_step, int64_t in_channel_pitch, float *out, dk_image out_image, int32_t multiplier, int32_t taps, const int32_t *offsets, const float *weights, const float *bias) {
  REQUIRE_IMAGE(out_image);
  REQUIRE(taps >= 1 && multiplier >= 1 && out_image.channels % multiplier == 0);
  chosen()->depthwise(in, in_row_step, in_pixel_step, in_channel_pitch, out, out_image, multiplier, taps, offsets, weights, bias);
}

void dk_pool(const float *in, dk_image in_image, float *out, dk_image out_image, int32_t window_h, int32_t window_w, int32_t stride_h, int32_t stride_w, int32_t before_h, int32_t before_w, bool average) {
  REQUIRE_IMAGE(out_image);
  REQUIRE(in_image.channels == out_image.channels);
  REQUIRE_WINDOWS(in_image, out_image, window_h, window_w, stride_h, stride_w, before_h, before_w);
  chosen()->pool(in, in_image, out, out_image, window_h, window_w, stride_h, stride_w, before_h, before_w, average);
}

void dk_pool_all(const float *in, dk_image image, float *out, int64_t out_channel_pitch, bool average) {
  REQUIRE_IMAGE(image);
  chosen()->pool_all(in, image, out, out_channel_pitch, average);
}

void dk_map(const float *in, dk_image in_image, float *out, dk_image out_image, const float *scale, const float *shift, dk_activation activation) {
  REQUIRE_SAME(in_image, out_image);
  chosen()->map(in, in_image, out, out_image, scale, shift, activation);
}

void dk_combine(const float *a, dk_image a_image, const float *b, dk_image b_image, float *out, dk_image out_image, bool multiply, dk_activation activation) {
  REQUIRE_BROADCAST(a_image, out_image);
  REQUIRE_BROADCAST(b_image, out_image);
  chosen()->combine(a, a_image, b, b_image, out, out_image, multiply, activation);
}

void dk_copy(const float *in, dk_image in_image, float *out, dk_image out_image) {
  REQUIRE_SAME(in_image, out_image);
  chosen()->copy(in, in_image, out, out_image);
}

void dk_softmax(const float *in, float *out, int64_t count, int64_t pitch, int64_t out_pitch, bool logarithmic) {
  REQUIRE(count >= 1);
  chosen()->softmax(in, out, count, pitch, out_pitch, logarithmic);
}

void dk_argmax(const float *in, int64_t count, int64_t pitch, int32_t *result) {
  REQUIRE(count >= 1);
  chosen()->argmax(in, count, pitch, result);
}

void dk_argmax_margin(const float *in, int64_t count, int64_t pitch, int32_t *result, float *margin) {
  REQUIRE(count >= 1);
  chosen()->argmax_margin(in, count, pitch, result, margin);
}

void dk_entropy(const float *in, int64_t count, int64_t pitch, float *result) {
  REQUIRE(count >= 1);
  chosen()->entropy(in, count, pitch, result);
}

void dk_divergence(const float *a, const float *b, int64_t count, int64_t a_pitch, int64_t b_pitch, float *result) {
  REQUIRE(count >= 1);
  chosen()->divergence(a, b, count, a_pitch, b_pitch, result);
}

void dk_channel_sums(const float *in, dk_image image, double *sums) {
  chosen()->channel_sums(in, image, sums);
}

int32_t dk_pack(const void *in, int32_t type, bool planes, int32_t count, float scale, float *out, dk_image image) {
  REQUIRE(type >= 0 && type <= 2 && count >= 0 && count <= DK_LANES);
  REQUIRE(image.pixel_pitch == image.channels * image.channel_pitch);
  return chosen()->pack(in, type, planes, count, scale, out, image);
}

void dk_unpack(const float *in, dk_image image, int32_t count, float *out) {
  REQUIRE(count >= 0 && count <= DK_LANES);
  chosen()->unpack(in, image, count, out);
}

void dk_move_lane(const float *in, dk_image in_image, int32_t from, float *out, dk_image out_image, int32_t to) {
  REQUIRE_SAME(in_image, out_image);
  REQUIRE(from >= 0 && from < DK_LANES && to >= 0 && to < DK_LANES);
  chosen()->move_lane(in, in_image, from, out, out_image, to);
}

void dk_fill(float *out, dk_image image, float value) {
  chosen()->fill(out, image, value);
}

uint32_t dk_difference(const float *in, dk_image image, float constant, float *out, dk_image out_image) {
  return chosen()->difference(in, image, constant, out, out_image);
}

uint32_t dk_nonfinite(const float *in, dk_image image) { return chosen()->nonfinite(in, image); }

void dk_peaks(const float *in, dk_image image, float *peaks) { chosen()->peaks(in, image, peaks); }

void dk_convolve_weights(const dk_weight_gradient *convolution, const float *in, const float *slope, float *gradient) {
  REQUIRE(convolution->taps >= 1 && convolution->pixels >= 1);
  REQUIRE(fits_tiles(convolution->tiles, convolution->tile_channels, -1));
  chosen()->convolve_weights(convolution, in, slope, gradient);
}

void dk_channel_totals(const float *in, dk_image image, float *totals) {
  chosen()->channel_totals(in, image, totals);
}

void dk_row_totals(const float *in, int64_t rows, int64_t columns, int64_t pitch, float *totals) {
  REQUIRE_WHOLE(columns);
  chosen()->row_totals(in, rows, columns, pitch, totals);
}

void dk_sum_rows(float *rows, int64_t count, int64_t pitch, int64_t length, float *out) {
  chosen()->sum_rows(rows, count, pitch, length, out);
}

void dk_winograd_gradient(const dk_winograd_slopes *convolution, const float *in, const float *slope, float *gradient, float *scratch) {
  REQUIRE(convolution->products.pixels >= 2);
  REQUIRE(convolution->products.taps == convolution->inputs);
  REQUIRE(fits_tiles(convolution->products.tiles, convolution->products.tile_channels, convolution->outputs));
  chosen()->winograd_gradient(convolution, in, slope, gradient, scratch);
}

void dk_gather_weights(const float *kernel, int64_t taps, const int32_t *offsets, int64_t stride, int64_t tiles, const int32_t *tile_channels, float *out) {
  REQUIRE(taps >= 1 && fits_tiles(tiles, tile_channels, -1));
  chosen()->gather_weights(kernel, taps, offsets, stride, tiles, tile_channels, out);
}

void dk_winograd_weights(const float *kernel, int64_t inputs, int64_t input_stride, int64_t outputs, int64_t output_stride, int64_t tap_stride, int64_t tiles, const int32_t *tile_channels, float *out) {
  REQUIRE(inputs >= 1 && fits_tiles(tiles, tile_channels, outputs));
  chosen()->winograd_weights(kernel, inputs, input_stride, outputs, output_stride, tap_stride, tiles, tile_channels, out);
}

void dk_depthwise_input(const float *slope, dk_image slope_image, float *out, dk_image out_image, dk_window window, int32_t multiplier, const float *weights) {
  REQUIRE(multiplier >= 1 && slope_image.channels == out_image.channels * multiplier);
  chosen()->depthwise_input(slope, slope_image, out, out_image, window, multiplier, weights);
}

void dk_depthwise_weights(const float *in, int64_t row_step, int64_t pixel_step, int64_t in_channel_pitch, const float *slope, dk_image slope_image, int32_t multiplier, int32_t taps, const int32_t *offsets, float *gradient) {
  REQUIRE(taps >= 1 && multiplier >= 1 && slope_image.channels % multiplier == 0);
  chosen()->depthwise_weights(in, row_step, pixel_step, in_channel_pitch, slope, slope_image, multiplier, taps, offsets, gradient);
}

void dk_pool_gradient(const float *in, dk_image in_image, const float *slope, dk_image slope_image, float *out, dk_image out_image, dk_window window, bool average, bool rectified, bool add) {
  REQUIRE_SAME(in_image, out_image);
  REQUIRE(in_image.channels == slope_image.channels);
  REQUIRE_WINDOWS(in_image, slope_image, window.height, window.width, window.stride_h, window.stride_w, window.before_h, window.before_w);
  chosen()->pool_gradient(in, in_image, slope, slope_image, out, out_image, window, average, rectified, add);
}

void dk_map_gradient(const float *in, dk_image in_image, float *slope, dk_image slope_image, dk_activation activation) {
  REQUIRE_SAME(in_image, slope_image);
  chosen()->map_gradient(in, in_image, slope, slope_image, activation);
}

void dk_softmax_gradient(const float *out, int64_t pitch, float *slope, int64_t slope_pitch, int64_t count, bool logarithmic) {
  REQUIRE(count >= 1);
  chosen()->softmax_gradient(out, pitch, slope, slope_pitch, count, logarithmic);
}

void dk_combine_gradient(const float *slope, dk_image slope_image, const float *other, dk_image other_image, float *out, dk_image out_image) {
  REQUIRE_BROADCAST(out_image, slope_image);
  chosen()->combine_gradient(slope, slope_image, other, other_image, out, out_image);
}

void dk_scale(const float *in, dk_image in_image, float *out, dk_image out_image, const float *scale, bool add) {
  REQUIRE_SAME(in_image, out_image);
  chosen()->scale(in, in_image, out, out_image, scale, add);
}

void dk_spread(const float *slope, int64_t slope_pitch, const float *in, dk_image in_image, float *out, dk_image out_image, bool average) {
  REQUIRE_SAME(in_image, out_image);
  chosen()->spread(slope, slope_pitch, in, in_image, out, out_image, average);
}

void dk_moments(const float *in, dk_image image, int32_t lanes, double *moments) {
  REQUIRE_LANES(lanes);
  chosen()->moments(in, image, lanes, moments);
}

void dk_normalize_totals(const float *in, dk_image in_image, const float *slope, dk_image slope_image, const float *mean, double *totals) {
  REQUIRE_SAME(in_image, slope_image);
  chosen()->normalize_totals(in, in_image, slope, slope_image, mean, totals);
}

void dk_normalize_gradient(const float *in, dk_image in_image, const float *slope, dk_image slope_image, float *out, dk_image out_image, const float *mean, const float *scale, const float *offset, const float *factor, int32_t lanes, bool add) {
  REQUIRE_LANES(lanes);
  REQUIRE_SAME(in_image, slope_image);
  REQUIRE_SAME(in_image, out_image);
  chosen()->normalize_gradient(in, in_image, slope, slope_image, out, out_image, mean, scale, offset, factor, lanes, add);
}

void dk_noise(const float *in, dk_image in_image, float *out, dk_image out_image, dk_noise_kind kind, float rate, uint64_t key, bool gradient, bool add) {
  REQUIRE_SAME(in_image, out_image);
  chosen()->noise(in, in_image, out, out_image, kind, rate, key, gradient, add);
}

int32_t dk_cross_entropy(const float *logits, int64_t pitch, int64_t classes, const int32_t *labels, const float *targets, int32_t lanes, float smoothing, float weight, float *slope, int64_t slope_pitch, float *losses) {
  REQUIRE_LANES(lanes);
  REQUIRE(classes >= 1);
  return chosen()->cross_entropy(logits, pitch, classes, labels, targets, lanes, smoothing, weight, slope, slope_pitch, losses);
}

bool dk_sgd(float *weights, const float *gradient, float *velocity, int64_t count, float scale, float rate, float decay, float momentum, bool nesterov) {
  REQUIRE_WHOLE(count);
  return chosen()->sgd(weights, gradient, velocity, count, scale, rate, decay, momentum, nesterov);
}

bool dk_adam(float *weights, const float *gradient, float *mean, float *square, int64_t count, dk_adam_step step) {
  REQUIRE_WHOLE(count);
  return chosen()->adam(weights, gradient, mean, square, count, step);
}

double dk_square_sum(const float *in, int64_t count) {
  REQUIRE_WHOLE(count);
  return chosen()->square_sum(in, count);
}

bool dk_all_finite(const float *in, int64_t count) {
  REQUIRE_WHOLE(count);
  return chosen()->all_finite(in, count);
}
