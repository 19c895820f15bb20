/* The largest singular value of the matrix 1/((i+j)(i+j+1)/2+i+1), by the power method. */
#include <math.h>
#include "work.h"

enum { SIZE = 100 };

static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void multiply(const double *v, double *out, int transposed) {
    for (int i = 0; i < SIZE; i++) {
        double sum = 0;
        for (int j = 0; j < SIZE; j++) sum += (transposed ? element(j, i) : element(i, j)) * v[j];
        out[i] = sum;
    }
}

int main(int argc, char **argv) {
    double u[SIZE], v[SIZE], t[SIZE], uv = 0, vv = 0;
    for (int i = 0; i < SIZE; i++) u[i] = 1;
    for (unsigned round = work(argc, argv); round > 0; round--) {
        multiply(u, t, 0);
        multiply(t, v, 1);
        multiply(v, t, 0);
        multiply(t, u, 1);
    }
    for (int i = 0; i < SIZE; i++) uv += u[i] * v[i], vv += v[i] * v[i];
    printf("%.9f\n", sqrt(uv / vv));
}
