#include "CImages.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

// The state of reading or writing one file. It is not a local variable of the function that longjmp
// returns to, so its values stay defined.
struct work {
  png_structp png;
  png_infop info;
  jmp_buf end;
  // The reason for an error, which libpng reports only as text.
  bool is_cut_short, lacks_memory, is_too_large;
  const uint8_t *next;
  size_t left;
  struct dk_pixels pixels;
  struct dk_bytes file;
  size_t capacity;
};

// MARK: Callbacks of libpng

static _Noreturn void fail(png_structp png, png_const_charp message) {
  (void)message;
  struct work *work = png_get_error_ptr(png);
  longjmp(work->end, 1);
}

static void ignore(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void *allocate(png_structp png, png_alloc_size_t size) {
  void *memory = malloc(size);
  struct work *work = png_get_mem_ptr(png);
  if (!memory) work->lacks_memory = true;
  return memory;
}

static void release(png_structp png, void *memory) {
  (void)png;
  free(memory);
}

static void take(png_structp png, png_bytep bytes, size_t count) {
  struct work *work = png_get_io_ptr(png);
  if (count > work->left) {
    work->is_cut_short = true;
    png_error(png, "the end of the file");
  }
  memcpy(bytes, work->next, count);
  work->next += count;
  work->left -= count;
}

static void append(png_structp png, png_bytep bytes, size_t count) {
  struct work *work = png_get_io_ptr(png);
  if (count > work->capacity - work->file.count) {
    size_t capacity = 2 * work->capacity + count;
    uint8_t *grown = realloc(work->file.start, capacity);
    if (!grown) {
      work->lacks_memory = true;
      png_error(png, "no memory");
    }
    work->file.start = grown;
    work->capacity = capacity;
  }
  memcpy(work->file.start + work->file.count, bytes, count);
  work->file.count += count;
}

static void flush(png_structp png) { (void)png; }

// MARK: Reading and writing

static int reason(const struct work *work) {
  if (work->is_too_large) return DK_IMAGE_TOO_LARGE;
  if (work->is_cut_short) return DK_IMAGE_CUT_SHORT;
  return work->lacks_memory ? DK_IMAGE_NO_MEMORY : DK_IMAGE_DAMAGED;
}

// Calls `body`, which may leave by longjmp; returns the result.
static int attempt(struct work *work, void (*body)(struct work *)) {
  if (setjmp(work->end) != 0) return reason(work);
  body(work);
  return DK_IMAGE_OK;
}

static void create_info(struct work *work) {
  if (work->png) work->info = png_create_info_struct(work->png);
  if (work->info) return;
  work->lacks_memory = true;
  longjmp(work->end, 1);
}

static size_t row_size(const struct dk_pixels *pixels) { return (size_t)pixels->width * pixels->channels; }

// Reads up to the first row, and sets the output format of the rows.
static void read_header(struct work *work) {
  png_structp png = work->png;
  png_infop info = work->info;
  png_set_user_limits(png, DK_IMAGE_SIDE, DK_IMAGE_SIDE);
  // A wrong checksum, or anything that libpng would tolerate, makes the file damaged.
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_benign_errors(png, 0);
  // Ignores all chunks but those of the pixels: nothing is unpacked for them, and colours are not
  // converted.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, info);
  struct dk_pixels *pixels = &work->pixels;
  pixels->width = png_get_image_width(png, info);
  pixels->height = png_get_image_height(png, info);
  if ((uint64_t)pixels->width * pixels->height > DK_IMAGE_PIXELS) {
    work->is_too_large = true;
    png_error(png, "too many pixels");
  }
  png_set_expand(png);
  png_set_scale_16(png);
  bool has_alpha = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, info, PNG_INFO_tRNS);
  if (has_alpha) png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  pixels->channels = png_get_channels(png, info);
  if (png_get_rowbytes(png, info) != row_size(pixels)) png_error(png, "rows of another size");
}

static void read_rows(struct work *work) {
  struct dk_pixels *pixels = &work->pixels;
  // Zeroed, because an interlaced file fills the rows in seven passes.
  pixels->samples = calloc(pixels->height, row_size(pixels));
  if (!pixels->samples) {
    work->lacks_memory = true;
    png_error(work->png, "no memory");
  }
  bool is_interlaced = png_get_interlace_type(work->png, work->info) != PNG_INTERLACE_NONE;
  for (int pass = 0; pass < (is_interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); pass++)
    for (uint32_t row = 0; row < pixels->height; row++)
      png_read_row(work->png, pixels->samples + row * row_size(pixels), NULL);
  png_read_end(work->png, NULL);
}

static void read_all(struct work *work) {
  work->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, work, fail, ignore, work, allocate, release);
  create_info(work);
  png_set_read_fn(work->png, work, take);
  read_header(work);
  read_rows(work);
}

static void write_all(struct work *work) {
  const struct dk_pixels *pixels = &work->pixels;
  work->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, work, fail, ignore, work, allocate, release);
  create_info(work);
  png_set_write_fn(work->png, work, append, flush);
  static const int types[] = {-1, PNG_COLOR_TYPE_GRAY, -1, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  png_set_IHDR(
      work->png, work->info, pixels->width, pixels->height, 8, types[pixels->channels], PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(work->png, work->info);
  for (uint32_t row = 0; row < pixels->height; row++)
    png_write_row(work->png, pixels->samples + row * row_size(pixels));
  png_write_end(work->png, NULL);
}

int dk_png_read(const void *bytes, size_t count, struct dk_pixels *pixels) {
  struct work work = {.next = bytes, .left = count};
  int result = attempt(&work, read_all);
  png_destroy_read_struct(&work.png, &work.info, NULL);
  if (result != DK_IMAGE_OK) {
    free(work.pixels.samples);
    work.pixels = (struct dk_pixels){0};
  }
  *pixels = work.pixels;
  return result;
}

int dk_png_write(const struct dk_pixels *pixels, struct dk_bytes *file) {
  struct work work = {.pixels = *pixels};
  bool is_too_large = pixels->width > DK_IMAGE_SIDE || pixels->height > DK_IMAGE_SIDE ||
                      (uint64_t)pixels->width * pixels->height > DK_IMAGE_PIXELS;
  int result = is_too_large ? DK_IMAGE_TOO_LARGE : attempt(&work, write_all);
  png_destroy_write_struct(&work.png, &work.info);
  if (result != DK_IMAGE_OK) {
    free(work.file.start);
    work.file = (struct dk_bytes){0};
  }
  *file = work.file;
  return result;
}

void dk_image_free(void *memory) { free(memory); }
