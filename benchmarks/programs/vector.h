/* NEON intrinsics where there are any; elsewhere the benchmarks are plain loops, which the compiler makes into SSE. */
#include "work.h"
#ifdef __ARM_NEON
#include <arm_neon.h>
#endif
