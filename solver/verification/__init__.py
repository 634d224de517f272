"""Theorems and conjectures against certified optima: cases, judgement, counterexamples made small, and a report."""
