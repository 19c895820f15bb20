/* Count the primes below N (default 1,000,000) with a sieve. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    unsigned limit = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    unsigned char *composite = calloc(limit + 1, 1);
    if (!composite) {
        fprintf(stderr, "primes: no memory for a sieve of %u\n", limit);
        return 1;
    }
    unsigned count = 0;
    for (unsigned n = 2; n < limit; n++) {
        if (composite[n])
            continue;
        count++;
        for (unsigned long long multiple = (unsigned long long)n * n; multiple < limit; multiple += n)
            composite[multiple] = 1;
    }
    printf("%u primes below %u\n", count, limit);
    free(composite);
    return 0;
}
