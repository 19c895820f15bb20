/* A product of matrices in single precision, four columns by four rows at a time. */
#include "vector.h"

enum { SIZE = 64 };

static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE]; /* [column][row] */

static __attribute__((noinline)) void multiply(void) {
#ifdef __ARM_NEON
    for (int j = 0; j < SIZE; j += 4)
        for (int i = 0; i < SIZE; i += 4) {
            float32x4_t sum[4] = {vld1q_f32(&c[j][i]), vld1q_f32(&c[j + 1][i]), vld1q_f32(&c[j + 2][i]), vld1q_f32(&c[j + 3][i])};
            for (int k = 0; k < SIZE; k += 2) {
                float32x4_t left = vld1q_f32(&a[k][i]), right = vld1q_f32(&a[k + 1][i]);
                for (int n = 0; n < 4; n++) {
                    float32x2_t factors = vld1_f32(&b[j + n][k]);
                    sum[n] = vmlaq_lane_f32(sum[n], left, factors, 0);
                    sum[n] = vmlaq_lane_f32(sum[n], right, factors, 1);
                }
            }
            for (int n = 0; n < 4; n++) vst1q_f32(&c[j + n][i], sum[n]);
        }
#else
    for (int j = 0; j < SIZE; j++)
        for (int k = 0; k < SIZE; k++)
            for (int i = 0; i < SIZE; i++) c[j][i] += a[k][i] * b[j][k];
#endif
}

int main(int argc, char **argv) {
    unsigned seed = 1;
    float sum = 0;
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i++) {
            a[j][i] = next_random(&seed) / 4294967296.0f - 0.5f;
            b[j][i] = next_random(&seed) / 4294967296.0f - 0.5f;
        }
    for (unsigned round = work(argc, argv); round > 0; round--) multiply();
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i++) sum += c[j][i];
    printf("%.6g\n", sum);
}
