"""What can be derived, by name: apart from the derivation, so that a command's help need not wait for sympy."""

MIXING_NAMES = ("orthonormal", "general")  # A'A = 1, or any mixing of full column rank

READOUT_NAMES = ("exact", "soft", "noisy", "fixed-variance")
"""Exact decoder; squared error at a cost; noise as well; or no decoder, with diag G fixed."""
