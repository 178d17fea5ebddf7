// Vector kernels over blocks of images.
//
// A block holds 16 images in the lanes of a vector: one element of the network is 16 consecutive
// floats ("a lane vector"), one lane an image. The elements of an image [height, width, channels]
// stand as far apart as the pitches below say, so that it may have a frame of zeros around it (for
// "same" padding), or share rows of a matrix with other blocks (before a dense layer).
//
// No function allocates, keeps state or checks bounds: the callers in InferenceGraph/Execution do.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Images in a block.
enum { DK_LANES = 16 };
/// Pixels that a convolution computes at once, and output channels of its widest tile.
enum { DK_PIXELS = 4, DK_CHANNELS = 6 };

/// Element-wise functions; alpha and beta are the parameters named.
typedef enum {
  DK_LINEAR,
  DK_RELU,         // max(0, x)
  DK_RELU_FULL,    // cap alpha (may be infinite), slope beta, threshold gamma
  DK_ELU,          // alpha
  DK_SELU,
  DK_CELU,         // alpha
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

/// A rectangle of pixels of a value: where it starts is the pointer's matter.
typedef struct {
  int32_t height, width, channels;
  int64_t row_pitch, pixel_pitch, channel_pitch; // floats
} dk_image;

/// Returns what vector instructions the kernels use here: "avx512", "avx2" or "baseline".
const char *dk_instruction_set(void);

/// A convolution of one block.
///
/// out[p][c] = f(scale[c] * (bias[c] + sum over k of in[p + offset[k]] * weight[c][k]) + shift[c]),
/// for pixels in groups of DK_PIXELS; with `pool`, the largest of each group is stored alone. With
/// `single`, a group is one pixel.
typedef struct {
  int64_t taps;                 // k: window positions times input channels
  const int32_t *offsets;       // [taps], floats from a pixel's first input
  int64_t groups;               // groups of DK_PIXELS output pixels
  const int32_t *input_pixels;  // [groups * pixels of a group], floats
  const int32_t *output_pixels; // the same, or [groups] with pool, floats
  int64_t tiles;                // tiles of at most DK_CHANNELS output channels
  const int32_t *tile_channels; // [tiles], how many each has
  const float *weights;         // tile by tile: [taps][channels of the tile]
  const float *bias;            // [channels]
  const float *scale, *shift;   // [channels], or both null
  int64_t channel_pitch;        // floats between output channels
  bool pool;                    // store the maximum of each group of pixels
  bool single;                  // groups of one pixel; never with pool
  bool accumulate;              // add to what `out` holds instead of starting at the bias
  bool rectify;                 // f is max(0, x), otherwise the identity
} dk_convolution;
void dk_convolve(const dk_convolution *convolution, const float *in, float *out);

/// A 3x3 convolution with stride 1 of one block by Winograd's F(2x2, 3x3).
///
/// A tile is 2x2 output pixels, computed from 4x4 input pixels; tiles go in groups of DK_PIXELS.
typedef struct {
  int64_t inputs, outputs;      // channels
  int64_t in_row_pitch, in_pixel_pitch, in_channel_pitch;
  int64_t out_row_pitch, out_pixel_pitch, out_channel_pitch;
  int64_t groups;
  const int32_t *input_tiles;   // [groups * DK_PIXELS], each tile's first input pixel, floats
  const int32_t *output_tiles;  // [groups * DK_PIXELS], its first output pixel (with pool: its only)
  int64_t tiles;                // tiles of at most DK_CHANNELS output channels
  const int32_t *tile_channels; // [tiles], how many each has
  const float *weights;         // [16 positions], then tile by tile: [inputs][channels of the tile]
  const float *bias;            // [outputs]
  const float *scale, *shift;   // [outputs], or both null
  bool pool;                    // store the maximum of each tile
  bool rectify;                 // f is max(0, x), otherwise the identity
} dk_winograd;
/// `scratch` holds 16 * (inputs + outputs + 2) * DK_PIXELS * DK_LANES floats.
void dk_convolve_winograd(const dk_winograd *convolution, const float *in, float *out,
                          float *scratch);

/// A convolution of every channel by itself; `in` is the first tap of the first window.
///
/// Output channel c * multiplier + m; weights [taps][channels * multiplier].
void dk_depthwise(const float *in, int64_t in_row_step, int64_t in_pixel_step,
                  int64_t in_channel_pitch, float *out, dk_image out_image, int32_t multiplier, int32_t taps, const int32_t *offsets,
                  const float *weights, const float *bias);

/// Pooling with windows cut off at the border; averages count the elements inside.
void dk_pool(const float *in, dk_image in_image, float *out, dk_image out_image, int32_t window_h,
             int32_t window_w, int32_t stride_h, int32_t stride_w, int32_t before_h,
             int32_t before_w, bool average);

/// out[c] = max or mean over all pixels.
void dk_pool_all(const float *in, dk_image image, float *out, int64_t out_channel_pitch,
                 bool average);

/// out = f(in * scale[c] + shift[c]); scale and shift may be null, each by itself.
void dk_map(const float *in, dk_image in_image, float *out, dk_image out_image, const float *scale,
            const float *shift, dk_activation activation);

/// out = f(a + b) or f(a * b); an input's axis of extent 1 is repeated.
void dk_combine(const float *a, dk_image a_image, const float *b, dk_image b_image, float *out,
                dk_image out_image, bool multiply, dk_activation activation);

/// Copies every element; both images have the same extents.
void dk_copy(const float *in, dk_image in_image, float *out, dk_image out_image);

/// Softmax, or its logarithm, of `count` elements that stand `pitch` floats apart, in place
/// or not, for each of 16 lanes.
void dk_softmax(const float *in, float *out, int64_t count, int64_t pitch, int64_t out_pitch,
                bool logarithmic);

/// result[lane] = the first index of the largest of `count` elements; -1 if any is not finite.
void dk_argmax(const float *in, int64_t count, int64_t pitch, int32_t *result);

/// The same, and by how much the largest element exceeds the second largest; NaN with -1.
void dk_argmax_margin(const float *in, int64_t count, int64_t pitch, int32_t *result,
                      float *margin);

/// result[lane] = sum of p_a * (log p_a - log p_b), p the softmax of the 16-lane columns a and b.
void dk_divergence(const float *a, const float *b, int64_t count, int64_t a_pitch, int64_t b_pitch,
                   float *result);

/// sums[c * 16 + lane] = sum over the pixels.
void dk_channel_sums(const float *in, dk_image image, double *sums);

/// Spreads up to 16 images over the lanes: out = value * scale. Lanes from `count` on become 0.
///
/// `type` is 0 for uint8, 1 for float32, 2 for float64; planes: channels first. Pixels stand close
/// together in their rows (pixel_pitch = channels * channel_pitch). Returns the first
/// image with a NaN or an infinity in `out`, or -1.
int32_t dk_pack(const void *in, int32_t type, bool planes, int32_t count, float scale, float *out,
                dk_image image);

/// The reverse: out[image][element], for `count` images of 16 lanes.
void dk_unpack(const float *in, dk_image image, int32_t count, float *out);

/// Copies one image from a lane of a block to a lane of another; both images have the same extents.
void dk_move_lane(const float *in, dk_image in_image, int32_t from, float *out, dk_image out_image,
                  int32_t to);

/// Sets every element.
void dk_fill(float *out, dk_image image, float value);

/// Returns, as bits, the lanes in which some element is NaN or infinite.
uint32_t dk_nonfinite(const float *in, dk_image image);

/// peaks[lane] = the largest absolute value, or NaN if some element is.
void dk_peaks(const float *in, dk_image image, float *peaks);

/// out = constant - in for one channel of every pixel; returns, as bits, the lanes in which any
/// element differs from zero.
uint32_t dk_difference(const float *in, dk_image image, float constant, float *out,
                       dk_image out_image);
