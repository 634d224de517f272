"""What a table of labels alone predicts: which two labels the best linear code keeps in separate neurons.

Take labels as the sources (docs/mathematics.md, "Why a neuron fires").

1. Find the combinations of each two labels that never occur.
2. Where all four occur, however rarely, the hull is a rectangle, and the best code has a neuron for each: range
   independence. Where one never occurs, two literals x and y never hold together, and the best code has a neuron for
   each if and only if P(x) + P(y) <= 1/2, whatever the costs of weights. Where two never occur the labels say the same,
   or the opposite.
3. List pairs that lack one combination, those of the largest shares first. Certify the price of those that are mixed.
4. Decide on all labels together: few of them by the condition, with a certified price. The code of many is mixed if
   that of two of them is; of labels that exclude each other it is modular if and only if their P add up to 1/2 at most.
   Of others, and where one label follows from the rest, it is not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import solver.solving.plan as planning
from solver.certificate import best_bound
from solver.explanations.formulas import Formula
from solver.methods import columns
from theory.arrays import Array, Mask
from theory.conditions import decide
from theory.immutable import Frozen
from theory.problem import Problem


@dataclass(frozen=True)
class LabelPair:
    """Two labels of which one combination never occurs.

    Attributes:
        first: a literal, such as "red" or "NOT red".
        second: that of the other label; no sample has both.
        shares: of the samples that have each.
        expected: how many samples would have both if the labels were independent: of few, it is no wonder that there
            are none.
        modular: whether the best linear code of the two has a neuron for each.
        price_bounds: its price of modularity is proven to lie between these two.
    """

    first: str
    second: str
    shares: tuple[float, float]
    expected: float
    modular: bool
    price_bounds: tuple[float, float]


@dataclass(frozen=True, eq=False)
class LabelPairs(Frozen):
    """What the labels alone predict of the neurons that code them.

    Attributes:
        labels: k names.
        apart: (k, k) whether the best linear code of two labels has a neuron for each; False on the diagonal.
        never: how many pairs of labels lack one combination.
        same: how many pairs of labels say the same, or the opposite.
        listed: pairs that lack one combination, those of the largest shares first, not all where there are many.
        modular: whether the best code of all labels together has a neuron for each; None where that is not known: of
            more than five labels that neither have a mixed pair nor exclude each other, or where one follows from
            others.
        price_bounds: the price of modularity of all labels together is proven to lie between these; NaN if not known.

    Source: docs/mathematics.md, "Why a neuron fires"; Dorrell et al. (ICLR 2025), range independence.
    """

    labels: tuple[str, ...]
    apart: Mask
    never: int
    same: int
    listed: tuple[LabelPair, ...]
    modular: bool | None
    price_bounds: tuple[float, float]


def label_pairs(
    names: tuple[str, ...], values: Mask, weights: Array, *, encoder_cost: float = 1.0, decoder_cost: float = 1.0
) -> LabelPairs:
    """Read from a table of labels what theory predicts.

    Args:
        names: k names.
        values: (T, k).
        weights: (T,) of the samples, positive.
        encoder_cost: of the problems whose prices are computed.
        decoder_cost: of them as well.

    Example:
        >>> values = np.array([[1, 0], [0, 1], [0, 0], [0, 0], [0, 0]], dtype=bool)
        >>> pairs = label_pairs(("red", "green"), values, np.ones(5))
        >>> pairs.apart[0, 1], pairs.never, pairs.listed[0].first, pairs.listed[0].expected
        (np.True_, 1, 'green', 0.2)
    """
    table = _LabelTable(names, values, weights / weights.sum(), encoder_cost, decoder_cost)
    sides = np.stack([~values, values]).astype(float)
    one = np.einsum("stk,t->sk", sides, table.share)  # of the samples without and with each label
    met = np.array([[(first * table.share[:, None]).T @ second > 0 for second in sides] for first in sides])
    # Step 1.
    missing = ~met  # (2, 2, k, k): the combinations that never occur
    lacking = missing.sum(axis=(0, 1))
    np.fill_diagonal(lacking, 0)
    # Step 2.
    load = (one[:, None, :, None] + one[None, :, None, :] - 0.5) * missing
    apart = (lacking == 0) | ((lacking == 1) & (load.sum(axis=(0, 1)) <= 1e-12))
    np.fill_diagonal(apart, False)
    upper = np.triu(lacking == 1, 1)
    modular, price = table.together(apart)
    return LabelPairs(
        labels=names,
        apart=apart,
        never=int(upper.sum()),
        same=int(np.triu(lacking > 1, 1).sum()),
        listed=tuple(table.listed(one, missing & upper, apart)),
        modular=modular,
        price_bounds=price,
    )


@dataclass(frozen=True, eq=False)
class _LabelTable:
    """Labels (T, k), the shares (T,) of their samples, and the prices of their codes."""

    names: tuple[str, ...]
    values: Mask
    share: Array
    encoder_cost: float
    decoder_cost: float

    def listed(self, one: Array, missing: Mask, apart: Mask) -> list[LabelPair]:
        """The pairs of the largest shares, with their prices (step 3).

        Args:
            one: (2, k) share of the samples without and with each label.
            missing: (2, 2, k, k) combinations of two labels that never occur, each pair once.
            apart: (k, k) whether the code of a pair has a neuron for each.
        """
        names, count = self.names, 1 / float(self.share @ self.share)
        rows = []
        side, other_side, i, j = np.nonzero(missing)
        # Neither the order of the pairs nor that within them is that of the columns.
        total = np.round(one[side, i] + one[other_side, j], 12)
        literals = list(zip(i.tolist(), side.tolist(), j.tolist(), other_side.tolist(), -total, strict=True))
        pairs = [(less, *sorted([(names[a], a, s), (names[b], b, t)])) for a, s, b, t, less in literals]
        for _, (_, a, s), (_, b, t) in sorted(pairs)[:20]:
            shares = float(one[s, a]), float(one[t, b])
            modular = bool(apart[a, b])
            price = (0.0, 0.0) if modular else _price(self.problem([a, b]))
            first, second = (str(Formula((names[label],), (not sign,), ())) for label, sign in ((a, s), (b, t)))
            rows.append(LabelPair(first, second, shares, shares[0] * shares[1] * count, modular, price))
        return rows

    def together(self, apart: Mask) -> tuple[bool | None, tuple[float, float]]:
        """Whether all labels together are best coded one by one, and what that costs (step 4).

        Args:
            apart: (k, k) whether the code of a pair has a neuron for each.
        """
        free, unknown = (0.0, 0.0), (float("nan"), float("nan"))
        centred = self.values - self.share @ self.values
        if np.linalg.matrix_rank(centred * np.sqrt(self.share)[:, None]) < len(self.names):
            return None, unknown  # one label follows from others
        if len(self.names) <= planning.SIZES.exact_sources:
            problem = self.problem(list(range(len(self.names))))
            modular = decide(problem).modular
            return modular, free if modular else _price(problem)
        if not apart[np.triu_indices(len(self.names), 1)].all():
            return False, unknown
        if self.values.sum(axis=1).max() > 1:
            return None, unknown
        # No two are ever together. On some samples there is none, or one label would follow from the others.
        modular = bool(self.share @ self.values.sum(axis=1) <= 0.5 + 1e-12)
        return modular, free if modular else unknown

    def problem(self, labels: list[int]) -> Problem:
        """Some of the labels as sources."""
        return Problem(
            self.values[:, labels].astype(float),
            probabilities=self.share,
            encoder_cost=self.encoder_cost,
            decoder_cost=self.decoder_cost,
        )


def _price(problem: Problem) -> tuple[float, float]:
    """Bounds on the price of modularity: from a code, and from what no code can cost less than."""
    *_, last = columns.steps(problem.canonical, tolerance=1e-8, rng=np.random.default_rng(0))
    bound = best_bound(problem, last.multiplier, weights=last.weights)
    return max(0.0, problem.modular_loss / last.loss - 1), max(0.0, problem.modular_loss / bound.value - 1)
