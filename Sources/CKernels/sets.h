// One set of kernels for each instruction set, all compiled from the same source.
#pragma once
#include "kernels.h"

extern const dk_kernels dk_avx512, dk_avx2, dk_baseline;
