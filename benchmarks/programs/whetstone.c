/* The modules of the Whetstone benchmark (Curnow and Wichmann, 1976), in double precision. */
#include <math.h>
#include "work.h"

static double e1[4], t = 0.499975, t1 = 0.50025, t2 = 2.0;
static int j, k, l;

static void array_parameter(double *e) {
    for (int i = 0; i < 6; i++) {
        e[0] = (e[0] + e[1] + e[2] - e[3]) * t;
        e[1] = (e[0] + e[1] - e[2] + e[3]) * t;
        e[2] = (e[0] - e[1] + e[2] + e[3]) * t;
        e[3] = (-e[0] + e[1] + e[2] + e[3]) / t2;
    }
}

static void array_reference(void) {
    e1[j] = e1[k];
    e1[k] = e1[l];
    e1[l] = e1[j];
}

static __attribute__((noinline)) void call(double x, double y, double *z) {
    x = t * (x + y);
    y = t * (x + y);
    *z = (x + y) / t2;
}

int main(int argc, char **argv) {
    double x1 = 1, x2 = -1, x3 = -1, x4 = -1, x, y, z = 0, total = 0;
    for (unsigned round = work(argc, argv); round > 0; round--) {
        x1 = 1, x2 = x3 = x4 = -1;
        e1[0] = 1, e1[1] = e1[2] = e1[3] = -1;
        for (int i = 0; i < 120; i++) { /* simple identifiers, array elements */
            x1 = (x1 + x2 + x3 - x4) * t;
            x2 = (x1 + x2 - x3 + x4) * t;
            x3 = (x1 - x2 + x3 + x4) * t;
            x4 = (-x1 + x2 + x3 + x4) * t;
            e1[0] = (e1[0] + e1[1] + e1[2] - e1[3]) * t;
            e1[1] = (e1[0] + e1[1] - e1[2] + e1[3]) * t;
            e1[2] = (e1[0] - e1[1] + e1[2] + e1[3]) * t;
            e1[3] = (-e1[0] + e1[1] + e1[2] + e1[3]) * t;
        }
        for (int i = 0; i < 14; i++) array_parameter(e1);
        j = 1;
        for (int i = 0; i < 345; i++) { /* conditional jumps */
            j = j == 1 ? 2 : 3;
            j = j > 2 ? 0 : 1;
            j = j < 1 ? 1 : 0;
        }
        j = 1, k = 2, l = 3;
        for (int i = 0; i < 210; i++) { /* integers */
            j = j * (k - j) * (l - k);
            k = l * k - (l - j) * k;
            l = (l - k) * (k + j);
            e1[l - 2] = j + k + l;
            e1[k - 2] = j * k * l;
        }
        x = y = 0.5;
        for (int i = 0; i < 32; i++) { /* trigonometry */
            x = t * atan(t2 * sin(x) * cos(x) / (cos(x + y) + cos(x - y) - 1));
            y = t * atan(t2 * sin(y) * cos(y) / (cos(x + y) + cos(x - y) - 1));
        }
        total += x + y;
        x = y = z = 1;
        for (int i = 0; i < 899; i++) call(x, y, &z);
        j = 0, k = 1, l = 2;
        e1[0] = 1, e1[1] = 2, e1[2] = 3;
        for (int i = 0; i < 616; i++) array_reference();
        x = 0.75;
        for (int i = 0; i < 93; i++) x = sqrt(exp(log(x) / t1));
        total += x + z + e1[2] + x4;
    }
    printf("%.9f\n", total);
}
