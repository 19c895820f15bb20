/* y += a * x in single precision. */
#include "vector.h"

enum { SIZE = 4096 };

static float x[SIZE], y[SIZE];

static __attribute__((noinline)) void saxpy(float a) {
#ifdef __ARM_NEON
    float32x4_t factor = vdupq_n_f32(a);
    for (int i = 0; i < SIZE; i += 8) {
        vst1q_f32(y + i, vmlaq_f32(vld1q_f32(y + i), vld1q_f32(x + i), factor));
        vst1q_f32(y + i + 4, vmlaq_f32(vld1q_f32(y + i + 4), vld1q_f32(x + i + 4), factor));
    }
#else
    for (int i = 0; i < SIZE; i++) y[i] += a * x[i];
#endif
}

int main(int argc, char **argv) {
    unsigned seed = 1;
    float sum = 0;
    for (int i = 0; i < SIZE; i++) x[i] = next_random(&seed) / 4294967296.0f, y[i] = next_random(&seed) / 4294967296.0f;
    for (unsigned round = work(argc, argv); round > 0; round--) saxpy(round & 1 ? 1.5f : -1.25f);
    for (int i = 0; i < SIZE; i++) sum += y[i];
    printf("%.6g\n", sum);
}
