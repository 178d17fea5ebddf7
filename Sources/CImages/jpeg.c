#include "CImages.h"

#include <setjmp.h>
#include <stdlib.h>

#include <stdio.h>
// libjpeg's header needs stdio.h before it.
#include <jpeglib.h>
#include <jerror.h>

// A progressive file may refine its pixels any number of times; encoders write some ten scans.
enum { MAXIMUM_SCANS = 100 };

// The state of reading one file; see png.c.
struct jpeg_work {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf end;
  int result;
  const void *bytes;
  size_t count;
  struct dk_pixels pixels;
};

static _Noreturn void leave(struct jpeg_work *work, int result) {
  work->result = result;
  longjmp(work->end, 1);
}

// MARK: Callbacks of libjpeg

static _Noreturn void fail(j_common_ptr jpeg) {
  int code = jpeg->err->msg_code;
  leave(jpeg->client_data, code == JERR_OUT_OF_MEMORY    ? DK_IMAGE_NO_MEMORY
                           : code == JERR_INPUT_EOF      ? DK_IMAGE_CUT_SHORT
                           : code == JERR_IMAGE_TOO_BIG  ? DK_IMAGE_TOO_LARGE
                           : code == JERR_CONVERSION_NOTIMPL ? DK_IMAGE_COLOURS
                                                         : DK_IMAGE_DAMAGED);
}

// A negative level is a warning: libjpeg goes on with pixels that it has guessed, except after
// these.
static void emit(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR: return;
    case JWRN_JPEG_EOF: leave(jpeg->client_data, DK_IMAGE_CUT_SHORT);
    default: leave(jpeg->client_data, DK_IMAGE_DAMAGED);
  }
}

static void ignore(j_common_ptr jpeg) { (void)jpeg; }

static void watch(j_common_ptr jpeg) {
  if (((j_decompress_ptr)jpeg)->input_scan_number > MAXIMUM_SCANS)
    leave(jpeg->client_data, DK_IMAGE_DAMAGED);
}

// MARK: Reading

static void read_all(struct jpeg_work *work) {
  struct jpeg_decompress_struct *jpeg = &work->jpeg;
  struct dk_pixels *pixels = &work->pixels;
  jpeg->client_data = work;
  jpeg_create_decompress(jpeg);
  jpeg->client_data = work;
  jpeg->progress = &work->progress;
  jpeg_mem_src(jpeg, work->bytes, work->count);
  if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK) leave(work, DK_IMAGE_DAMAGED);
  if (jpeg->image_width > DK_IMAGE_SIDE || jpeg->image_height > DK_IMAGE_SIDE ||
      (uint64_t)jpeg->image_width * jpeg->image_height > DK_IMAGE_PIXELS)
    leave(work, DK_IMAGE_TOO_LARGE);
  switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE: jpeg->out_color_space = JCS_GRAYSCALE; break;
    case JCS_RGB:
    case JCS_YCbCr: jpeg->out_color_space = JCS_RGB; break;
    default: leave(work, DK_IMAGE_COLOURS);
  }
  jpeg_start_decompress(jpeg);
  pixels->width = jpeg->output_width;
  pixels->height = jpeg->output_height;
  pixels->channels = (uint32_t)jpeg->output_components;
  size_t row = (size_t)pixels->width * pixels->channels;
  pixels->samples = calloc(pixels->height, row);
  if (!pixels->samples) leave(work, DK_IMAGE_NO_MEMORY);
  while (jpeg->output_scanline < pixels->height) {
    JSAMPROW next = pixels->samples + jpeg->output_scanline * row;
    jpeg_read_scanlines(jpeg, &next, 1);
  }
  jpeg_finish_decompress(jpeg);
}

// Calls read_all, which may leave by longjmp; returns the result.
static int attempt(struct jpeg_work *work) {
  if (setjmp(work->end) != 0) return work->result;
  read_all(work);
  return DK_IMAGE_OK;
}

int dk_jpeg_read(const void *bytes, size_t count, struct dk_pixels *pixels) {
  struct jpeg_work work = {.bytes = bytes, .count = count, .progress.progress_monitor = watch};
  work.jpeg.err = jpeg_std_error(&work.errors);
  work.errors.error_exit = fail;
  work.errors.emit_message = emit;
  work.errors.output_message = ignore;
  int result = count > 0 ? attempt(&work) : DK_IMAGE_CUT_SHORT;
  jpeg_destroy_decompress(&work.jpeg);
  if (result != DK_IMAGE_OK) {
    free(work.pixels.samples);
    work.pixels = (struct dk_pixels){0};
  }
  *pixels = work.pixels;
  return result;
}
