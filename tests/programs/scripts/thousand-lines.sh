#!/bin/sh
# Write a C program of 1,000 lines: 498 functions, each of which the program calls and sums.
awk 'BEGIN {
    print "#include <stdio.h>"
    print "#include <math.h>"
    for (i = 1; i <= 496; i++)
        printf "static long f%d(long n) { long s = 0; for (long i = 0; i < n %% %d + 3; i++) s += (i ^ %d) * n; return s; }\n",
            i, i % 7 + 2, i
    print "int main(void) {"
    print "    unsigned long sum = 0; double root = 0;"
    for (i = 1; i <= 496; i++) printf "    sum = sum * 31 + f%d(%d); root += sqrt(%d);\n", i, i * 3, i
    print "    printf(\"sum %lu, root %.6f\\n\", sum, root);"
    print "    return 0;"
    print "}"
    for (i = 0; i < 1; i++) print "/* the last line */"
}'
