"""Logical formulas of up to three labels, and the class of all of them (docs/mathematics.md, "Why a neuron fires").

A literal is a label or its negation. A formula is a tree of at most three literals, joined by AND and OR. Two trees are
one formula if they are true of the same combinations of labels; constants are no formulas. A label that occurs twice
adds nothing: what is not constant reads then as one or two literals. So of k labels there are

    2 k  +  8 C(k, 2)  +  64 C(k, 3)

formulas. With two labels: AND or OR of a literal of each. With three: AND or OR of all (8 each), one AND an OR of the
others, or one OR an AND of the others (3 times 8 each).

1. Write the formulas of one, two or three roles in all ways, each with its table of truth.
2. Of those with one table keep the first, whose roles ascend wherever that is free: 2, 8 or 64 forms.
3. The weight of the samples of which a form is true is a combination of moments, by inclusion and exclusion.
4. Formulas of three labels are written with the labels in ascending order, by the form that then says the same.
5. The canonical order has the simplest first: fewer literals, then fewer NOT, then AND, OR, AND of an OR, OR of an AND,
   then the labels in the order of their names as they are written. It does not depend on the order of the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array, Indices, Mask
from theory.errors import InputError

AND, OR = "AND", "OR"

OPERATORS: dict[int, tuple[tuple[str, ...], ...]] = {
    1: ((),),
    2: ((AND,), (OR,)),
    3: ((AND, AND), (OR, OR), (AND, OR), (OR, AND)),
}
"""For each number of literals how they may be joined, the simplest first: the first operator is the outer one."""


@dataclass(frozen=True)
class Formula:
    """A logical formula of up to three labels.

    Attributes:
        labels: of its literals, in the order in which it is written.
        negated: for each literal whether it is NOT the label.
        operators: "AND" or "OR", one fewer than there are literals; of two different ones the second joins the last two
            literals, in brackets.

    Example:
        >>> formula = Formula(("red", "large", "round"), (False, True, False), ("AND", "OR"))
        >>> str(formula), formula.size
        ('red AND (NOT large OR round)', 3)
        >>> formula.holds({"red": [1, 1, 0], "large": [1, 0, 0], "round": [0, 0, 1]}).tolist()
        [False, True, False]
    """

    labels: tuple[str, ...]
    negated: tuple[bool, ...]
    operators: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many literals it has."""
        return len(self.labels)

    def holds(self, labels: Mapping[str, Any]) -> Mask:
        """(T,) whether it is true of each sample.

        Args:
            labels: for each name in `labels` a column (T,) of 0 and 1; a DataFrame will do.

        Raises:
            InputError: a label is missing.

        Example:
            >>> Formula(("red",), (True,), ()).holds({"red": [0, 1]}).tolist()
            [True, False]
        """
        missing = [name for name in self.labels if name not in labels]
        if missing:
            raise InputError(f"labels: there is no column {missing[0]!r}; give one for each label of the formula")
        literals = [
            np.asarray(labels[name], dtype=bool) ^ negated
            for name, negated in zip(self.labels, self.negated, strict=True)
        ]
        joined = {AND: np.logical_and, OR: np.logical_or}
        result = literals.pop()
        for operator in reversed(self.operators):
            result = joined[operator](literals.pop(), result)
        return result

    def __str__(self) -> str:
        words = [f"NOT {name}" if negated else name for name, negated in zip(self.labels, self.negated, strict=True)]
        if len(set(self.operators)) < 2:
            return f" {self.operators[0]} ".join(words) if self.operators else words[0]
        return f"{words[0]} {self.operators[0]} ({words[1]} {self.operators[1]} {words[2]})"


@dataclass(frozen=True, eq=False)
class Forms:
    """All formulas that read each of a few labels once; the labels are roles, numbered from zero."""

    truth: Mask  # (F, 2^size) of each form, in which cells of the labels it holds; role 0 is the highest bit of a cell
    order: Indices  # (F, size) the roles as they are written
    negated: Mask  # (F, size) for each role whether it is negated
    kind: Indices  # (F,) number of its operators in `OPERATORS`
    # (F, 2^size) of each form in the moments of the cells: for each set of roles the weight of all samples that have
    # these labels. The weight of the cells in which a form holds is this combination of them
    weights: Array


