/* Points of a mesh turned by a 4 by 4 matrix, and chains of such matrices, as 3D programs do. */
#include "vector.h"

enum { COUNT = 256 };

static float points[COUNT][4], turned[COUNT][4], chain[4][4];

static void transform(float out[4], const float m[4][4], const float v[4]) {
#ifdef __ARM_NEON
    float32x4_t p = vld1q_f32(v), sum = vmulq_lane_f32(vld1q_f32(m[0]), vget_low_f32(p), 0);
    sum = vmlaq_lane_f32(sum, vld1q_f32(m[1]), vget_low_f32(p), 1);
    sum = vmlaq_lane_f32(sum, vld1q_f32(m[2]), vget_high_f32(p), 0);
    sum = vmlaq_lane_f32(sum, vld1q_f32(m[3]), vget_high_f32(p), 1);
    vst1q_f32(out, sum);
#else
    for (int i = 0; i < 4; i++) out[i] = m[0][i] * v[0] + m[1][i] * v[1] + m[2][i] * v[2] + m[3][i] * v[3];
#endif
}

static __attribute__((noinline)) void frame(const float turn[4][4]) {
    float next[4][4];
    for (int column = 0; column < 4; column++) transform(next[column], turn, chain[column]);
    for (int column = 0; column < 4; column++)
        for (int row = 0; row < 4; row++) chain[column][row] = next[column][row];
    for (int i = 0; i < COUNT; i++) transform(turned[i], chain, points[i]);
}

int main(int argc, char **argv) {
    static const float turn[4][4] = {{0.8f, 0.6f, 0, 0}, {-0.6f, 0.8f, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    unsigned seed = 1;
    float sum = 0;
    for (int i = 0; i < 4; i++) chain[i][i] = 1;
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < 4; k++) points[i][k] = next_random(&seed) / 4294967296.0f;
    for (unsigned round = work(argc, argv); round > 0; round--) frame(turn);
    for (int i = 0; i < COUNT; i++) sum += turned[i][0] + turned[i][1] + turned[i][2];
    printf("%.6g\n", sum);
}
