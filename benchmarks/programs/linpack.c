/* A dense system solved by Gaussian elimination with partial pivoting, column by column as LINPACK's DGEFA and DGESL do. */
#include <math.h>
#include <string.h>
#include "work.h"

enum { SIZE = 100 };

static double a[SIZE][SIZE], b[SIZE]; /* a[column][row] */
static int pivots[SIZE];

static void axpy(int count, double factor, const double *x, double *y) {
    for (int i = 0; i < count; i++) y[i] += factor * x[i];
}

static void fill(unsigned *seed) {
    memset(b, 0, sizeof b);
    for (int j = 0; j < SIZE; j++)
        for (int i = 0; i < SIZE; i++) {
            a[j][i] = next_random(seed) / 4294967296.0 - 0.5;
            b[i] += a[j][i];
        }
}

static void factor(void) {
    for (int k = 0; k < SIZE - 1; k++) {
        int pivot = k;
        for (int i = k + 1; i < SIZE; i++)
            if (fabs(a[k][i]) > fabs(a[k][pivot])) pivot = i;
        pivots[k] = pivot;
        double t = a[k][pivot];
        a[k][pivot] = a[k][k];
        a[k][k] = t;
        for (int i = k + 1; i < SIZE; i++) a[k][i] *= -1 / t;
        for (int j = k + 1; j < SIZE; j++) {
            t = a[j][pivot];
            a[j][pivot] = a[j][k];
            a[j][k] = t;
            axpy(SIZE - k - 1, t, &a[k][k + 1], &a[j][k + 1]);
        }
    }
}

static void solve(void) {
    for (int k = 0; k < SIZE - 1; k++) {
        double t = b[pivots[k]];
        b[pivots[k]] = b[k];
        b[k] = t;
        axpy(SIZE - k - 1, t, &a[k][k + 1], &b[k + 1]);
    }
    for (int k = SIZE - 1; k >= 0; k--) {
        b[k] /= a[k][k];
        axpy(k, -b[k], a[k], b);
    }
}

int main(int argc, char **argv) {
    unsigned seed = 1;
    double error = 0;
    for (unsigned round = work(argc, argv); round > 0; round--) {
        fill(&seed);
        factor();
        solve();
        for (int i = 0; i < SIZE; i++) error = fmax(error, fabs(b[i] - 1));
    }
    printf("%s %.3g\n", error < 1e-6 ? "solved" : "wrong", error);
}
