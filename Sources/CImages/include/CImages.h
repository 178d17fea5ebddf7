// PNG in memory to pixels and back. libpng reports errors by longjmp, which must not cross Swift's frames: all of it stays in here.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// How reading or writing ended.
enum {
  DK_PNG_OK = 0,
  DK_PNG_CUT_SHORT = 1,
  DK_PNG_DAMAGED = 2,
  DK_PNG_TOO_LARGE = 3,
  DK_PNG_NO_MEMORY = 4,
};

// No side is longer, and no image has more pixels: a row of the widest takes libpng some megabytes, the pixels 64 MiB.
enum { DK_PNG_SIDE = 1 << 16, DK_PNG_PIXELS = 1 << 24 };

// Pixels of 8 bits, [height][width][channels]; channels: 1 grey, 3 RGB, 4 RGBA.
struct dk_pixels {
  uint32_t width, height, channels;
  uint8_t *samples;
};

// Memory that dk_png_free gives back.
struct dk_bytes {
  uint8_t *start;
  size_t count;
};

// Reads a PNG file. Samples of 8 bits are those that are stored, whatever the file says of gamma and colour profiles; fewer bits and
// palettes are expanded, 16 bits rounded to 8, a transparent colour becomes alpha, and grey with alpha RGBA. Chunks that do not
// concern pixels are skipped, after their checksums. dk_png_free(pixels->samples) afterwards, which is NULL unless it returns DK_PNG_OK.
int dk_png_read(const void *bytes, size_t count, struct dk_pixels *pixels);

// Writes a PNG file without anything but the pixels. dk_png_free(file->start) afterwards, which is NULL unless it returns DK_PNG_OK.
int dk_png_write(const struct dk_pixels *pixels, struct dk_bytes *file);

void dk_png_free(void *memory);

#ifdef __cplusplus
}
#endif
