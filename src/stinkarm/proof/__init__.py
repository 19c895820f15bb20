"""How the declared instructions are proved: random words against independent oracles. No program needs it."""
