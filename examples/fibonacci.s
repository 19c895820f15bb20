@ Print fib(24), computed by calling itself 150,049 times. Needs no library: the number is
@ turned into decimal digits here, with udiv and mls, by T32 code.

    .syntax unified
    .global _start
_start:
    mov r0, #24
    bl fibonacci
    blx print_number
    mov r0, #0
    mov r7, #1              @ exit
    svc #0

@ r0 = fib(r0)
fibonacci:
    cmp r0, #2
    bxlo lr
    push {r4, r5, r6, lr}
    mov r4, r0
    sub r0, r4, #1
    bl fibonacci
    mov r5, r0
    sub r0, r4, #2
    bl fibonacci
    add r0, r0, r5
    pop {r4, r5, r6, pc}

@ Write r0 in decimal and a newline.
    .thumb
    .thumb_func
print_number:
    push {r4, lr}
    sub sp, #16
    add r1, sp, #15         @ the text is built from its end
    movs r4, #'\n'
    strb r4, [r1]
    movs r2, #10
next_digit:
    udiv r3, r0, r2
    mls r4, r3, r2, r0      @ r4 = r0 % 10
    adds r4, #'0'
    strb r4, [r1, #-1]!
    movs r0, r3
    bne next_digit
    add r2, sp, #16
    subs r2, r2, r1         @ length
    movs r0, #1             @ standard output
    movs r7, #4             @ write
    svc #0
    add sp, #16
    pop {r4, pc}
