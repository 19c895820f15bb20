#!/bin/sh
# Rebuild signals.elf, or write it to the file named: sh build.sh [FILE]. The one here is of GCC 12.2.0.
here=$(dirname "$0")
exec arm-linux-gnueabi-gcc -static -nostdlib -ffreestanding -fno-builtin -O1 -marm -march=armv7-a -mfpu=neon \
    -mfloat-abi=softfp -Wall -Wextra -fno-stack-protector -fno-pic -no-pie -Wl,--build-id=none \
    -Wl,-z,noseparate-code -Wl,-z,max-page-size=4096 -s -o "${1:-$here/signals.elf}" "$here/signals.c"
