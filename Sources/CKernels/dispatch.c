// Chooses the kernels for an instruction set.
#include "kernels.h"
#include "sets.h"

#include <stdlib.h>
#include <string.h>

const dk_kernels *dk_best_kernels(void) {
#if defined(__x86_64__)
  const char *requested = getenv("DEFENSEKIT_INSTRUCTIONS");
  const bool baseline = requested && !strcmp(requested, dk_baseline.name);
  const bool avx2 = requested && !strcmp(requested, dk_avx2.name);
  if (__builtin_cpu_supports("x86-64-v4") && !avx2 && !baseline) return &dk_avx512;
  if (__builtin_cpu_supports("x86-64-v3") && !baseline) return &dk_avx2;
#endif
  return &dk_baseline;
}
