@ Write "Hello, world!" to standard output.

    .global _start
_start:
    mov r0, #1              @ standard output
    ldr r1, =message
    mov r2, #14
    mov r7, #4              @ write
    svc #0
    mov r0, #0
    mov r7, #1              @ exit
    svc #0

    .section .rodata
message:
    .asciz "Hello, world!\n"
