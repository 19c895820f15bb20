/* What a machine's arithmetic is like, found out by computing: radix, precision, guard digits, rounding, underflow,
 * overflow, comparison, square roots, powers. It asks the questions of W. Kahan's Paranoia in its own words, in single
 * and in double precision, and prints the answers; at the end how many of them IEEE 754 would not have given. */

#include <fenv.h>
#include <math.h>
#include <stdio.h>

static int defects;

static void expect(const char *what, int holds)
{
    printf("  %-58s %s\n", what, holds ? "yes" : "NO");
    defects += !holds;
}

#define PROGRAM(NAME, REAL, SQRT, POW, FABS, NEXT, LDEXP, DIGITS, LEAST, GREATEST)                                     \
    static REAL hold_##NAME(REAL x)                                                                                    \
    {                                                                                                                  \
        volatile REAL kept = x;                                                                                        \
        return kept;                                                                                                   \
    }                                                                                                                  \
    static void NAME(void)                                                                                             \
    {                                                                                                                  \
        REAL one = hold_##NAME(1), two = one + one, half = one / two, radix, ulp, tiny, huge, x, y;                    \
        int digits = 0, n, wrong;                                                                                      \
        printf(#NAME "\n");                                                                                            \
        expect("small integers: 9 = 3 * 3 = 10 - 1, 32 = 4 * 8",                                                      \
               hold_##NAME(3) * 3 == 9 && hold_##NAME(10) - 1 == 9 && hold_##NAME(4) * 8 == 32);                       \
        expect("-1 + 1 = 0, 1/2 + (-1) + 1/2 = 0, 0 * 0 = 0", -one + one == 0 && half - one + half == 0);              \
        for (x = one; hold_##NAME(hold_##NAME(x + one) - x) - one == 0; x += x)                                        \
            ;                                                                                                          \
        for (y = one; hold_##NAME(x + y) - x == 0; y += y)                                                             \
            ;                                                                                                          \
        radix = hold_##NAME(x + y) - x;                                                                                \
        for (x = one; hold_##NAME(hold_##NAME(x + one) - x) == one; x *= radix)                                        \
            digits++;                                                                                                  \
        ulp = one / x * radix;                                                                                         \
        printf("  radix %g, %d digits, one unit in the last place of 1 is %a\n", (double)radix, digits, (double)ulp);  \
        expect("radix and precision are those of IEEE 754", radix == 2 && digits == DIGITS);                           \
        expect("subtraction has a guard digit", hold_##NAME(one - ulp / 2) < one && one - (one - ulp / 2) == ulp / 2); \
        for (n = 2, wrong = 0; n < 4000; n++) {                                                                        \
            x = hold_##NAME(n);                                                                                        \
            wrong += x * (one / x) > one + ulp || x * (one / x) < one - ulp || x * n / n != x || x / x != one;         \
        }                                                                                                              \
        expect("(n * n) / n = n and n / n = 1", wrong == 0);                                                           \
        expect("1 + ulp/2 rounds to even, down", hold_##NAME(one + ulp / 2) == one);                                   \
        expect("1 + 3 ulp/2 rounds to even, up", hold_##NAME(one + ulp + ulp / 2) == one + 2 * ulp);                   \
        expect("a bit below the half way is not lost (sticky)",                                                        \
               hold_##NAME(one + hold_##NAME(ulp / 2 + ulp * ulp)) == one + ulp);                                      \
        for (n = 1, wrong = 0; n < 2000; n++) {                                                                        \
            x = one + n * ulp;                                                                                         \
            y = hold_##NAME(x * x) - one;                                                                              \
            wrong += hold_##NAME(y - 2 * n * ulp) < 0 || hold_##NAME(x * (two - x)) > one;                             \
        }                                                                                                              \
        expect("products near 1 are rounded the right way", wrong == 0);                                               \
        for (n = 1, wrong = 0; n < 3000; n++) {                                                                        \
            x = hold_##NAME(n);                                                                                        \
            wrong += SQRT(x * x) != x;                                                                                 \
            y = SQRT(x);                                                                                               \
            wrong += FABS(y * y - x) > x * ulp;                                                                        \
        }                                                                                                              \
        expect("square roots of squares are exact, others near", wrong == 0);                                          \
        expect("sqrt(-0) is -0, sqrt(0) is 0", signbit(SQRT(hold_##NAME(-0.0))) && !signbit(SQRT(hold_##NAME(0))));    \
        for (n = 0, wrong = 0, x = one; n < DIGITS; n++, x *= 3)                                                       \
            wrong += n < DIGITS / 2 && POW(hold_##NAME(3), n) != x;                                                    \
        expect("powers of three are exact while they fit", wrong == 0);                                                \
        for (tiny = one; hold_##NAME(tiny / 2) != 0; tiny /= 2)                                                        \
            ;                                                                                                          \
        for (huge = one; !isinf(hold_##NAME(huge * 2)); huge *= 2)                                                     \
            ;                                                                                                          \
        huge = huge * (two - ulp);                                                                                     \
        printf("  smallest number %a, greatest %a\n", (double)tiny, (double)huge);                                     \
        expect("the smallest number is subnormal", tiny == LDEXP(one, LEAST));                                         \
        expect("the greatest number is all ones", huge == LDEXP(two - ulp, GREATEST));                                 \
        expect("underflow is gradual: x != y means x - y != 0",                                                        \
               hold_##NAME(LDEXP(one, LEAST + DIGITS) - NEXT(LDEXP(one, LEAST + DIGITS), 0)) != 0);                    \
        expect("half the smallest number rounds to zero", hold_##NAME(tiny * half) == 0);                              \
        expect("three quarters of it round to itself", hold_##NAME(tiny * (half + half / 2)) == tiny);                 \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        x = hold_##NAME(huge * two);                                                                                   \
        expect("overflow gives infinity, and says so", isinf(x) && fetestexcept(FE_OVERFLOW));                         \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        y = hold_##NAME(one / hold_##NAME(0));                                                                         \
        expect("1/0 gives infinity, and says so", isinf(y) && fetestexcept(FE_DIVBYZERO));                             \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        y = hold_##NAME(x - x);                                                                                        \
        expect("infinity - infinity is not a number, and says so", y != y && fetestexcept(FE_INVALID));                \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        y = hold_##NAME(tiny * (one + ulp));                                                                           \
        expect("a tiny inexact result says underflow", y == tiny && fetestexcept(FE_UNDERFLOW));                       \
        expect("a NaN equals nothing and orders with nothing", !(y - y < x - x) && x - x != x - x);                    \
        expect("-0 = 0, 1/-0 < 0", hold_##NAME(-0.0) == 0 && one / hold_##NAME(-0.0) < 0);                             \
        static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};                              \
        for (n = 0; n < 4; n++) {                                                                                      \
            fesetround(modes[n]);                                                                                      \
            printf("  mode %d: 1/3 %a, -1/3 %a, 1+tiny %a, huge+huge %a\n", n, (double)(one / hold_##NAME(3)),         \
                   (double)(-one / hold_##NAME(3)), (double)(hold_##NAME(1) + hold_##NAME(tiny)), (double)(hold_##NAME(huge) + hold_##NAME(huge))); \
        }                                                                                                              \
        fesetround(FE_TONEAREST);                                                                                      \
        for (n = 0, x = one; n < 60; n++)                                                                              \
            x = hold_##NAME(x * 3 / 4 + one / (x + n));                                                                \
        printf("  a chain of operations gives %a\n", (double)x);                                                       \
    }

PROGRAM(single_precision, float, sqrtf, powf, fabsf, nextafterf, ldexpf, 24, -149, 127)
PROGRAM(double_precision, double, sqrt, pow, fabs, nextafter, ldexp, 53, -1074, 1023)

int main(void)
{
    single_precision();
    double_precision();
    printf("%d defects\n", defects);
    return defects != 0;
}
