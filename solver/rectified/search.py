"""The search for the best code of rectified neurons: rounds of finding and proving.

1. Start with neurons along every source, both ways, without a bias and with the one that opens them.
2. Master: the best energies of the neurons; those without any are dropped, and of parallel ones all but one.
3. Newton's method in all neurons at once, and the master again, so that each neuron earns what it costs. An exact
   decoder is approached by expensive errors; kinks that were meant to meet each other, or samples, are put there.
4. Climb from these neurons and from random ones; what is worth more than it costs joins, and the round ends.
5. Where nothing is found, prove that nothing is there; a neuron that turns up in the proof joins. In four sources and
   more a relaxation proves what it can, at a multiplier of its own.
6. Stop where the bound meets the loss, or where a proof that is complete says that nothing can be gained.

Modular codes are the same with several families of neurons, each of which reads one group of sources.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import solver.solving.plan as planning
from solver.generation.basic_solution import basic_solution
from solver.generation.energies import energies_of_features
from solver.generation.pool import aligned, leaders
from solver.rectified.climb import climbed, distinct_in_activity
from solver.rectified.cones import ConeProof
from solver.rectified.lifted import lifted_bound, lifted_multiplier
from solver.rectified.loss import Frame, RectifiedLoss
from solver.rectified.newton import moved
from solver.rectified.one_source import best_of_one_source
from solver.rectified.pricing import free_bound
from theory.arrays import Array, Indices
from theory.immutable import Frozen


@dataclass(frozen=True)
class SearchTolerances:
    """Tolerances of the rounds."""

    vanished: float = 1e-9  # share of the largest energy below which a neuron is none
    starts: int = 40  # random climbs a round
    newcomers: int = 24  # neurons of a family that may join in a round
    idle_rounds: int = 6  # rounds without a gain that end the search
    progress: float = 0.03  # share of the fall so far that a step of Newton's method must bring far from the optimum
    far: float = 1e-4  # excess of worth that is far from the optimum
    gain: float = 1e-13  # relative fall of the loss that is one
    early: float = 2.0  # seconds between early proofs
    early_share: float = 0.2  # seconds that an early proof may take
    chunk: float = 0.7  # seconds of a proof between steps
    # The first value of mu / kappa, in units of the frame, before a smaller one, such as that of an exact decoder: ten
    # times less follows. The first give multipliers of many digits that prove nearly all, the last a code that errs
    # next to nothing.
    falling: float = 1e-4
    # Shares of the value that stands for an exact decoder, where that leaves a gap: the code errs less, and multipliers
    # have fewer digits.
    nearer: tuple[float, ...] = 1e-1, 1e-2
    # Activities, as shares of the lengths of neuron and sample, that may have been meant to be none: where errors are
    # only expensive, kinks miss the samples a little.
    planes: tuple[float, ...] = 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2
    # Angles between neurons whose kinks may have been meant to be one: elsewhere kinks cancel in pairs.
    lines: tuple[float, ...] = 1e-4, 1e-3, 1e-2
    # Energies, in units of the frame, of neurons that help an exact decoder with what a soft one would leave.
    helpers: tuple[float, ...] = 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7


SEARCH = SearchTolerances()


@dataclass(frozen=True, eq=False)
class RectifiedStep(Frozen):
    """What is known after a round."""

    neurons: Array  # (n, d + 1) rows (w, b) of the best code so far, scaled so that each earns what it costs
    activity: Array  # (T, n) of that code
    loss: float  # of that code
    multiplier: Array  # (T, k) of the best bound so far, which may be that of another code
    lower_bound: float  # no code of the family costs less
    note: str  # what was done, and how far the bound can be trusted to tighten


def steps(loss: RectifiedLoss, *, tolerance: float, rng: np.random.Generator) -> Iterator[RectifiedStep]:
    """The best code of rectified neurons, better and better.

    Args:
        loss: sources, costs and readout.
        tolerance: relative gap between loss and bound at which to stop.
        rng: for the starts of climbs.

    Example:
        >>> from theory.neurons.sample_readout import SampleReadout
        >>> half, sources = np.array([0.5, 0.5]), np.array([[-1.0], [1.0]])
        >>> loss = RectifiedLoss(sources, half, 1.0, np.zeros((1, 1)), SampleReadout(sources, half, 1.0, 100.0))
        >>> *_, last = steps(loss, tolerance=1e-9, rng=np.random.default_rng(0))
        >>> round(last.loss, 6), round(last.lower_bound, 6)
        (2.808427, 2.808427)
    """
    return _RectifiedSearch(loss, [_Family(loss, np.arange(loss.sources.shape[1]))], tolerance, rng).steps()


def modular_steps(
    loss: RectifiedLoss,
    groups: Sequence[Sequence[int] | Array] | None = None,
    *,
    tolerance: float,
    rng: np.random.Generator,
) -> Iterator[RectifiedStep]:
    """The best code whose neurons each read one group of sources; its bound is one of such codes only.

    Args:
        loss: sources, prices and readout.
        groups: columns of the sources, group by group, or a basis (k, d) of what the neurons of each have as weights;
            one source each if none are given.
        tolerance: relative gap between loss and bound at which to stop.
        rng: for the starts of climbs.
    """
    columns = [[i] for i in range(loss.sources.shape[1])] if groups is None else groups
    return _RectifiedSearch(loss, [_Family(loss, np.array(group)) for group in columns], tolerance, rng).steps()


class _Family:
    """Neurons that read some of the sources: their own frame, and the way from it to that of all sources."""

    def __init__(self, loss: RectifiedLoss, columns: Any) -> None:
        frame, size = loss.frame, loss.sources.shape[1]
        whole = len(columns) == size
        basis = np.eye(size)[columns] if columns.ndim == 1 else columns
        inside = loss.sources[:, columns] if columns.ndim == 1 else loss.sources @ basis.T
        costs = (
            loss.weight_costs[np.ix_(columns, columns)] if columns.ndim == 1 else basis @ loss.weight_costs @ basis.T
        )
        self.part = loss if whole else replace(loss, sources=inside, weight_costs=costs)
        self.frame: Frame = self.part.frame
        self.price = frame.multiplier_unit / self.frame.multiplier_unit  # what a multiplier of one is in its frame
        self.sources = len(columns)
        lifted = np.zeros((size + 1, len(columns) + 1))
        lifted[:-1, :-1], lifted[-1, -1] = np.eye(size).T if whole else basis.T, 1.0
        self.there = np.linalg.solve(frame.back, lifted @ self.frame.back)
        self.home = np.linalg.pinv(self.there)
        span = np.linalg.qr(self.there)[0]
        self.projection = np.eye(size + 1) if whole else span @ span.T

    def starts(self) -> Array:
        """Step 1: (n, m) in the family's frame."""
        along = np.linalg.inv(self.frame.back)[:-1, :-1].T  # the sources themselves
        along = np.vstack([along, np.eye(self.sources)])
        along = np.vstack([along, -along])
        inputs = self.frame.lifted[:, :-1] @ along.T
        opening = np.vstack([np.hstack([along, b[:, None]]) for b in (np.zeros(len(along)), -inputs.min(axis=0))])
        return self.frame.of_unit_cost(opening)


