// Vector kernels over blocks of images.
//
// A block holds 16 images in the lanes of a vector: each element of the network is 16 consecutive
// floats (a lane vector), one for each image. The pitches below give the distances between the
// elements of an image [height, width, channels]. An image can therefore have a border of zeros
// (for "same" padding) or share the rows of a matrix with other blocks (before a dense layer).
//
// Kernels do not allocate or keep state. The callers, in InferenceGraph/Execution and
// NetworkTraining, guarantee valid bounds; with DK_CHECKED, kernels check some requirements
// (requirements.inc).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The number of images in a block.
enum { DK_LANES = 16 };
/// The pixels that a convolution computes at once, and the output channels of its widest tile.
enum { DK_PIXELS = 4, DK_CHANNELS = 6 };

/// Elementwise functions, with the use of alpha, beta and gamma.
typedef enum {
  DK_LINEAR,
  DK_RELU,      // max(0, x)
  DK_RELU_FULL, // cap alpha (may be infinite), slope beta, threshold gamma
  DK_ELU,       // alpha
  DK_SELU,
  DK_CELU, // alpha
  DK_SIGMOID,
  DK_HARD_SIGMOID, // slope alpha
  DK_HARD_SILU,
  DK_HARD_TANH,
  DK_SILU,
  DK_TANH,
  DK_TANH_SHRINK,
  DK_SOFTPLUS,
  DK_SOFTSIGN,
  DK_LOG_SIGMOID,
  DK_EXPONENTIAL,
  DK_GELU,
  DK_GELU_TANH,
  DK_MISH,
  DK_SQUAREPLUS,
  DK_HARD_SHRINK,
  DK_SOFT_SHRINK,
} dk_function;

typedef struct {
  dk_function function;
  float alpha, beta, gamma;
} dk_activation;

/// The layout of a value in memory; a pointer to the first element comes separately.
typedef struct {
  int32_t height, width, channels;
  int64_t row_pitch, pixel_pitch, channel_pitch; // floats
} dk_image;

/// A convolution of one block.
///
/// out[p][c] = f(scale[c] * (bias[c] + sum over k of in[p + offset[k]] * weight[c][k]) + shift[c]),
/// for pixels in groups of DK_PIXELS, or a single pixel. With `pool`, stores only the maximum of
/// each group.
typedef struct {
  int64_t taps;                 // k: window positions times input channels
  const int32_t *offsets;       // [taps], floats from a pixel's first input
  int64_t pixels;               // number of windows: 1 or a multiple of DK_PIXELS
  const int32_t *input_pixels;  // [pixels], each window's first tap, floats
  const int32_t *output_pixels; // [pixels], or [pixels / DK_PIXELS] with pool, floats
  int64_t tiles;                // tiles of at most DK_CHANNELS output channels
  const int32_t *tile_channels; // [tiles], output channels of each tile
  const float *weights;         // tile by tile: [taps][channels of the tile]
  const float *bias;            // [channels]
  const float *scale, *shift;   // [channels], or both null
  int64_t channel_pitch;        // floats between output channels
  bool pool;                    // store the maximum of each group of pixels
  bool accumulate;              // add to `out` instead of starting at the bias
  dk_activation activation;     // f
} dk_convolution;
typedef void dk_convolve_kernel(const dk_convolution *convolution, const float *in, float *out);

/// A 3x3 convolution with stride 1 of one block by Winograd's F(2x2, 3x3).
///
/// A tile is 2x2 output pixels, computed from 4x4 input pixels. Tiles come in groups of DK_PIXELS.
typedef struct {
  int64_t inputs, outputs; // channels
  int64_t in_row_pitch, in_pixel_pitch, in_channel_pitch;
  int64_t out_row_pitch, out_pixel_pitch, out_channel_pitch;
  int64_t patches;              // tiles of pixels, a multiple of DK_PIXELS
  const int32_t *input_tiles;   // [patches], each tile's first input pixel, floats
  const int32_t *output_tiles;  // [patches], its first (with pool: only) output pixel
  int64_t tiles;                // tiles of at most DK_CHANNELS output channels
  const int32_t *tile_channels; // [tiles], output channels of each tile
  const float *weights;         // [16 positions], then tile by tile: [inputs][channels of the tile]
  const float *bias;            // [outputs]
  const float *scale, *shift;   // [outputs], or both null
  bool pool;                    // store the maximum of each tile
  dk_activation activation;     // f, as for dk_convolution
} dk_winograd;
/// `scratch` holds 16 * (inputs + outputs + 2) * DK_PIXELS * DK_LANES floats.
typedef void dk_convolve_winograd_kernel(const dk_winograd *convolution, const float *in,
                                         float *out, float *scratch);