@cache
def forms(size: int) -> Forms:
    """The 2, 8 or 64 formulas of one, two or three given labels.

    Example:
        >>> [len(forms(size).truth) for size in (1, 2, 3)]
        [2, 8, 64]
    """
    # Step 1.
    cells = np.array(list(product((False, True), repeat=size)))
    distinct: dict[bytes, tuple[Mask, tuple[int, ...], tuple[bool, ...], int]] = {}
    for kind, operators in enumerate(OPERATORS[size]):
        for negated in product((False, True), repeat=size):
            # The first way to write a formula has its roles in ascending order wherever that is free.
            for order in permutations(range(size)):
                names = tuple(map(str, order))
                signs = tuple(negated[role] for role in order)
                truth = Formula(names, signs, operators).holds({str(role): cells[:, role] for role in range(size)})
                distinct.setdefault(truth.tobytes(), (truth, order, negated, kind))  # step 2
    truths, orders, negations, kinds = (np.array(part) for part in zip(*distinct.values(), strict=True))
    return Forms(truths, orders, negations, kinds, truths @ _cells_from_moments(size))


def _cells_from_moments(size: int) -> Array:
    """Step 3: (2^size, 2^size) the weight of each cell from the moments, by inclusion and exclusion."""
    sets = np.arange(2**size)
    wider = (sets[:, None] & sets) == sets[:, None]
    return np.where(wider, (-1.0) ** np.bitwise_count(sets[:, None] ^ sets), 0.0)


@cache
def _renamed() -> NDArray[np.intp]:
    """(27, 64) number of the form of three roles that says the same once role r is called what a code says it is."""
    table = np.zeros((27, 64), dtype=np.intp)
    truth = forms(3).truth.reshape(-1, 2, 2, 2)
    number = {row.tobytes(): form for form, row in enumerate(forms(3).truth)}
    for order in permutations(range(3)):
        code = order[0] * 9 + order[1] * 3 + order[2]
        table[code] = [number[np.ascontiguousarray(row.transpose(order)).tobytes()] for row in truth]
    return table


def sorted_roles(labels: Indices, form: Indices) -> tuple[Indices, Indices]:
    """Formulas of three labels, with their labels in ascending order (step 4).

    Args:
        labels: (m, 3) numbers of labels, all different in a row.
        form: (m,) of `forms(3)`, whose roles are these columns.

    Example:
        >>> labels, form = sorted_roles(np.array([[7, 2, 5]]), np.array([0]))
        >>> labels.tolist(), form.tolist()
        ([[2, 5, 7]], [0])
    """
    order = np.argsort(labels, axis=1)
    renamed = _renamed()[order @ np.array([9, 3, 1]), form]
    return np.take_along_axis(labels, order, axis=1), renamed


def in_order(labels: Indices, form: Indices) -> Indices:
    """(m,) the canonical order of formulas of one size (step 5).

    Args:
        labels: (m, size) numbers of labels, ascending in each row, in the order of their names.
        form: (m,) of `forms(size)`.

    Example:
        >>> in_order(np.array([[4], [4], [1]]), np.array([0, 1, 0])).tolist()
        [2, 0, 1]
    """
    which = forms(labels.shape[1])
    written = np.take_along_axis(labels, which.order[form], axis=1)
    signs = np.take_along_axis(which.negated[form], which.order[form], axis=1)
    keys = [which.negated[form].sum(axis=1), which.kind[form], *written.T, *signs.T]
    return np.lexsort(keys[::-1])


def formula_of(labels: Indices, form: int, names: tuple[str, ...]) -> Formula:
    """The formula of labels with these names.

    Args:
        labels: (size,) numbers of labels, ascending.
        form: number of its form.
        names: of all labels.

    Example:
        >>> str(formula_of(np.array([0, 2]), 0, ("a", "b", "c")))
        'a AND c'
    """
    which = forms(len(labels))
    order = which.order[form]
    return Formula(
        tuple(names[labels[role]] for role in order),
        tuple(bool(which.negated[form, role]) for role in order),
        OPERATORS[len(labels)][which.kind[form]],
    )