class _RectifiedSearch:
    def __init__(
        self, loss: RectifiedLoss, families: list[_Family], tolerance: float, rng: np.random.Generator
    ) -> None:
        self.loss, self.frame, self.families = loss, loss.frame, families
        self.tolerance, self.rng = tolerance, rng
        self.bound, self.proven_at = 0.0, self.frame.multiplier(np.zeros((0, loss.sources.shape[1] + 1)))
        self.value, self.neurons = np.inf, np.zeros((0, loss.sources.shape[1] + 1))
        self.soft = np.inf  # the least loss in the frame, in which errors are never quite forbidden
        self._bound_of(self.proven_at, 1e300)

    def steps(self) -> Iterator[RectifiedStep]:
        """The rounds; where errors are very expensive, or forbidden, also at costs that rise to theirs."""
        starts, last = self._pool([each.starts() for each in self.families]), self.frame.delta
        falling = SEARCH.falling * 10.0 ** -np.arange(np.ceil(np.log10(max(SEARCH.falling / (3 * last), 1.0))))
        nearer = [last * share for share in SEARCH.nearer] if self.loss.readout.exact else []
        for deltas in ([last], [*falling, last, *nearer] if len(falling) else []):
            pool = starts
            for delta in deltas:
                self.frame, self.soft = replace(self.frame, delta=delta), np.inf
                pool = yield from self._rounds(*pool)
                if self._met():
                    return

    def _rounds(self, neurons: Array, family: Indices) -> Generator[RectifiedStep, None, tuple[Array, Indices]]:
        """Steps 2 to 6, and the neurons at the end."""
        idle, last_proof, top = 0, -np.inf, np.inf
        while True:
            before = self.soft
            # Far from the optimum steps of Newton's method that bring little are not worth their time.
            progress = SEARCH.progress if top > 1 + SEARCH.far else 0.0
            neurons, family = self._improved(neurons, family, progress)  # steps 2 and 3
            idle = 0 if self.soft < before * (1 - SEARCH.gain) else idle + 1
            prices = self.frame.multiplier(neurons)
            maxima, top = self._climb(prices, neurons, family)  # step 4
            many = sum(len(each) for each in maxima)
            yield self._step(f"{len(neurons)} neurons, {many} more are worth more than they cost")
            if not many or idle >= SEARCH.idle_rounds:
                yield from self._prove(prices, 1 + self.tolerance / 2, np.inf, maxima)  # step 5
                if self._met() or not any(len(each) for each in maxima) or idle >= SEARCH.idle_rounds:
                    return neurons, family
            elif time.perf_counter() - last_proof > SEARCH.early:
                yield from self._prove(prices, max(top, 1.0) * (1 + 1e-3), SEARCH.early_share, maxima)
                last_proof = time.perf_counter()
            joining, whose = self._pool(maxima)
            neurons = np.vstack([self.frame.of_unit_cost(neurons), joining])
            family = np.concatenate([family, whose])

    def _pool(self, parts: list[Array]) -> tuple[Array, Indices]:
        """Neurons of the families in the frame of all sources, and which family each is of."""
        there = [part @ each.there.T for part, each in zip(parts, self.families, strict=True)]
        return np.vstack(there), np.repeat(np.arange(len(parts)), [len(part) for part in parts])

    def _improved(self, neurons: Array, family: Indices, progress: float) -> tuple[Array, Indices]:
        neurons, family = self._weighted(neurons, family)
        if self.loss.readout.exact:
            self._keep(neurons, family)  # of neurons that tie more may err less
        if not self.loss.readout.exact or self.frame.delta > self.loss.frame.delta:
            neurons, family = self._few(neurons, family)
        fixed = np.array([each.projection for each in self.families])[family]
        neurons = moved(self.frame, neurons, fixed=fixed, progress=progress)
        neurons, family = self._weighted(neurons, family)
        self.soft = min(self.soft, self.frame.of(neurons))
        self._keep(neurons, family)
        return neurons, family

    def _keep(self, neurons: Array, family: Indices) -> None:
        """Remember the best code that was met."""
        for code in self._readable(neurons, family):
            value = self.loss.of(code @ self.frame.back.T)
            if value < self.value:
                self.value, self.neurons = value, code

    def _readable(self, neurons: Array, family: Indices) -> Iterator[Array]:
        """The code; for an exact decoder also with kinks that meet, or a little of neurons that tell everything."""
        yield neurons
        if not self.loss.readout.exact:
            return
        aligned = [_aligned(neurons, family, angle) for angle in SEARCH.lines]
        yield from aligned
        for lines in (neurons, *aligned):
            yield from self._on_planes(lines, family)
        helpers = self._pool([each.starts() for each in self.families])[0]
        for share in SEARCH.helpers:
            yield np.vstack([neurons, np.sqrt(share) * helpers])

    def _on_planes(self, neurons: Array, family: Indices) -> Iterator[Array]:
        """Neurons that do nothing on the samples on which they did next to nothing, wherever these are more."""
        own = [self.families[whose].home @ neuron for neuron, whose in zip(neurons, family, strict=True)]
        idle = [_shares(one, self.families[whose].frame.lifted) for one, whose in zip(own, family, strict=True)]
        before = [np.zeros(len(each), dtype=bool) for each in idle]
        for share in SEARCH.planes:
            near = [each <= share for each in idle]
            if all(np.array_equal(now, then) for now, then in zip(near, before, strict=True)):
                continue
            before, moved_there = near, []
            for neuron, rows, whose in zip(own, near, family, strict=True):
                each = self.families[whose]
                moved_there.append(each.there @ _without(neuron, each.frame.lifted[rows]))
            yield np.array(moved_there)

    def _weighted(self, neurons: Array, family: Indices) -> tuple[Array, Indices]:
        """Step 2: neurons scaled by their energies."""
        costs = self.frame.energies(neurons)
        useful = np.flatnonzero(costs > 0)
        units = neurons[useful] / np.sqrt(costs[useful, None])
        features = self.frame.features(np.maximum(0.0, self.frame.lifted @ units.T))
        energies = energies_of_features(features, self.frame.targets, self.frame.delta)
        earned = np.linalg.norm(features.T @ self.frame.price(features * np.sqrt(energies)), axis=1)
        kept = (energies > SEARCH.vanished * energies.max(initial=0.0)) & (energies * earned**2 > 1e-13)
        return units[kept] * np.sqrt(energies[kept, None]), family[useful[kept]]

    def _few(self, neurons: Array, family: Indices) -> tuple[Array, Indices]:
        """A basic solution of the same fit and cost, where there are more neurons than can be independent."""
        if len(neurons) <= self.frame.targets.size:
            return neurons, family
        features = self.frame.features(np.maximum(0.0, self.frame.lifted @ neurons.T))
        decoders = features.T @ self.frame.price(features)
        fits = np.einsum("tn,nk->tkn", features, decoders).reshape(-1, len(neurons))
        shares = basic_solution(np.vstack([fits, self.frame.energies(neurons)]))
        if shares is None:
            return neurons, family
        kept = shares > 0
        return neurons[kept] * np.sqrt(shares[kept, None]), family[kept]

    def _climb(self, prices: Array, neurons: Array, family: Indices) -> tuple[list[Array], float]:
        """Step 4: for each family, neurons (n, m) in its frame that are worth more than they cost."""
        maxima, top = [], 0.0
        for i, each in enumerate(self.families):
            own, inside = neurons[family == i] @ each.home.T, prices * each.price
            if each.sources == 1:
                climbs = best_of_one_source(each.frame, inside)[1]
            else:
                random = self.rng.standard_normal((SEARCH.starts, each.sources + 1))
                climbs = climbed(each.frame, inside, np.vstack([own, random]), self.rng)
            worths = each.frame.worths(inside, climbs)
            top = max(top, float(worths.max(initial=0.0)))
            better = worths > 1 + self.tolerance / 4
            chosen = distinct_in_activity(each.frame, climbs[better], worths[better], each.frame.of_unit_cost(own))
            maxima.append(chosen[: SEARCH.newcomers])
        return maxima, top

    def _prove(self, prices: Array, level: float, seconds: float, maxima: list[Array]) -> Iterator[RectifiedStep]:
        """Step 5: better bounds; violators are put into `found`."""
        end = time.perf_counter() + seconds
        bounds = [self._start(each, prices, level, last=np.isinf(seconds)) for each in self.families]
        for i, (each, proof) in enumerate(zip(self.families, bounds, strict=True)):
            if not isinstance(proof, ConeProof):
                continue
            shown = time.perf_counter()
            while not proof.done and time.perf_counter() < end and len(proof.violators) < 8:
                proof.advance()
                if time.perf_counter() - shown > SEARCH.chunk:
                    self._bound_of(prices, max(_value(other) for other in bounds))
                    yield self._step(f"{proof.looked_at} cones")
                    shown = time.perf_counter()
            if proof.violators:
                more = climbed(each.frame, proof.multiplier, np.array(proof.violators), self.rng)
                worths = each.frame.worths(proof.multiplier, more)
                better = worths > 1 + self.tolerance / 4
                fresh = distinct_in_activity(each.frame, more[better], worths[better], maxima[i])
                maxima[i] = np.vstack([maxima[i], fresh])
        self._bound_of(prices, max(_value(proof) for proof in bounds))
        if np.isinf(seconds) and self._has_own_multiplier:
            relaxed = lifted_multiplier(self.frame)
            if relaxed is not None:
                self._bound_of(*relaxed)
        unproven = any(each.sources > planning.SIZES.cone_sources for each in self.families)
        yield self._step("a relaxation bounds what neurons are worth" if unproven else "all neurons are priced")

    @property
    def _has_own_multiplier(self) -> bool:
        """Whether there is one family of many sources: then its relaxation finds the multiplier that proves most."""
        return len(self.families) == 1 and self.families[0].sources > planning.SIZES.cone_sources

    def _start(self, family: _Family, prices: Array, level: float, *, last: bool) -> float | ConeProof:
        inside = prices * family.price
        if family.sources == 1:
            return best_of_one_source(family.frame, inside)[0]
        if family.sources > planning.SIZES.cone_sources:
            relaxed = lifted_bound(family.frame, inside) if last and not self._has_own_multiplier else np.inf
            return min(relaxed, free_bound(family.frame, inside))
        return ConeProof(family.frame, inside, level)

    def _bound_of(self, prices: Array, rho: float) -> None:
        bound = self.loss.readout.bound(prices * self.frame.multiplier_unit, rho)
        if bound >= self.bound:
            self.bound, self.proven_at = bound, prices

    def _met(self) -> bool:
        return self.value - self.bound <= self.tolerance * self.value

    def _step(self, note: str) -> RectifiedStep:
        neurons = self.neurons @ self.frame.back.T
        return RectifiedStep(
            neurons,
            self.loss.activity(neurons),
            self.value,
            self.proven_at * self.frame.multiplier_unit,
            float(min(self.bound, self.value)),
            note,
        )


def _shares(neuron: Array, lifted: Array) -> Array:
    """(T,) what a neuron (m,) does on samples (T, m), as shares of the lengths of neuron and sample."""
    lengths = np.linalg.norm(lifted, axis=1) * np.linalg.norm(neuron)
    return np.asarray(np.abs(lifted @ neuron) / np.maximum(lengths, np.finfo(float).tiny))


def _without(neuron: Array, rows: Array) -> Array:
    """(m,) the part of a neuron that does nothing on samples (n, m), if there is any; else the neuron."""
    if not len(rows):
        return neuron
    _, sizes, axes = np.linalg.svd(rows)
    across = axes[: int((sizes > 1e-9 * sizes[0]).sum())]
    return neuron - across.T @ (across @ neuron) if len(across) < len(neuron) else neuron


def _aligned(neurons: Array, family: Indices, angle: float) -> Array:
    """Neurons of which those that are nearly parallel to a stronger one, or opposite to it, are so exactly."""
    size = np.linalg.norm(neurons, axis=1)
    return aligned(neurons, leaders(neurons, size, 1 - np.cos(angle), either_way=True, kinds=family))


def _value(proof: float | ConeProof) -> float:
    return proof.bound if isinstance(proof, ConeProof) else proof
