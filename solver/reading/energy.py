"""What the activity of neurons costs, as it is typed: a name, or a name and a column of weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from solver.reading.choice import Choice
from solver.reading.files import InputFile
from solver.reading.samples import read_table
from theory.errors import InputError, unknown_name
from theory.neurons import Neurons, PeakActivity, WeightedActivity

CONTEXT = "context"

ENERGY_NAMES = ("mean", "squared-mean", "peak", CONTEXT)
"""Mean squared activity, squared mean activity, squared largest activity, mean squared activity in a context."""


@dataclass(frozen=True)
class Energy:
    """One of `ENERGY_NAMES`.

    Example:
        >>> Energy.of("context=night")
        Energy(kind='context', context='night')
        >>> Energy.of("peak=night")
        Traceback (most recent call last):
        theory.errors.InputError: energy: 'peak' takes no column; leave out 'night', or write context=night
    """

    kind: str = "mean"  # which one
    context: str | None = None  # the column with the weights of the samples in the context, or None

    @classmethod
    def of(cls, text: str | None) -> Energy:
        """From what was typed: KIND, or context=COLUMN.

        Raises:
            InputError: an unknown kind, a context without a column, or a column of another kind.
        """
        if text is None:
            return cls()
        kind, _, column = (part.strip() for part in text.partition("="))
        if kind not in ENERGY_NAMES:
            raise InputError(unknown_name("energy", kind, ENERGY_NAMES))
        if kind == CONTEXT and not column:
            raise InputError("energy: the weights of the samples in the context are missing; write context=COLUMN")
        if kind != CONTEXT and column:
            raise InputError(f"energy: {kind!r} takes no column; leave out {column!r}, or write {CONTEXT}={column}")
        return cls(kind, column or None)

    def costs(self, costs: Mapping[str, float]) -> dict[str, float]:
        """The costs of a problem: of the squared mean activity, that of activity is one of the bias.

        Args:
            costs: those that were given, by the names of `Problem`.

        Raises:
            InputError: a cost of the bias beside one of the squared mean activity, which is the same.
        """
        if self.kind != "squared-mean":
            return dict(costs)
        if "bias_cost" in costs:
            raise InputError(
                "bias_cost: the squared mean activity is the squared bias, and has the activity cost; leave one out"
            )
        return {**costs, "activity_cost": 0.0, "bias_cost": costs.get("activity_cost", 1.0)}

    def neurons(self, path: str | Path | InputFile) -> Neurons | None:
        """The kind of neuron; None where the usual one will do.

        Args:
            path: the table with the weights of the context.

        Raises:
            InputError: no such column, or weights that are none.
        """
        if self.kind == "peak":
            return PeakActivity()
        if self.context is None:
            return None
        return WeightedActivity(read_table(path, CONTEXT, choice=Choice(columns=(self.context,))).values[:, 0])
