"""Bounding codes: conic programs, lifted relaxations, and branch and bound over directions."""
