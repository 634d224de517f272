"""Column generation around a pricer: the state of a search, in the coordinates of a loss.

1. Price at each multiplier in question; the neurons found join the pool, and the best bound is kept.
2. The best code of the neurons of the pool (`Master.chosen`).
3. Forget the neurons of the pool that earn least at its multiplier.
4. Move that code to a stationary point on its faces (`Master.moved`); its neurons join the pool.
5. Keep the best code. Both codes have a multiplier that is priced next: that of the second asks better questions even
   where its faces are the wrong ones.
6. At the end, write the best code with as few neurons as it needs, so that a problem always ends in the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from solver.deadline import require_time
from solver.generation.master import Master, WorkingCode
from solver.generation.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from solver.generation.loss import WhitenedLoss
    from solver.generation.pricers import PricedColumns
    from theory.arrays import Array


class Pricer(Protocol):
    """Finds neurons that earn more than they cost."""

    def price(self, code: WorkingCode, multiplier: Array) -> PricedColumns:
        """What is worth adding to a code, at its multiplier (d, d)."""


@dataclass(frozen=True)
class StoppingRule:
    """When rounds end.

    Attributes:
        share: of the tolerance, within which a gap is closed.
        patience: rounds in a row that hardly narrow a gap larger than the tolerance, nor lower the loss.
        enough: such rounds otherwise: only the last digits are missing.
        narrower: ratio of two gaps that counts as narrowing.
        seconds: that pricing takes; with less time left no round begins.
    """

    share: float = 0.1
    patience: int = 25
    enough: int = 3
    narrower: float = 0.9
    seconds: float = 0.0


@dataclass(frozen=True)
class RoundLimits:
    """What a round may do.

    Attributes:
        kept: neurons in the pool at most, when a round begins.
        steps: of Newton's method on the faces.
        steps_within_walls: of Newton's method that stops at walls.
        tidied: relative rise of the loss that a code with fewer neurons may cost.
        only_best: whether the best code alone is priced: where pricing takes longer than all the rest.
    """

    kept: int
    steps: int
    steps_within_walls: int
    tidied: float = 1e-14
    only_best: bool = False


class ColumnGeneration:
    """The state of a search.

    Args:
        loss: of codes.
        pricer: finds neurons.
        limits: what a round may do.
        starts: codes (n, d) to begin with.
        pool: neurons to begin with besides those of the codes, with their active samples.

    Attributes:
        best: the best code.
        pool: neurons that may be of use.
        bound: the best proven lower bound.
        multiplier: (d, d) what proves it.
        candidates: (k, d) neurons that earned more than they cost when last priced.
    """

    def __init__(
        self, loss: WhitenedLoss, pricer: Pricer, limits: RoundLimits, starts: list[Array], pool: Pool | None = None
    ) -> None:
        self.loss, self.pricer, self.limits = loss, pricer, limits
        self.master = Master(loss)
        codes = [self.master.code(start) for start in starts]
        self.best = min(codes, key=lambda code: code.loss)
        neurons = np.concatenate([code.neurons for code in codes])
        of_codes = Pool(loss.of_unit_cost(neurons), np.concatenate([code.active for code in codes]))
        self.pool = of_codes.joined() if pool is None else pool.joined(of_codes)
        self.bound, self.multiplier = 0.0, np.eye(neurons.shape[1])
        self.candidates = np.empty((0, neurons.shape[1]))
        self._in_question = [self.best]
        self._new = 0

    @property
    def gap(self) -> float:
        """Relative gap between the best loss and the best bound."""
        return 1 - self.bound / self.best.loss

    @property
    def is_stationary(self) -> bool:
        """Whether every neuron of the best code earns what it costs."""
        return self.master.is_stationary(self.best)

    def rounds(self, rule: StoppingRule, tolerance: float) -> Iterator[None]:
        """Steps 1 to 6 until the gap is closed or hardly narrows; yields after each pricing, and at the end."""
        stalled, gap, loss = 0, self.gap, self.best.loss
        while True:
            if rule.seconds:
                require_time(rule.seconds)
            self.price(rule.share * tolerance)
            yield
            better = self.gap < max(rule.narrower * gap, 0.0) or self.best.loss < loss * (1 - tolerance)
            stalled = 0 if better else stalled + 1
            gap, loss = self.gap, self.best.loss
            if gap <= rule.share * tolerance or stalled >= (rule.patience if gap > tolerance else rule.enough):
                break
            self.solve_master()
        if self.tidy():
            self.price()
        yield

    def price(self, enough: float = -np.inf) -> None:
        """Step 1; where the gap is small enough no other multiplier is in question."""
        pools = list[Pool]()
        for code in [self.best] if self.limits.only_best else self._in_question[::-1]:  # the better one first
            try:
                multiplier = self.loss.multiplier(code.neurons)
            except np.linalg.LinAlgError:
                # A code that cannot be decoded asks nothing.
                continue
            priced = self.pricer.price(code, multiplier)
            pools.insert(0, priced.pool)
            proven = self.loss.proven(multiplier, priced.rho)
            if proven > self.bound:
                self.bound, self.multiplier = proven, multiplier
            if self.gap <= enough:
                break
        self.join(*pools)

    def join(self, *pools: Pool) -> None:
        """Neurons that earn more than they cost join the pool."""
        before, nothing = len(self.pool.columns), np.empty((0, self.pool.columns.shape[1]))
        self.pool = self.pool.joined(*pools)
        self.candidates = np.concatenate([nothing, *(pool.columns for pool in pools)])
        self._new = len(self.pool.columns) - before

    def solve_master(self) -> None:
        """Steps 2 to 5."""
        chosen = self.master.chosen(self.pool, self._new, self.best.loss)
        self.pool = self.pool.best(self.loss.multiplier(chosen.neurons), self.limits.kept)
        self._keep(chosen)
        moved = self.master.moved(chosen, self.limits.steps, self.limits.steps_within_walls)
        self._keep(moved)
        self.pool = self.pool.joined(Pool(self.loss.of_unit_cost(moved.neurons), moved.active))
        self._in_question = [chosen, moved]

    def tidy(self) -> bool:
        """Step 6; whether it is another code than the one that was priced last."""
        before, code = self.best, self.master.tidied(self.best)
        self._keep(code, most=self.best.loss * (1 + self.limits.tidied))
        priced = any(one is before for one in self._in_question)
        self._in_question = [code]
        return not (priced and code.is_as_good_as(before))

    def _keep(self, code: WorkingCode, *, most: float | None = None) -> None:
        # Rounding may hide what a source costs that no neuron codes.
        enough = len(code.neurons) >= self.loss.readout.least_neurons
        if enough and code.loss <= (self.best.loss if most is None else most):
            self.best = code
