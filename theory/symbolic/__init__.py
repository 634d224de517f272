"""The derivation in sympy, and the pages and formulas that are printed from it."""
