"""Sources to try things on, which are there once the program is installed: `modularity solve --example iris`.

Each is a table beside this file: one sample a row, one named source a column.

Example:
    >>> from solver import Problem, examples, solve
    >>> for name in examples.EXAMPLES:
    ...     answer = solve(Problem(examples.load(name)))
    ...     print(name, len(answer), f"{100 * answer.price_of_modularity:.3g} %")
    corner_cut_square 3 0.225 %
    cornerless_cube 4 0.22 %
    iris 9 15.9 %
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from theory.errors import InputError, unknown_name

if TYPE_CHECKING:
    from theory.sources import Sources

__all__ = ["EXAMPLES", "load", "path_of"]

EXAMPLES = {
    "corner_cut_square": "A square grid without one corner: correlated a little, and mixed.",
    "cornerless_cube": "A cubic grid without two opposite corners: one neuron a source, and a fourth that mixes all.",
    "iris": "Fisher's measurements of 150 iris flowers (1936): four strongly correlated sources.",
}
"""Their names, with a line about each."""


def path_of(name: str) -> Path:
    """The file of an example.

    Raises:
        InputError: there is none of this name.

    Example:
        >>> path_of("iris").name
        'iris.csv'
    """
    if name not in EXAMPLES:
        raise InputError(unknown_name("example", name, EXAMPLES))
    return Path(__file__).with_name(f"{name}.csv")


def load(name: str) -> Sources:
    """The sources of an example, with their names.

    Raises:
        InputError: there is none of this name.

    Example:
        >>> load("iris")
        Sources(150 samples of sepal_length, sepal_width, petal_length, petal_width)
    """
    from solver.reading import read_sources

    return read_sources(path_of(name))
