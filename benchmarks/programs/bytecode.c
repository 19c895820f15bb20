/* A stack machine in a switch; its program counts down from a number and sums. */
#include "work.h"

enum { PUSH, ADD, SUB, DUP, SWAP, JNZ, STORE, LOAD, HALT };

static int program[] = {
    PUSH, 0, STORE, 0, PUSH, 0, STORE, 1,
    LOAD, 0, LOAD, 1, ADD, STORE, 0,
    LOAD, 1, PUSH, 1, SUB, DUP, STORE, 1, JNZ, 8,
    LOAD, 0, HALT,
};

static unsigned run(const int *code) {
    unsigned stack[64], memory[2] = {0, 0};
    int sp = 0;
    for (int pc = 0;;) {
        switch (code[pc++]) {
        case PUSH: stack[sp++] = code[pc++]; break;
        case ADD: sp--; stack[sp - 1] += stack[sp]; break;
        case SUB: sp--; stack[sp - 1] -= stack[sp]; break;
        case DUP: stack[sp] = stack[sp - 1]; sp++; break;
        case SWAP: { unsigned t = stack[sp - 1]; stack[sp - 1] = stack[sp - 2]; stack[sp - 2] = t; break; }
        case JNZ: sp--; pc = stack[sp] ? code[pc] : pc + 1; break;
        case STORE: memory[code[pc++]] = stack[--sp]; break;
        case LOAD: stack[sp++] = memory[code[pc++]]; break;
        case HALT: return stack[sp - 1];
        }
    }
}

int main(int argc, char **argv) {
    program[5] = work(argc, argv) * 1000;
    printf("%u\n", run(program));
}
