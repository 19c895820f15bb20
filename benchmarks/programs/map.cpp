// std::map and std::string: a red-black tree with keys that are compared byte by byte.
#include <map>
#include <string>
#include "work.h"

int main(int argc, char **argv) {
    std::map<std::string, unsigned> words;
    std::map<unsigned, unsigned> numbers;
    unsigned seed = 1, sum = 0;
    for (unsigned i = work(argc, argv) * 100; i > 0; i--) {
        unsigned key = next_random(&seed) >> 18;
        words["word " + std::to_string(key & 4095)] += i;
        numbers[key] += i;
        if (i % 3 == 0) numbers.erase(next_random(&seed) >> 18);
    }
    for (const auto &word : words) sum = sum * 31 + word.second;
    for (const auto &number : numbers) sum = sum * 31 + number.second;
    printf("%u %zu %zu\n", sum, words.size(), numbers.size());
}