/// A convolution of each channel with kernels of its own; `in` is the first tap of the first
/// window.
///
/// Output channel c * multiplier + m; weights [taps][channels * multiplier].
typedef void dk_depthwise_kernel(const float *in, int64_t in_row_step, int64_t in_pixel_step,
                                 int64_t in_channel_pitch, float *out, dk_image out_image,
                                 int32_t multiplier, int32_t taps, const int32_t *offsets,
                                 const float *weights, const float *bias);

/// Pooling with windows cut off at the border; averages count only the elements inside.
typedef void dk_pool_kernel(const float *in, dk_image in_image, float *out, dk_image out_image,
                            int32_t window_h, int32_t window_w, int32_t stride_h, int32_t stride_w,
                            int32_t before_h, int32_t before_w, bool average);

/// out[c] = max or mean over all pixels.
typedef void dk_pool_all_kernel(const float *in, dk_image image, float *out,
                                int64_t out_channel_pitch, bool average);

/// out = f(in * scale[c] + shift[c]); scale and shift may each be null.
typedef void dk_map_kernel(const float *in, dk_image in_image, float *out, dk_image out_image,
                           const float *scale, const float *shift, dk_activation activation);

/// The combination of two elements.
typedef enum { DK_ADD, DK_MULTIPLY, DK_MAXIMUM, DK_MINIMUM } dk_combination;
/// out = f(a + b), f(a * b), f(max(a, b)) or f(min(a, b)), NaN if either is NaN; axes of extent 1
/// of an input are broadcast.
typedef void dk_combine_kernel(const float *a, dk_image a_image, const float *b, dk_image b_image,
                               float *out, dk_image out_image, dk_combination combination,
                               dk_activation activation);

/// out = gamma[c] * (in - mean) / sqrt(variance + epsilon) + beta[c]; gamma and beta may be null.
///
/// Mean and variance are computed in each lane: over the channels at each pixel or, with groups >
/// 0, over all pixels of each of `groups` groups of adjacent channels.
typedef void dk_layer_normalize_kernel(const float *in, dk_image in_image, float *out,
                                       dk_image out_image, int32_t groups, const float *gamma,
                                       const float *beta, double epsilon);

/// Copies every element; both images have the same extents.
typedef void dk_copy_kernel(const float *in, dk_image in_image, float *out, dk_image out_image);

/// Softmax, or its logarithm, of `count` elements at a distance of `pitch` floats, for each of 16
/// lanes. May work in place.
typedef void dk_softmax_kernel(const float *in, float *out, int64_t count, int64_t pitch,
                               int64_t out_pitch, bool logarithmic);

/// result[lane] = the first index of the largest of `count` elements; -1 if any is not finite.
typedef void dk_argmax_kernel(const float *in, int64_t count, int64_t pitch, int32_t *result);

/// Like dk_argmax; margin[lane] = the largest minus the second largest element, NaN where -1.
typedef void dk_argmax_margin_kernel(const float *in, int64_t count, int64_t pitch, int32_t *result,
                                     float *margin);

/// result[lane] = -(sum of p * log p), p the softmax of a 16-lane column.
typedef void dk_entropy_kernel(const float *in, int64_t count, int64_t pitch, float *result);

/// result[lane] = sum of p_a * (log p_a - log p_b), p the softmax of the 16-lane columns a and b.
typedef void dk_divergence_kernel(const float *a, const float *b, int64_t count, int64_t a_pitch,
                                  int64_t b_pitch, float *result);

/// sums[c * 16 + lane] = sum over the pixels.
typedef void dk_channel_sums_kernel(const float *in, dk_image image, double *sums);

/// Packs up to 16 images into lanes: out = value * scale. Lanes from `count` on become 0.
///
/// `type` is 0 for uint8, 1 for float32, 2 for float64; `planes` means channels first. The pixels
/// of a row must be adjacent in `out` (pixel_pitch = channels * channel_pitch). Returns the first
/// image with a NaN or an infinity in `out`, or -1.
typedef int32_t dk_pack_kernel(const void *in, int32_t type, bool planes, int32_t count,
                               float scale, float *out, dk_image image);

