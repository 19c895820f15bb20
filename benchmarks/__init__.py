"""The benchmarks: stinkarm, qemu-arm and the host itself on the same programs, measured in turns."""
