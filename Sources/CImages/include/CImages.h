// Reads and writes images in memory. libpng and libjpeg report errors by longjmp, which must not
// cross Swift frames, so all of it stays in this target.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The results of reading and writing.
enum {
  DK_IMAGE_OK = 0,
  DK_IMAGE_CUT_SHORT = 1,
  DK_IMAGE_DAMAGED = 2,
  DK_IMAGE_TOO_LARGE = 3,
  DK_IMAGE_NO_MEMORY = 4,
  DK_IMAGE_COLOURS = 5,
};

// The limits on a side and on the number of pixels. libpng needs some megabytes for one row of the
// largest width; the pixels take 64 MiB.
enum { DK_IMAGE_SIDE = 1 << 16, DK_IMAGE_PIXELS = 1 << 24 };

// 8-bit samples, [height][width][channels]; channels: 1 grey, 3 RGB, 4 RGBA.
struct dk_pixels {
  uint32_t width, height, channels;
  uint8_t *samples;
};

// A buffer to be freed with dk_image_free.
struct dk_bytes {
  uint8_t *start;
  size_t count;
};

// Reads a PNG file. 8-bit samples are read as stored, without regard to gamma and colour profiles.
// Fewer bits and palettes are expanded, and 16 bits are rounded to 8. A transparent colour becomes
// alpha, and grey with alpha becomes RGBA. Chunks without pixels are skipped after their checksums.
// Free pixels->samples with dk_image_free; it is NULL unless the result is DK_IMAGE_OK.
int dk_png_read(const void *bytes, size_t count, struct dk_pixels *pixels);

// Writes a PNG file without metadata. Free file->start with dk_image_free; it is NULL unless the
// result is DK_IMAGE_OK.
int dk_png_write(const struct dk_pixels *pixels, struct dk_bytes *file);

// Reads a JPEG file with the accurate integer transform and smooth upsampling, libjpeg's defaults.
// Grey stays grey, YCbCr and RGB become RGB, and other colours give DK_IMAGE_COLOURS. Colour
// profiles and the orientation are ignored. Data that libjpeg would guess make the file damaged.
// Free pixels->samples with dk_image_free; it is NULL unless the result is DK_IMAGE_OK.
int dk_jpeg_read(const void *bytes, size_t count, struct dk_pixels *pixels);

void dk_image_free(void *memory);

#ifdef __cplusplus
}
#endif