/// The inverse of dk_pack: out[image][element], for the first `count` of 16 images.
typedef void dk_unpack_kernel(const float *in, dk_image image, int32_t count, float *out);

/// Copies an image from a lane of a block to a lane of another; both have the same extents.
typedef void dk_move_lane_kernel(const float *in, dk_image in_image, int32_t from, float *out,
                                 dk_image out_image, int32_t to);

/// Sets every element to `value`.
typedef void dk_fill_kernel(float *out, dk_image image, float value);

/// Returns, as a bit mask, the lanes in which some element is NaN or infinite.
typedef uint32_t dk_nonfinite_kernel(const float *in, dk_image image);

/// peaks[lane] = the largest absolute value, or NaN if some element is NaN.
typedef void dk_peaks_kernel(const float *in, dk_image image, float *peaks);

/// out = constant - in for one channel of every pixel. Returns, as a bit mask, the lanes in which
/// any result is not zero.
typedef uint32_t dk_difference_kernel(const float *in, dk_image image, float constant, float *out,
                                      dk_image out_image);

// MARK: Gradients. `value_gradient` is the gradient of the loss with respect to an operation's
// output.

/// The windows of a pooling or a depthwise convolution.
typedef struct {
  int32_t height, width, stride_h, stride_w, dilation_h, dilation_w, before_h, before_w;
} dk_window;

/// The parameters of a convolution kernel's gradient: sums over pixels and lanes.
typedef struct {
  int64_t taps;           // window positions times input channels
  const int32_t *offsets; // [taps], floats from a pixel's first input
  int64_t pixels;
  const int32_t *input_pixels;  // [pixels], floats
  const int32_t *output_pixels; // [pixels], floats
  int64_t tiles;                // tiles of at most DK_CHANNELS output channels
  const int32_t *tile_channels; // [tiles], output channels of each tile
  int64_t channel_pitch;        // floats between output channels of the gradient `value_gradient`
  int64_t row_pitch;            // floats between taps of the kernel's gradient
} dk_weight_gradient;

/// gradient[k][c] += sum over pixels and lanes of in[p + offset[k]] * value_gradient[p][c].
typedef void dk_convolve_weights_kernel(const dk_weight_gradient *convolution, const float *in,
                                        const float *value_gradient, float *gradient);

/// The parameters of the gradient of a 3x3 kernel with stride 1 by Winograd's algorithm.
///
/// A tile is 2x2 output gradients with their 4x4 patch of the input. Gradients beyond the border
/// must be present and zero; the patches may hold any finite numbers there.
typedef struct {
  int64_t inputs, outputs; // channels
  int64_t in_row_pitch, in_pixel_pitch, in_channel_pitch;
  int64_t gradient_row_pitch, gradient_pixel_pitch, gradient_channel_pitch;
  const int32_t *input_tiles, *gradient_tiles; // [tiles], first elements, floats
  /// The matrix product for one position of the transformed tiles: its pixels are the tiles, at
  /// least two and evenly spaced; its taps are the input channels.
  dk_weight_gradient products;
} dk_winograd_weight_gradient;
/// gradient[tap][input][output] += the kernel's gradient.
///
/// `scratch` holds the transformed tiles and 16 * inputs * outputs floats.
typedef void dk_winograd_gradient_kernel(const dk_winograd_weight_gradient *convolution,
                                         const float *in, const float *value_gradient,
                                         float *gradient, float *scratch);

/// totals[c] += sum over pixels and lanes.
typedef void dk_channel_totals_kernel(const float *in, dk_image image, float *totals);

/// totals[r] = sum over the columns, a multiple of 16.
typedef void dk_row_totals_kernel(const float *in, int64_t rows, int64_t columns, int64_t pitch,
                                  float *totals);

/// out[i] = sum over the rows, in order; sets the rows to zero.
typedef void dk_sum_rows_kernel(float *rows, int64_t count, int64_t pitch, int64_t length,
                                float *out);

/// Packs weights for dk_convolve: tile by tile [taps][channels of the tile] of
/// kernel[offsets[tap] + channel * stride].
typedef void dk_gather_weights_kernel(const float *kernel, int64_t taps, const int32_t *offsets,
                                      int64_t stride, int64_t tiles, const int32_t *tile_channels,
                                      float *out);

