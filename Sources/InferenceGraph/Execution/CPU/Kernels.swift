package import CKernels

/// The vector kernels for this processor.
package let kernels: dk_kernels = unsafe dk_best_kernels().pointee
