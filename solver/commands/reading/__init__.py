"""Files in: what a file is, and the numbers in it; as a stream, where they are more than memory has room for."""

from solver.commands.reading.given import STANDARD_INPUT, SUFFIXES, Given, Table, given
from solver.commands.reading.samples import (
    read_exactly,
    read_mixing,
    read_samples,
    read_sources,
    read_table,
    read_transitions,
)

__all__ = [
    "STANDARD_INPUT",
    "SUFFIXES",
    "Given",
    "Table",
    "given",
    "read_exactly",
    "read_mixing",
    "read_samples",
    "read_sources",
    "read_table",
    "read_transitions",
]
