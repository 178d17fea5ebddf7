#if defined(__x86_64__)
#define SET dk_avx512
#define SET_NAME "avx512"
#define TARGET "arch=x86-64-v4"
#define PIXELS_TOGETHER 4
#include "set.inc"
#endif
