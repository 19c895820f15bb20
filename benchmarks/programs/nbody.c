/* The sun and the giant planets under their gravity, in double precision (symplectic Euler). */
#include <math.h>
#include "work.h"

struct body { double x[3], v[3], mass; };

#define PI 3.141592653589793
#define SUN (4 * PI * PI)
#define YEAR 365.24

static struct body bodies[5] = {
    {{0, 0, 0}, {0, 0, 0}, SUN},
    {{4.84143144246472090, -1.16032004402742839, -0.103622044471123109},
     {0.00166007664274403694 * YEAR, 0.00769901118419740425 * YEAR, -0.0000690460016972063023 * YEAR},
     0.000954791938424326609 * SUN},
    {{8.34336671824457987, 4.12479856412430479, -0.403523417114321381},
     {-0.00276742510726411379 * YEAR, 0.00499852801234917238 * YEAR, 0.0000230417297573763929 * YEAR},
     0.000285885980666130812 * SUN},
    {{12.8943695621391310, -15.1111514016986312, -0.223307578892655734},
     {0.00296460137564761618 * YEAR, 0.00237847173959480950 * YEAR, -0.0000296589568540237556 * YEAR},
     0.0000436624404335156298 * SUN},
    {{15.3796971148509165, -25.9193146099879641, 0.179258772950371181},
     {0.00268067772490389322 * YEAR, 0.00162824170038242295 * YEAR, -0.0000951592254519715870 * YEAR},
     0.0000515138902046611451 * SUN},
};

static double energy(void) {
    double sum = 0;
    for (int i = 0; i < 5; i++) {
        struct body *a = &bodies[i];
        sum += a->mass * (a->v[0] * a->v[0] + a->v[1] * a->v[1] + a->v[2] * a->v[2]) / 2;
        for (int j = i + 1; j < 5; j++) {
            struct body *b = &bodies[j];
            double dx = a->x[0] - b->x[0], dy = a->x[1] - b->x[1], dz = a->x[2] - b->x[2];
            sum -= a->mass * b->mass / sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return sum;
}

static void advance(double step) {
    for (int i = 0; i < 5; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < 5; j++) {
            struct body *b = &bodies[j];
            double dx = a->x[0] - b->x[0], dy = a->x[1] - b->x[1], dz = a->x[2] - b->x[2];
            double square = dx * dx + dy * dy + dz * dz, pull = step / (square * sqrt(square));
            a->v[0] -= dx * b->mass * pull, a->v[1] -= dy * b->mass * pull, a->v[2] -= dz * b->mass * pull;
            b->v[0] += dx * a->mass * pull, b->v[1] += dy * a->mass * pull, b->v[2] += dz * a->mass * pull;
        }
    }
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 3; k++) bodies[i].x[k] += step * bodies[i].v[k];
}

int main(int argc, char **argv) {
    unsigned steps = work(argc, argv) * 1000;
    for (int k = 0; k < 3; k++)
        for (int i = 1; i < 5; i++) bodies[0].v[k] -= bodies[i].v[k] * bodies[i].mass / SUN;
    printf("%.9f\n", energy());
    while (steps--) advance(0.01);
    printf("%.9f\n", energy());
}
