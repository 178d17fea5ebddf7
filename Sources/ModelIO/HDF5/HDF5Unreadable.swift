/// The error for elements that libhdf5 cannot read.
struct HDF5Unreadable: Error {}
