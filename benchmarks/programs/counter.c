/* Two threads that add to one number: by an atomic addition, and by compare-and-exchange. */
#include <pthread.h>
#include "work.h"

static unsigned added, exchanged, count;

static void *add(void *unused) {
    for (unsigned i = 0; i < count; i++) {
        __atomic_fetch_add(&added, 1, __ATOMIC_SEQ_CST);
        unsigned old = __atomic_load_n(&exchanged, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&exchanged, &old, old + 3, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) continue;
    }
    return unused;
}

int main(int argc, char **argv) {
    pthread_t threads[2];
    count = work(argc, argv) * 1000;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, add, NULL)) {
            perror("pthread_create");
            return 1;
        }
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    printf("%u %u\n", added, exchanged);
}
