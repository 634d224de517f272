"""Arithmetic without rounding: rationals and surds, hulls in integers, proofs and their check."""
