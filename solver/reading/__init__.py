"""Files in: what a file is, and the numbers in it; as a stream, where they are more than memory has room for."""

from solver.reading.choice import EVERYTHING, Choice
from solver.reading.energy import Energy
from solver.reading.files import STANDARD_INPUT, SUFFIXES, InputFile, NumericTable, input_file
from solver.reading.labels import columns_of, read_labels
from solver.reading.samples import (
    read_exactly,
    read_mixing,
    read_prepared,
    read_samples,
    read_sources,
    read_table,
    read_transitions,
    rows_in_order,
)

__all__ = [
    "EVERYTHING",
    "STANDARD_INPUT",
    "SUFFIXES",
    "Choice",
    "Energy",
    "InputFile",
    "NumericTable",
    "columns_of",
    "input_file",
    "read_exactly",
    "read_labels",
    "read_mixing",
    "read_prepared",
    "read_samples",
    "read_sources",
    "read_table",
    "read_transitions",
    "rows_in_order",
]
