@ Follow a null pointer to a structure, to see a crash report.

    .global _start
_start:
    mov r4, #0              @ struct node *node = NULL
    bl visit
    mov r0, #0
    mov r7, #1              @ exit
    svc #0

visit:
    ldr r0, [r4, #16]       @ node->next
    bx lr
