"""Theorems about decoders that may err."""
