/* Points of the Mandelbrot set, in double precision. */
#include "work.h"

int main(int argc, char **argv) {
    unsigned inside = 0, steps = 0;
    int rows = work(argc, argv);
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < 200; column++) {
            double cx = column / 100.0 - 1.5, cy = row * 2.0 / rows - 1, x = 0, y = 0;
            int i = 0;
            for (; i < 50 && x * x + y * y < 4; i++) {
                double next = x * x - y * y + cx;
                y = 2 * x * y + cy;
                x = next;
            }
            inside += i == 50;
            steps += i;
        }
    printf("%u %u\n", inside, steps);
}
