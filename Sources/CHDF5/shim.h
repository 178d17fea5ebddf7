// HDF5 for Swift: the library's macros, which Swift cannot import, as functions.
#pragma once
#include <hdf5.h>

// Types in memory.
static inline hid_t dk_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t dk_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t dk_native_i32(void) { return H5T_NATIVE_INT32; }

// Types in files.
static inline hid_t dk_ieee_f32le(void) { return H5T_IEEE_F32LE; }
static inline hid_t dk_ieee_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t dk_u8(void) { return H5T_STD_U8LE; }
static inline hid_t dk_i32le(void) { return H5T_STD_I32LE; }
static inline hid_t dk_c_string(void) { return H5T_C_S1; }
static inline size_t dk_variable(void) { return H5T_VARIABLE; }

// Property list classes.
static inline hid_t dk_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t dk_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t dk_dataset_access(void) { return H5P_DATASET_ACCESS; }
static inline hid_t dk_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t dk_group_create(void) { return H5P_GROUP_CREATE; }

// Flags and constants.
static inline unsigned dk_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned dk_exclusive(void) { return H5F_ACC_EXCL; }
static inline hid_t dk_default(void) { return H5P_DEFAULT; }
static inline hid_t dk_all(void) { return H5S_ALL; }
static inline haddr_t dk_undefined_address(void) { return HADDR_UNDEF; }

// Switches off what the library prints about errors; errors are per thread where it is thread-safe.
static inline void dk_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }
static inline void dk_clear_errors(void) { H5Eclear2(H5E_DEFAULT); }

// Calls `visit` with the name and kind of every link of a group, until it returns something else than 0. H5Literate has two versions
// with different structures; both have `type`.
enum { DK_HARD_LINK = H5L_TYPE_HARD, DK_SOFT_LINK = H5L_TYPE_SOFT, DK_EXTERNAL_LINK = H5L_TYPE_EXTERNAL };
typedef int (*dk_link_visitor)(const char *name, int kind, void *context);
struct dk_visit {
  dk_link_visitor visitor;
  void *context;
};
static inline herr_t dk_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *data) {
  (void)group;
  struct dk_visit *visit = (struct dk_visit *)data;
  return visit->visitor(name, (int)info->type, visit->context);
}
static inline herr_t dk_visit_links(hid_t group, dk_link_visitor visitor, void *context) {
  struct dk_visit visit = {visitor, context};
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, dk_visit_link, &visit);
}

// Where the object behind a hard link is in the file, and whether it is a group or a data set; negative if it cannot be told.
enum { DK_GROUP = H5O_TYPE_GROUP, DK_DATASET = H5O_TYPE_DATASET };
static inline int dk_find_object(hid_t group, const char *name, int *kind, haddr_t *address) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info1_t info;
#else
  H5O_info_t info;
#endif
  if (H5Oget_info_by_name2(group, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
  *kind = (int)info.type;
  *address = info.addr;
  return 0;
}

// A file that lies in memory is used where it is: these take the places of allocating, copying and freeing.
static inline const void **dk_image(void) {
  static const void *image;
  return &image;
}
static inline void *dk_image_malloc(size_t size, H5FD_file_image_op_t operation, void *data) {
  (void)size, (void)operation, (void)data;
  return (void *)*dk_image();
}
static inline void *dk_image_memcpy(void *to, const void *from, size_t size, H5FD_file_image_op_t operation, void *data) {
  (void)from, (void)size, (void)operation, (void)data;
  return to;
}
static inline void *dk_image_realloc(void *bytes, size_t size, H5FD_file_image_op_t operation, void *data) {
  (void)bytes, (void)size, (void)operation, (void)data;
  return NULL;
}
static inline herr_t dk_image_free(void *bytes, H5FD_file_image_op_t operation, void *data) {
  (void)bytes, (void)operation, (void)data;
  return 0;
}

// Opens the one file in memory that a process can have, for reading; negative if it is no HDF5 file.
static inline hid_t dk_open_image(const void *bytes, size_t size) {
  H5FD_file_image_callbacks_t callbacks = {dk_image_malloc, dk_image_memcpy, dk_image_realloc, dk_image_free, NULL, NULL, NULL};
  *dk_image() = bytes;
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  hid_t file = -1;
  if (access >= 0 && H5Pset_fapl_core(access, 1 << 16, 0) >= 0 && H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
      H5Pset_file_image(access, (void *)bytes, size) >= 0)
    // A name that no file can have, which the library checks; absolute, or else it asks for the current folder.
    file = H5Fopen("/dev/null/image", H5F_ACC_RDONLY, access);
  if (access >= 0) H5Pclose(access);
  return file;
}