/// Transforms and packs 3x3 kernels for dk_convolve_winograd. The distance between taps,
/// tap_stride, may be negative.
typedef void dk_winograd_weights_kernel(const float *kernel, int64_t inputs, int64_t input_stride,
                                        int64_t outputs, int64_t output_stride, int64_t tap_stride,
                                        int64_t tiles, const int32_t *tile_channels, float *out);

/// Adds the gradient of a depthwise convolution's input to `out`.
typedef void dk_depthwise_input_kernel(const float *value_gradient, dk_image gradient_image,
                                       float *out, dk_image out_image, dk_window window,
                                       int32_t multiplier, const float *weights);

/// gradient[tap][channel] += sums over pixels and lanes; parameters as for dk_depthwise.
typedef void dk_depthwise_weights_kernel(const float *in, int64_t row_step, int64_t pixel_step,
                                         int64_t in_channel_pitch, const float *value_gradient,
                                         dk_image gradient_image, int32_t multiplier, int32_t taps,
                                         const int32_t *offsets, float *gradient);

/// Computes the gradient of a pooling's input; the first of equal maxima in a window gets it.
///
/// With `rectified`, also applies the derivative of max(0, x): windows without a positive maximum
/// pass no gradient on. Elements outside all windows are not written.
typedef void dk_pool_gradient_kernel(const float *in, dk_image in_image,
                                     const float *value_gradient, dk_image gradient_image,
                                     float *out, dk_image out_image, dk_window window, bool average,
                                     bool rectified, bool add);

/// value_gradient *= f'(in), where `in` is the input of f; for DK_RELU its output works too.
typedef void dk_map_gradient_kernel(const float *in, dk_image in_image, float *value_gradient,
                                    dk_image gradient_image, dk_activation activation);

/// Turns the gradient after a softmax, or its logarithm, into the one before it; `out` is the
/// output.
typedef void dk_softmax_gradient_kernel(const float *out, int64_t pitch, float *value_gradient,
                                        int64_t gradient_pitch, int64_t count, bool logarithmic);

/// out += value_gradient, or value_gradient * other; sums over axes that were broadcast in the
/// forward pass.
typedef void dk_combine_gradient_kernel(const float *value_gradient, dk_image gradient_image,
                                        const float *other, dk_image other_image, float *out,
                                        dk_image out_image);

/// out = in * scale[c] (null: in), or out += the same.
typedef void dk_scale_kernel(const float *in, dk_image in_image, float *out, dk_image out_image,
                             const float *scale, bool add);

/// Adds the gradient of the input of a pooling over all pixels to `out`.
typedef void dk_spread_kernel(const float *value_gradient, int64_t gradient_pitch, const float *in,
                              dk_image in_image, float *out, dk_image out_image, bool average);

/// moments[c] = mean, sum of squared deviations from it, over pixels and the first `lanes` lanes.
typedef void dk_moments_kernel(const float *in, dk_image image, int32_t lanes, double *moments);

/// totals[c] = sum of value_gradient, sum of value_gradient * (in - mean[c]).
typedef void dk_normalize_totals_kernel(const float *in, dk_image in_image,
                                        const float *value_gradient, dk_image gradient_image,
                                        const float *mean, double *totals);

/// out = scale[c] * (value_gradient - offset[c] - (in - mean[c]) * factor[c]) in the first lanes,
/// else 0.
typedef void dk_normalize_gradient_kernel(const float *in, dk_image in_image,
                                          const float *value_gradient, dk_image gradient_image,
                                          float *out, dk_image out_image, const float *mean,
                                          const float *scale, const float *offset,
                                          const float *factor, int32_t lanes, bool add);

/// The noise of layers in training; `rate` is the standard deviation for DK_GAUSSIAN_NOISE.
typedef enum {
  DK_DROPOUT,
  DK_SPATIAL_DROPOUT,
  DK_GAUSSIAN_DROPOUT,
  DK_ALPHA_DROPOUT,
  DK_GAUSSIAN_NOISE,
} dk_noise_kind;

/// Applies the noise that the key determines or, with `gradient`, the derivative of the same noise.
typedef void dk_noise_kernel(const float *in, dk_image in_image, float *out, dk_image out_image,
                             dk_noise_kind kind, float rate, uint64_t key, bool gradient, bool add);

