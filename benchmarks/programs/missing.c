/* Statistics of measurements of which some are missing: NaNs, and operations that make new ones. */
#include <math.h>

#include "vector.h"

enum { COUNT = 1000 };

static double measured[COUNT], scaled[COUNT];
static float first[COUNT], second[COUNT], both[COUNT];

static __attribute__((noinline)) double mean(void) {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < COUNT; i++)
        if (!isnan(measured[i])) {
            sum += measured[i];
            count++;
        }
    return sum / count;
}

static __attribute__((noinline)) void scale(double by) {
    for (int i = 0; i < COUNT; i++) scaled[i] = measured[i] * by + scaled[i] * 0.5;
}

/* 0/0 where both are zero, infinity - infinity where both have overflowed. */
static __attribute__((noinline)) void ratios(void) {
    for (int i = 0; i < COUNT; i++) both[i] = first[i] / second[i];
}

static __attribute__((noinline)) void differences(void) {
    for (int i = 0; i < COUNT; i++) both[i] = first[i] - second[i];
}

static __attribute__((noinline)) void mix(void) {
#ifdef __ARM_NEON
    for (int i = 0; i < COUNT; i += 4)
        vst1q_f32(&both[i], vmlaq_f32(vsubq_f32(vld1q_f32(&first[i]), vld1q_f32(&second[i])), vld1q_f32(&both[i]), vdupq_n_f32(0.5f)));
#else
    for (int i = 0; i < COUNT; i++) both[i] = first[i] - second[i] + both[i] * 0.5f;
#endif
}

int main(int argc, char **argv) {
    double sum = 0;
    int missing = 0;
    for (int i = 0; i < COUNT; i++) {
        measured[i] = i % 5 ? i * 0.25 : NAN;
        first[i] = i % 4 ? i % 7 : INFINITY;
        second[i] = i % 8 ? i % 6 : INFINITY;
    }
    for (unsigned round = work(argc, argv); round > 0; round--) {
        sum += mean();
        scale(1.5);
        ratios();
        differences();
        mix();
    }
    for (int i = 0; i < COUNT; i++) missing += isnan(scaled[i]) + isnan(both[i]);
    printf("%.9g %d\n", sum, missing);
}
