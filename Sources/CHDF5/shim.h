// HDF5 for Swift: the library's macros, which Swift cannot import, as functions.
#pragma once
#include <hdf5.h>

// Types in memory.
static inline hid_t dk_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t dk_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t dk_native_int64(void) { return H5T_NATIVE_INT64; }

// Types in files.
static inline hid_t dk_ieee_f32le(void) { return H5T_IEEE_F32LE; }
static inline hid_t dk_ieee_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t dk_u8(void) { return H5T_STD_U8LE; }
static inline hid_t dk_c_string(void) { return H5T_C_S1; }
static inline size_t dk_variable(void) { return H5T_VARIABLE; }

// Property list classes.
static inline hid_t dk_file_create(void) { return H5P_FILE_CREATE; }
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

// The kind of the link `name` in `group`, negative if there is none. H5Lget_info has two versions
// with different structures; both have `type`.
static inline int dk_link_type(hid_t group, const char *name) {
  H5L_info_t info;
  return H5Lget_info(group, name, &info, H5P_DEFAULT) < 0 ? -1 : (int)info.type;
}
static inline int dk_hard_link(void) { return H5L_TYPE_HARD; }
