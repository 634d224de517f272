"""What modularity costs along a grid of costs of the encoder, certified at each.

With an exact decoder the cost of the decoder cancels, so that the cost of the encoder alone decides how much weights
count beside activity.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.pictures.words import aligned, amount, counted, kind_words, scales_words, threshold
from solver.plain import attributes
from solver.solving.limits import DEFAULT_TOLERANCE
from solver.solving.solve import solve_one_of_many
from solver.stopping import raise_if_stopped
from theory.conditions.practically import PRACTICALLY, checked_threshold, practically_modular
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs import as_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from theory.arrays import Array
    from theory.problem import Problem


@dataclass(frozen=True, repr=False, eq=False)
class PriceCurve(Frozen):
    """The price of modularity at each of some costs of the encoder.

    Attributes:
        problem: what is coded; its own cost of the encoder may not be among the points.
        encoder_costs: (k,) increasing.
        prices: (k,) price of modularity of the codes found.
        least: (k,) what each is proven to be at least.
        most: (k,) what each is proven to be at most; infinite where no bound is known.
        losses: (k,) of the best code.
        modular_losses: (k,) of the best modular code.
        gaps: (k,) relative gap of each answer.
        practically: price up to which sources count as modular for practical purposes.

    Example:
        >>> from solver import Problem
        >>> curve = price_curve(Problem([[0, 0], [0, 1], [1, 0]]), [0.01, 1, 100])
        >>> [round(100 * float(price), 3) for price in curve.prices], curve.practically_modular
        ([3.3, 0.197, 0.0], [False, False, True])
    """

    problem: Problem
    encoder_costs: Array
    prices: Array
    least: Array
    most: Array
    losses: Array
    modular_losses: Array
    gaps: Array
    practically: float = PRACTICALLY

    @property
    def practically_modular(self) -> list[bool | None]:
        """For each point whether its price is proven to be at most `practically`; None where that is open."""
        bounds = zip(self.least.tolist(), self.most.tolist(), strict=True)
        return [practically_modular(least, most, self.practically) for least, most in bounds]

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists: what `--json` prints.

        Example:
            >>> from solver import Problem
            >>> price_curve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]), [1, 2]).to_dict()["practically_modular"]
            [True, True]
        """
        arrays = ("encoder_costs", "prices", "least", "most", "losses", "modular_losses", "gaps")
        verdicts = attributes(self, "practically", "practically_modular")
        return attributes(self, *arrays) | verdicts | {"sources": list(self.problem.sources.names)}

    def sentences(self) -> list[str]:
        """What was found, in words.

        Example:
            >>> from solver import Problem
            >>> price_curve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]), [1, 2]).sentences()[1]
            'Modular for practical purposes (up to 0.1 %) at 2 of 2 points.'
        """
        name, kind, _ = kind_words(self.problem.groups)
        amounts = self._amounts()
        lowest, highest = int(self.prices.argmin()), int(self.prices.argmax())
        said = (
            f"{amounts[lowest]} at an encoder cost of {self.encoder_costs[lowest]:.3g}, {amounts[highest]} at one of "
        )
        said += f"{self.encoder_costs[highest]:.3g}"
        if len(set(amounts)) == 1:
            said = f"{amounts[0]} at every encoder cost that was looked at"
        judged = self.practically_modular
        small, undecided = sum(one is True for one in judged), sum(one is None for one in judged)
        lines = [
            f"Price of {name}: {said}.",
            f"{kind.capitalize()} {threshold(self.practically)} at {small} of {len(judged)} points.",
        ]
        if undecided:
            lines.append(f"Whether it is so at {counted(undecided, 'other')} is not proven.")
        return [*lines, f"Largest relative gap {self.gaps.max():.1e}.", *scales_words(self.problem)]

    def _amounts(self) -> list[str]:
        """The price of each point, as far as it is known."""
        bounds = zip(self.least.tolist(), self.most.tolist(), self.prices.tolist(), strict=True)
        return [amount(*known) for known in bounds]

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the price over the cost of the encoder; write it to `path` (.png, .pdf, .svg) if given.

        Example:
            >>> from solver import Problem
            >>> figure = price_curve(Problem([[0, 0], [0, 1], [1, 0]]), [0.1, 1, 10]).plot()
        """
        from solver.pictures.questions import plot_price_curve

        return plot_price_curve(self, path=path)

    def __repr__(self) -> str:
        rows = [("encoder cost", "price", "loss", "modular loss")]
        for cost, known, loss, modular in zip(
            self.encoder_costs, self._amounts(), self.losses, self.modular_losses, strict=True
        ):
            rows.append((f"{cost:.4g}", known, f"{loss:.9g}", f"{modular:.9g}"))
        return "\n".join([*self.sentences(), "", *aligned(rows)])


def price_curve(
    problem: Problem,
    encoder_costs: ArrayLike | None = None,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    practically: float = PRACTICALLY,
    callback: Callable[[int, int], object] | None = None,
) -> PriceCurve:
    """The price of modularity along a grid of costs of the encoder.

    Args:
        problem: with known sources, of linear neurons.
        encoder_costs: (k,) prices; if not given 21, from a hundredth of the problem's own (or of one, where that is
            zero) to a hundred times it.
        tolerance: of each search, as for `solve`.
        time_limit: of each search, as for `solve`.
        rng: as for `solve`.
        practically: as for `solve`.
        callback: called with the number of points that are done and that of all.

    Raises:
        InputError: prices that are none; data without known sources; neurons that are not linear, or all of which must
            read one group.

    Source: docs/mathematics.md, "The modularity condition".

    Example:
        >>> from solver import Problem
        >>> curve = price_curve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> len(curve.prices), bool((np.diff(curve.prices) < 1e-9).all()), bool(curve.gaps.max() < 1e-8)
        (21, True, True)
    """
    practically = checked_threshold(practically)
    _require_priced(problem)
    costs = _costs(problem, encoder_costs)
    answers = []
    for number, cost in enumerate(costs.tolist()):
        raise_if_stopped()
        posed = problem.replaced(encoder_cost=cost)
        answers.append(solve_one_of_many(posed, tolerance=tolerance, time_limit=time_limit, rng=rng))
        if callback is not None:
            callback(number + 1, len(costs))
    bounds = np.array([answer.price_bounds for answer in answers])
    return PriceCurve(
        problem=problem,
        encoder_costs=costs,
        prices=np.array([answer.price_of_modularity for answer in answers]),
        least=bounds[:, 0],
        most=bounds[:, 1],
        losses=np.array([answer.loss for answer in answers]),
        modular_losses=np.array([answer.modular_loss for answer in answers]),
        gaps=np.array([answer.gap for answer in answers]),
        practically=practically,
    )


def _require_priced(problem: Problem) -> None:
    if not problem.sources.identified:
        raise InputError("sources: principal coordinates, whose axes mean nothing, so that modularity has no price")
    if not problem.neurons.linear:
        raise InputError(f"activation: {problem.neurons.name} neurons are solved one by one; use linear ones, or solve")
    if problem.separate:
        raise InputError("separate: other codes are needed to compare with; leave it out")


def _costs(problem: Problem, encoder_costs: ArrayLike | None) -> Array:
    """(k,) the costs of the encoder, in increasing order and each once."""
    if encoder_costs is None:
        return np.geomspace(0.01, 100, 21) * (problem.encoder_cost or 1.0)
    costs = np.atleast_1d(as_array(encoder_costs, "encoder_costs"))
    if costs.ndim != 1 or not 0 < len(costs) <= 10_000 or not (np.isfinite(costs) & (costs >= 0)).all():
        raise InputError("encoder_costs: give from one to 10,000 finite numbers from zero on")
    return np.unique(costs)