/// The cross-entropy of softmax(logits) for the first lanes, and its gradient times `weight`.
///
/// The target distribution is (1 - smoothing) * t + smoothing / classes, where t is `targets`,
/// `[classes][16]` with a sum of 1 in each lane, or, if `targets` is null, 1 for the label.
/// `losses[16]` and `value_gradient` are 0 in the other lanes. Returns the number of lanes in which
/// the label's logit is the largest.
typedef int32_t dk_cross_entropy_kernel(const float *logits, int64_t pitch, int64_t classes,
                                        const int32_t *labels, const float *targets, int32_t lanes,
                                        float smoothing, float weight, float *value_gradient,
                                        int64_t gradient_pitch, float *losses);

// MARK: Optimizers. Arrays are flat, counts multiples of 16.

/// A step of stochastic gradient descent with g = scale * gradient + decay * w:
/// v = momentum * v + g; w -= rate * v, or with Nesterov's momentum w -= rate * (g + momentum * v).
///
/// Without velocity (null): w -= rate * g. Returns whether all new weights are finite.
typedef bool dk_sgd_kernel(float *weights, const float *gradient, float *velocity, int64_t count,
                           float scale, float rate, float decay, float momentum, bool nesterov);

/// The coefficients of a step of Adam.
typedef struct {
  float scale, decay; // g = scale * gradient + decay * w
  float beta1, rest1; // m = beta1 * m + rest1 * g
  float beta2, rest2; // v = beta2 * v + rest2 * g * g
  float shrink, rate; // w = shrink * w - rate * m / (correction * sqrt(v) + epsilon)
  float correction, epsilon;
} dk_adam_step;
/// A step of Adam. Returns whether all new weights and averages of squares are finite; a weight
/// whose average is infinite would never change again.
typedef bool dk_adam_kernel(float *weights, const float *gradient, float *mean, float *square,
                            int64_t count, dk_adam_step step);

/// Returns the sum of squares, in double precision and a fixed order.
typedef double dk_square_sum_kernel(const float *in, int64_t count);

/// Returns whether all elements are finite.
typedef bool dk_all_finite_kernel(const float *in, int64_t count);

/// The gradient of dk_layer_normalize: writes or adds that of `in` unless `out` is null; adds those
/// of gamma and beta unless their pointers are null.
typedef void dk_layer_normalize_gradient_kernel(
    const float *in, dk_image in_image, const float *value_gradient, dk_image gradient_image,
    float *out, dk_image out_image, int32_t groups, const float *gamma, double epsilon,
    int32_t lanes, bool add, float *gamma_gradient, float *beta_gradient);

/// out += value_gradient where `mine` is the larger (or smaller) of two elements or, if `first`,
/// where both are equal. Axes of extent 1 of `mine`, `other` or `out` are broadcast.
typedef void dk_extremum_gradient_kernel(const float *value_gradient, dk_image gradient_image,
                                         const float *mine, dk_image mine_image, const float *other,
                                         dk_image other_image, float *out, dk_image out_image,
                                         bool largest, bool first);

/// out[i] = in[offsets[i]], with i row-major over the elements of `out`. Offsets are in floats; a
/// negative offset gives zero.
typedef void dk_gather_kernel(const float *in, const int32_t *offsets, float *out,
                              dk_image out_image);

/// out[offsets[i]] += value_gradient[i], with i row-major over the elements of `value_gradient`.
/// Negative offsets are skipped.
typedef void dk_scatter_kernel(const float *value_gradient, dk_image gradient_image,
                               const int32_t *offsets, float *out);

/// Along one axis: the two input positions on either side of a result's position, and the weight of
/// the second.
typedef struct {
  int32_t first, second;
  float share;
} dk_neighbours;

/// out = the bilinear interpolation of `in`; `rows` and `columns` have an entry for each of `out`.
typedef void dk_resize_kernel(const float *in, dk_image in_image, float *out, dk_image out_image,
                              const dk_neighbours *rows, const dk_neighbours *columns);

/// Adds the gradient of a bilinear interpolation's input to `out`.
typedef void dk_resize_gradient_kernel(const float *value_gradient, dk_image gradient_image,
                                       float *out, dk_image out_image, const dk_neighbours *rows,
                                       const dk_neighbours *columns);

/// Positions from `start` to `end` - 1 along one axis.
typedef struct {
  int32_t start, end;
} dk_range;

