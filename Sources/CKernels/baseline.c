#define SET dk_baseline
#define SET_NAME "baseline"
#define PIXELS_TOGETHER 1
#include "set.inc"
