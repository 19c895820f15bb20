"""The code table's numbers, shared by the generator and the run time."""

ENTRY_SIZE = 16  # u32 handler, u32 second handler and ITSTATE, 8 bytes of operands
THUMB_TABLE = 1 << 34  # where T32 entries begin: after 16 bytes for each word of 4 GiB