/// out = the mean of the rows and columns of `in` that `rows` and `columns` give for each of `out`.
typedef void dk_pool_ranges_kernel(const float *in, dk_image in_image, float *out,
                                   dk_image out_image, const dk_range *rows,
                                   const dk_range *columns);

/// Adds the gradient of the input of dk_pool_ranges to `out`.
typedef void dk_pool_ranges_gradient_kernel(const float *value_gradient, dk_image gradient_image,
                                            float *out, dk_image out_image, const dk_range *rows,
                                            const dk_range *columns);

/// A sum over `size` channels from c - (size - 1) / 2 on.
typedef struct {
  int32_t size;
  float alpha, beta, bias;
} dk_response;

/// out = in / (bias + alpha / size * the sum of squares)^beta, the sum over channels around c.
typedef void dk_response_normalize_kernel(const float *in, dk_image in_image, float *out,
                                          dk_image out_image, dk_response response);

/// Adds the gradient of the input of dk_response_normalize to `out`.
typedef void dk_response_normalize_gradient_kernel(const float *in, dk_image in_image,
                                                   const float *value_gradient,
                                                   dk_image gradient_image, float *out,
                                                   dk_image out_image, dk_response response);

/// out = in, or in * alpha[c] where it is negative.
typedef void dk_parametric_relu_kernel(const float *in, dk_image in_image, float *out,
                                       dk_image out_image, const float *alpha);

/// The gradient of dk_parametric_relu: writes or adds that of `in` unless `out` is null; adds that
/// of alpha unless its pointer is null.
typedef void dk_parametric_relu_gradient_kernel(const float *in, dk_image in_image,
                                                const float *value_gradient,
                                                dk_image gradient_image, float *out,
                                                dk_image out_image, const float *alpha, bool add,
                                                float *alpha_gradient);

/// A stack of matrices; pitches are floats between matrices, rows and columns.
typedef struct {
  int32_t count, rows, columns;
  int64_t pitch, row_pitch, column_pitch;
} dk_matrices;

/// out = a * b for each matrix of the stacks, or out += the same.
typedef void dk_multiply_matrices_kernel(const float *a, dk_matrices left, const float *b,
                                         dk_matrices right, float *out, dk_matrices to, bool add);

/// out[i] = values[i] in all lanes, with i row-major.
typedef void dk_broadcast_kernel(const float *values, float *out, dk_image out_image);

/// The names of all kernels.
#define DK_KERNELS(K)                                                                              \
  K(convolve)                                                                                      \
  K(convolve_winograd)                                                                             \
  K(depthwise)                                                                                     \
  K(pool) K(pool_all) K(map) K(combine) K(copy) K(softmax) K(argmax) K(argmax_margin) K(entropy)   \
      K(divergence) K(channel_sums) K(pack) K(unpack) K(move_lane) K(fill) K(difference)           \
          K(nonfinite) K(peaks) K(convolve_weights) K(channel_totals) K(row_totals) K(sum_rows)    \
              K(winograd_gradient) K(gather_weights) K(winograd_weights) K(depthwise_input)        \
                  K(depthwise_weights) K(pool_gradient) K(map_gradient) K(softmax_gradient)        \
                      K(combine_gradient) K(scale) K(spread) K(moments) K(normalize_totals)        \
                          K(normalize_gradient) K(noise) K(cross_entropy) K(sgd) K(adam)           \
                              K(square_sum) K(all_finite) K(layer_normalize)                       \
                                  K(layer_normalize_gradient) K(extremum_gradient) K(gather)       \
                                      K(scatter) K(resize) K(resize_gradient) K(pool_ranges)             \
                                          K(pool_ranges_gradient) K(response_normalize)            \
                                              K(response_normalize_gradient) K(parametric_relu)    \
                                                  K(parametric_relu_gradient) K(broadcast)         \
                                                      K(multiply_matrices)

/// The kernels for one instruction set.
typedef struct __attribute__((swift_attr("@Sendable"))) {
  const char *name;
#define DK_MEMBER(kernel) dk_##kernel##_kernel *kernel;
  DK_KERNELS(DK_MEMBER)
#undef DK_MEMBER
} dk_kernels;

/// Returns the kernels for the best instruction set of the processor.
///
/// DEFENSEKIT_INSTRUCTIONS=avx2 or baseline selects a lower one.
const dk_kernels *dk_best_kernels(void);
