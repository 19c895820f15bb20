"""The code table's numbers, shared by the generator and the run time."""

ENTRY_SIZE = 16  # u32 handler, u32 second handler and ITSTATE, 8 bytes of operands
# Nothing is mapped this far around either half of the table: a direct branch that leaves the address space, over its
# top or below zero, ends here (Interpreter.run then goes on at the right end).
GUARD = 1 << 30
THUMB_TABLE = (1 << 34) + 2 * GUARD  # where T32 entries begin: after 16 bytes for each word of 4 GiB
TABLE_SIZE = THUMB_TABLE + (1 << 35)  # and 16 for each halfword
# Machine code of guests: the interpreter, and after it compiled regions, reached from `decode` by 32 bits.
CODE_SPACE = 1 << 30
