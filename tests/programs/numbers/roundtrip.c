/* Write doubles with printf and read them back with strtod: argv[1] of them, half of them random bits. Prints how many
 * came back different, and a checksum of all texts. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 0x9E3779B97F4A7C15u;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

int main(int argc, char **argv)
{
    static const char *const formats[] = {"%.17g", "%.16e", "%a", "%.20g"};
    long count = argc > 1 ? atol(argv[1]) : 1000, wrong = 0;
    uint32_t sum = 2166136261u;
    char text[400];

    for (long n = 0; n < count; n++) {
        uint64_t bits = next();
        if (n % 4 == 1) /* near the edges of exponents */
            bits = (bits & 0x800fffffffffffff) | (bits >> 52 & 3) << 52;
        if (n % 4 == 2) /* numbers as people write them */
            bits &= 0xc3fff00000000000;
        double value, back;
        memcpy(&value, &bits, sizeof value);
        snprintf(text, sizeof text, formats[n & 3], value);
        back = strtod(text, NULL);
        wrong += memcmp(&back, &value, sizeof value) != 0 && value == value;
        int more = snprintf(text + strlen(text), 100, " %g %.3f", value, (double)(float)value / 3e30);
        for (char *c = text; *c; c++)
            sum = (sum ^ (unsigned char)*c) * 16777619u;
        if (n < 12)
            printf("%s (%d)\n", text, more);
    }
    printf("%ld doubles, %ld wrong, checksum %08x\n", count, wrong, sum);
    return wrong != 0;
}
