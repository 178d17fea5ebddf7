// Chooses among the compiled sets of kernels when the first one is called.
#include "kernels.h"
#include "sets.h"

#include <stdlib.h>
#include <string.h>

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
  chosen()->convolve(convolution, in, out);
}

void dk_convolve_winograd(const dk_winograd *convolution, const float *in, float *out, float *scratch) {
  chosen()->convolve_winograd(convolution, in, out, scratch);
}

void dk_depthwise(const float *in, int64_t in_row_step, int64_t in_pixel_step, int64_t in_channel_pitch, float *out, dk_image out_image, int32_t multiplier, int32_t taps, const int32_t *offsets, const float *weights, const float *bias) {
  chosen()->depthwise(in, in_row_step, in_pixel_step, in_channel_pitch, out, out_image, multiplier, taps, offsets, weights, bias);
}

void dk_pool(const float *in, dk_image in_image, float *out, dk_image out_image, int32_t window_h, int32_t window_w, int32_t stride_h, int32_t stride_w, int32_t before_h, int32_t before_w, bool average) {
  chosen()->pool(in, in_image, out, out_image, window_h, window_w, stride_h, stride_w, before_h, before_w, average);
}

void dk_pool_all(const float *in, dk_image image, float *out, int64_t out_channel_pitch, bool average) {
  chosen()->pool_all(in, image, out, out_channel_pitch, average);
}

void dk_map(const float *in, dk_image in_image, float *out, dk_image out_image, const float *scale, const float *shift, dk_activation activation) {
  chosen()->map(in, in_image, out, out_image, scale, shift, activation);
}

void dk_combine(const float *a, dk_image a_image, const float *b, dk_image b_image, float *out, dk_image out_image, bool multiply, dk_activation activation) {
  chosen()->combine(a, a_image, b, b_image, out, out_image, multiply, activation);
}

void dk_copy(const float *in, dk_image in_image, float *out, dk_image out_image) {
  chosen()->copy(in, in_image, out, out_image);
}

void dk_softmax(const float *in, float *out, int64_t count, int64_t pitch, int64_t out_pitch, bool logarithmic) {
  chosen()->softmax(in, out, count, pitch, out_pitch, logarithmic);
}

void dk_argmax(const float *in, int64_t count, int64_t pitch, int32_t *result) {
  chosen()->argmax(in, count, pitch, result);
}

void dk_argmax_margin(const float *in, int64_t count, int64_t pitch, int32_t *result, float *margin) {
  chosen()->argmax_margin(in, count, pitch, result, margin);
}

void dk_divergence(const float *a, const float *b, int64_t count, int64_t a_pitch, int64_t b_pitch, float *result) {
  chosen()->divergence(a, b, count, a_pitch, b_pitch, result);
}

void dk_channel_sums(const float *in, dk_image image, double *sums) {
  chosen()->channel_sums(in, image, sums);
}

int32_t dk_pack(const void *in, int32_t type, bool planes, int32_t count, float scale, float *out, dk_image image) {
  return chosen()->pack(in, type, planes, count, scale, out, image);
}

void dk_unpack(const float *in, dk_image image, int32_t count, float *out) {
  chosen()->unpack(in, image, count, out);
}

void dk_move_lane(const float *in, dk_image in_image, int32_t from, float *out, dk_image out_image, int32_t to) {
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
