#include <stdio.h>
int main(void) {
    unsigned crc = 0xffffffff;
    for (unsigned i = 0; i < 1500000; i++) {
        crc ^= i & 0xff;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    printf("%08x\n", ~crc);
}
