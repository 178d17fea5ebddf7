#if defined(__x86_64__)
#define SET dk_avx2
#define SET_NAME "avx2"
#define TARGET "arch=x86-64-v3"
#define PIXELS_TOGETHER 1
#include "set.inc"
#endif
