/* Every function of the math library on tables of edges, in single and in double precision: results and the exceptions
 * that they raise, in bits. argv[1] is a number that chooses the rounding mode. */

#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double edges[] = {
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.0, -2.0, 3.0, 0.1, -0.7, 1e-3, -1e-3, 7.25, -9.75, 10.0, 20.5, -30.25, 88.7, 100.0,
    -104.0, 709.5, 710.0, -745.2, 1023.5, -1074.5, 4194303.5, 8388609.0, 2147483647.0, 2147483648.0, -2147483649.0,
    4294967296.0, 1e10, -1e15, 4503599627370497.5, 9007199254740993.0, 1e22, -3e38, 3.5e38, 1e100, -1e300, 0x1.fffffffffffffp1023,
    0x1p-1022, -0x1p-1074, 0x1.8p-1060, 0x1p-126, 0x1p-149, 0x1.8p-140, 0x1.fffffep127, 0x1.921fb54442d18p1, 0x1.921fb54442d18p0,
    0x1.921fb54442d18p20, 0x1.5bf0a8b145769p1, 0x1.0000000000001p0, 0x1.fffffffffffffp-1, 0x1.000002p0, INFINITY, -INFINITY,
    NAN, -NAN,
};
enum { EDGES = sizeof edges / sizeof edges[0] };

static uint32_t sum;

static uint64_t bits(double x)
{
    uint64_t value;
    memcpy(&value, &x, sizeof value);
    return value;
}

static void add(uint64_t value)
{
    for (int n = 0; n < 64; n += 8)
        sum = (sum ^ (value >> n & 255)) * 16777619u;
}

static void begin(void)
{
    sum = 2166136261u;
}

static void end(const char *name, double sample)
{
    printf("%-12s %08" PRIx32 " %a\n", name, sum, sample);
}

/* The exceptions are part of the answer. */
#define CALL(RESULT, EXPRESSION)                                                                                       \
    do {                                                                                                               \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        RESULT = EXPRESSION;                                                                                           \
        add(bits((double)RESULT));                                                                                     \
        add((uint64_t)fetestexcept(FE_ALL_EXCEPT));                                                                    \
    } while (0)

