internal import CKernels

/// The vector kernels for this processor.
let kernels: dk_kernels = unsafe dk_best_kernels().pointee
