/* The sum of absolute differences of 16 by 16 blocks of two pictures, as video encoders look for motion. */
#include "vector.h"

enum { WIDTH = 128 };

static unsigned char first[WIDTH * WIDTH], second[WIDTH * WIDTH];

static __attribute__((noinline)) unsigned difference(const unsigned char *a, const unsigned char *b) {
#ifdef __ARM_NEON
    uint16x8_t low = vdupq_n_u16(0), high = vdupq_n_u16(0);
    for (int row = 0; row < 16; row++, a += WIDTH, b += WIDTH) {
        uint8x16_t p = vld1q_u8(a), q = vld1q_u8(b);
        low = vabal_u8(low, vget_low_u8(p), vget_low_u8(q));
        high = vabal_u8(high, vget_high_u8(p), vget_high_u8(q));
    }
    uint64x2_t sums = vpaddlq_u32(vpaddlq_u16(vaddq_u16(low, high)));
    return vgetq_lane_u64(sums, 0) + vgetq_lane_u64(sums, 1);
#else
    unsigned sum = 0;
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 16; column++) sum += abs(a[row * WIDTH + column] - b[row * WIDTH + column]);
    return sum;
#endif
}

int main(int argc, char **argv) {
    unsigned seed = 1, total = 0;
    for (int i = 0; i < WIDTH * WIDTH; i++) first[i] = next_random(&seed) >> 24, second[i] = next_random(&seed) >> 24;
    for (unsigned round = work(argc, argv); round > 0; round--) {
        unsigned best = -1;
        for (int y = 0; y < 16; y++)
            for (int x = 0; x < 16; x++) {
                unsigned sum = difference(first + round % 64 * WIDTH + 50, second + y * WIDTH + x);
                if (sum < best) best = sum;
            }
        total += best;
    }
    printf("%u\n", total);
}
