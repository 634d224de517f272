"""Rectified and free neurons: what `solve` returns of them, in numbers, words, pictures and files."""
