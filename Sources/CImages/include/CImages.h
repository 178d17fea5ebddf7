// Reads and writes PNG files in memory. libpng reports errors by longjmp, which must not cross
// Swift frames, so all of it stays in this target.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The results of reading and writing.
enum {
  DK_PNG_OK = 0,
  DK_PNG_CUT_SHORT = 1,
  DK_PNG_DAMAGED = 2,
  DK_PNG_TOO_LARGE = 3,
  DK_PNG_NO_MEMORY = 4,
};

// The limits on a side and on the number of pixels. libpng needs some megabytes for one row of the
// largest width; the pixels take 64 MiB.
enum { DK_PNG_SIDE = 1 << 16, DK_PNG_PIXELS = 1 << 24 };

// 8-bit samples, [height][width][channels]; channels: 1 grey, 3 RGB, 4 RGBA.
struct dk_pixels {
  uint32_t width, height, channels;
  uint8_t *samples;
};

// A buffer to be freed with dk_png_free.
struct dk_bytes {
  uint8_t *start;
  size_t count;
};

// Reads a PNG file. 8-bit samples are read as stored, without regard to gamma and colour profiles.
// Fewer bits and palettes are expanded, and 16 bits are rounded to 8. A transparent colour becomes
// alpha, and grey with alpha becomes RGBA. Chunks without pixels are skipped after their checksums.
// Free pixels->samples with dk_png_free; it is NULL unless the result is DK_PNG_OK.
int dk_png_read(const void *bytes, size_t count, struct dk_pixels *pixels);

// Writes a PNG file without metadata. Free file->start with dk_png_free; it is NULL unless the
// result is DK_PNG_OK.
int dk_png_write(const struct dk_pixels *pixels, struct dk_bytes *file);

void dk_png_free(void *memory);

#ifdef __cplusplus
}
#endif
