/* Products of matrices of small whole numbers in single precision: no result is ever inexact. */
#include "vector.h"

enum { SIZE = 32 };

static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE]; /* [column][row]; a third is zero */

static __attribute__((noinline)) void multiply(void) {
#ifdef __ARM_NEON
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i += 4) {
            float32x4_t sum = vdupq_n_f32(0);
            for (int k = 0; k < SIZE; k++) sum = vmlaq_n_f32(sum, vld1q_f32(&a[k][i]), b[j][k]);
            vst1q_f32(&c[j][i], vaddq_f32(vmulq_n_f32(sum, 2), sum));
        }
#else
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i++) {
            float sum = 0;
            for (int k = 0; k < SIZE; k++) sum += a[k][i] * b[j][k];
            c[j][i] = 2 * sum + sum;
        }
#endif
}

int main(int argc, char **argv) {
    float sum = 0;
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i++) {
            a[j][i] = (i + j) % 3 ? (i * 7 + j) % 11 - 5 : 0;
            b[j][i] = (i * j) % 3 ? (i + j * 5) % 9 - 4 : 0;
        }
    for (unsigned round = work(argc, argv); round > 0; round--) multiply();
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i++) sum += c[j][i];
    printf("%.6g\n", sum);
}
