"""Solving: `plan` decides which way to go, `run` goes it, `answer` certifies what it came to, `solve` is the door."""