#define ONE(NAME, REAL)                                                                                                \
    do {                                                                                                               \
        volatile REAL result = 0, x;                                                                                   \
        begin();                                                                                                       \
        for (int n = 0; n < EDGES; n++) {                                                                              \
            x = (REAL)edges[n];                                                                                        \
            CALL(result, NAME(x));                                                                                     \
        }                                                                                                              \
        x = (REAL)0.7;                                                                                                 \
        end(#NAME, NAME(x));                                                                                           \
    } while (0);

#define TWO(NAME, REAL)                                                                                                \
    do {                                                                                                               \
        volatile REAL result = 0, x, y;                                                                                \
        begin();                                                                                                       \
        for (int n = 0; n < EDGES; n++)                                                                                \
            for (int m = 0; m < EDGES; m++) {                                                                          \
                x = (REAL)edges[n];                                                                                    \
                y = (REAL)edges[m];                                                                                    \
                CALL(result, NAME(x, y));                                                                              \
            }                                                                                                          \
        x = (REAL)0.7, y = (REAL)3.1;                                                                                  \
        end(#NAME, NAME(x, y));                                                                                        \
    } while (0);

#define THREE(NAME, REAL)                                                                                              \
    do {                                                                                                               \
        volatile REAL result = 0, x, y, z;                                                                             \
        begin();                                                                                                       \
        for (int n = 0; n < EDGES; n++)                                                                                \
            for (int m = n % 3; m < EDGES; m += 3)                                                                     \
                for (int k = m % 5; k < EDGES; k += 5) {                                                               \
                    x = (REAL)edges[n];                                                                                \
                    y = (REAL)edges[m];                                                                                \
                    z = (REAL)edges[k];                                                                                \
                    CALL(result, NAME(x, y, z));                                                                       \
                }                                                                                                      \
        end(#NAME, result);                                                                                            \
    } while (0);

/* To an integer: out of range the answer is unspecified by C, but the same on every ARM. */
#define INTEGER(NAME, REAL)                                                                                            \
    do {                                                                                                               \
        volatile REAL x;                                                                                               \
        volatile long long result = 0;                                                                                 \
        begin();                                                                                                       \
        for (int n = 0; n < EDGES; n++) {                                                                              \
            x = (REAL)edges[n];                                                                                        \
            feclearexcept(FE_ALL_EXCEPT);                                                                              \
            result = NAME(x);                                                                                          \
            add((uint64_t)result);                                                                                     \
            add((uint64_t)fetestexcept(FE_ALL_EXCEPT));                                                                \
        }                                                                                                              \
        x = (REAL)7.7;                                                                                                 \
        end(#NAME, (double)NAME(x));                                                                                   \
    } while (0);

#define SCALED(NAME, REAL)                                                                                             \
    do {                                                                                                               \
        static const int powers[] = {0, 1, -1, 24, -24, 53, -60, 127, -149, 1000, -1074, 2100, -2200};                 \
        volatile REAL result = 0, x;                                                                                   \
        begin();                                                                                                       \
        for (int n = 0; n < EDGES; n++)                                                                                \
            for (unsigned m = 0; m < sizeof powers / sizeof powers[0]; m++) {                                          \
                x = (REAL)edges[n];                                                                                    \
                CALL(result, NAME(x, powers[m]));                                                                      \
            }                                                                                                          \
        end(#NAME, result);                                                                                            \
    } while (0);

#define SPLIT(REAL, FREXP, MODF, REMQUO, SINCOS_SIN, SINCOS_COS, LGAMMA)                                               \
    do {                                                                                                               \
        volatile REAL result = 0, x;                                                                                   \
        REAL whole = 0;                                                                                                \
        int part = 0;                                                                                                  \
        begin();                                                                                                       \
        for (int n = 0; n < EDGES; n++) {                                                                              \
            x = (REAL)edges[n];                                                                                        \
            if (isfinite(x)) {                                                                                         \
                CALL(result, FREXP(x, &part));                                                                         \
                add((uint64_t)part);                                                                                   \
            }                                                                                                          \
            CALL(result, MODF(x, &whole));                                                                             \
            add(bits((double)whole));                                                                                  \
            if (isfinite(x)) {                                                                                         \
                CALL(result, REMQUO(x, (REAL)0.7, &part));                                                             \
                add((uint64_t)(part & 7));                                                                             \
            }                                                                                                          \
            CALL(result, SINCOS_SIN(x) * SINCOS_COS(x));                                                               \
            CALL(result, LGAMMA(x));                                                                                   \
        }                                                                                                              \
        end(#FREXP " " #MODF, result);                                                                                 \
    } while (0);

#define LIST_ONE(F)                                                                                                    \
    F(sin) F(cos) F(tan) F(asin) F(acos) F(atan) F(sinh) F(cosh) F(tanh) F(asinh) F(acosh) F(atanh) F(exp) F(exp2)     \
    F(expm1) F(log) F(log2) F(log10) F(log1p) F(sqrt) F(cbrt) F(erf) F(erfc) F(tgamma) F(lgamma) F(fabs) F(ceil)       \
    F(floor) F(trunc) F(round) F(rint) F(nearbyint) F(logb)
#define LIST_TWO(F)                                                                                                    \
    F(pow) F(atan2) F(hypot) F(fmod) F(remainder) F(fdim) F(fmax) F(fmin) F(copysign) F(nextafter)
#define LIST_INTEGER(F) F(lrint) F(llrint) F(lround) F(llround) F(ilogb) F(isnan) F(signbit) F(isnormal)
#define DOUBLE_ONE(NAME) ONE(NAME, double)
#define SINGLE_ONE(NAME) ONE(NAME##f, float)
#define DOUBLE_TWO(NAME) TWO(NAME, double)
#define SINGLE_TWO(NAME) TWO(NAME##f, float)
#define DOUBLE_INTEGER(NAME) INTEGER(NAME, double)

int main(int argc, char **argv)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    fesetround(modes[argc > 1 ? atoi(argv[1]) & 3 : 0]);
    LIST_ONE(DOUBLE_ONE)
    LIST_ONE(SINGLE_ONE)
    LIST_TWO(DOUBLE_TWO)
    LIST_TWO(SINGLE_TWO)
    LIST_INTEGER(DOUBLE_INTEGER)
    INTEGER(lrintf, float) INTEGER(llrintf, float) INTEGER(lroundf, float) INTEGER(llroundf, float) INTEGER(ilogbf, float)
    THREE(fma, double)
    THREE(fmaf, float)
    SCALED(ldexp, double) SCALED(ldexpf, float) SCALED(scalbn, double) SCALED(scalbnf, float)
    SPLIT(double, frexp, modf, remquo, sin, cos, lgamma)
    SPLIT(float, frexpf, modff, remquof, sinf, cosf, lgammaf)
    ONE(j0, double) ONE(j1, double) ONE(y0, double) ONE(y1, double)
    return 0;
}
