"""Problems again with columns that the others tell: the answer is judged as one of the problem without them.

1. To the sources s of a problem columns are added: a copy in other units or from the other end, sums of several, all
   that is left of a whole. Which column stands where is drawn as well.
2. The network sees some of them through channels of its own. On the sources alone that is another mixing, A U, and what
   is decoded is B U.
3. The network of the answer, its multiplier and bound are one of that problem: with s = P (s_kept), a weight w on all
   columns is the weight w U on the sources, and Y = U Y_r U' has Y_r in the rows and columns of the sources.
4. Judged as any other, without code of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.judgement import Claim, Judgement, claim_of, judge
from theory.arrays import Array


@dataclass(frozen=True)
class Told:
    """A problem with columns that others tell."""

    alone: Drawn  # of the sources alone, which the same networks code
    points: Array  # (T, d) all columns
    place: Array  # (r,) where the sources stand among them
    basis: Array  # (d, r) U
    mixing: Array | None  # (dx, d), or None
    targets: Array | None  # (t, d), or None
    offset: Array  # (dx,) what the data have beyond those of the problem alone
    decoded: Array  # (t,) likewise

    def options(self) -> dict[str, Any]:
        """What goes to `solver.Problem` besides the points."""
        reading = replace(self.alone.reading, targets=self.targets)
        return self.alone.options() | {"mixing": self.mixing, "readout": reading.posed()}

    def claim(self, answer: Any) -> Claim:
        """What an answer claims of the problem of the sources alone (step 3)."""
        return replace(
            claim_of(answer, Claim),
            encoder_bias=answer.encoder_bias + answer.encoder @ self.offset,
            decoder_bias=answer.decoder_bias - self.decoded,
            source_weights=answer.source_weights @ self.basis,
            multiplier=answer.multiplier[np.ix_(self.place, self.place)],
        )


def told(problem: Drawn) -> Told | None:
    """The problem with columns that its sources tell; None where that is not for this judge.

    Without groups, which are of sources; of targets without error, which may leave sources out, the program takes none.
    """
    unfit = problem.reading.exact and problem.reading.targets is not None
    unfit = unfit or problem.energy.kind == "wiring"
    # Of more than five sources the judge takes too long to do it twice.
    if problem.activation != "linear" or unfit or problem.dimension > 5 or problem.extreme:
        return None
    rng = np.random.default_rng([problem.seed, problem.index, 2])  # another than the judge's
    # Step 1.
    rank, count = problem.dimension, int(rng.integers(1, 4))
    combinations = np.array([_combination(rng, rank) for _ in range(count)]) / np.ptp(problem.points, axis=0)
    constants = np.where(rng.random(count) < 0.5, 0.0, rng.integers(-3, 4, count))
    order = rng.permutation(rank + count)
    basis = np.vstack([np.eye(rank), combinations])[order]
    # About the first sample, since of sources far from zero a sum would have too few digits to be told by them.
    first = problem.points[0]
    constant = np.concatenate([np.zeros(rank), constants - combinations @ first])[order]
    points = (problem.points - first) @ basis.T + (constant + basis @ first)
    place = np.array([int(np.flatnonzero(order == source)[0]) for source in range(rank)])
    points[:, place] = problem.points
    # Step 2.
    mixing = _seeing(rng, problem.mixing, place, len(basis))
    seen = np.eye(len(basis)) if mixing is None else mixing
    targets = None
    if problem.reading.targets is not None:
        targets = np.zeros((len(problem.reading.targets), len(basis)))
        targets[:, place] = problem.reading.targets
    out = seen if targets is None else targets
    reading = replace(problem.reading, targets=None if targets is None else targets @ basis)
    alone = replace(problem, mixing=seen @ basis, reading=reading, groups=None, separate=False, masked="")
    return Told(alone, points, place, basis, mixing, targets, seen @ constant, out @ constant)


def _combination(rng: np.random.Generator, rank: int) -> Array:
    """(r,) small numbers: a copy, one from the other end, a difference, what is left of a whole, or anything."""
    kind = int(rng.integers(4))
    if kind == 0:
        return np.asarray(np.eye(rank)[rng.integers(rank)] * rng.choice([-1.0, 1.0]) * 10.0 ** rng.integers(-2, 3))
    if kind == 1:
        return -np.ones(rank)
    weights = rng.integers(-2, 3, rank).astype(float) if kind == 2 else rng.standard_normal(rank)
    weights[rng.integers(rank)] += 3.0
    return weights


def _seeing(rng: np.random.Generator, mixing: Array | None, place: Array, count: int) -> Array | None:
    """(dx, d) what the network sees: the sources as before, and perhaps the added columns each by itself."""
    if mixing is None and rng.random() < 0.5:
        return None
    before = np.eye(len(place)) if mixing is None else mixing
    result = np.zeros((len(before), count))
    result[:, place] = before
    if rng.random() < 0.5:
        result = np.vstack([result, np.eye(count)[np.setdiff1d(np.arange(count), place)]])
    return result


def judge_told(problem: Drawn, time_limit: float, *, with_codes: bool = True) -> Judgement | None:
    """Solve the problem with columns that others tell, and judge the answer; None where there is none to judge.

    Raises:
        InputError: the program refuses the problem.
    """
    from solver import Problem, certify, solve

    more = told(problem)
    if more is None:
        return None
    posed = Problem(more.points, **more.options())
    answer = solve(posed, time_limit=time_limit, rng=0)
    # Step 4.
    judgement = judge(more.alone, more.claim(answer), with_codes=with_codes)
    checked = certify(posed, answer)
    if answer.status == "optimal" and not (checked.feasible and checked.gap <= answer.tolerance * (1 + 1e-6)):
        judgement.wrong.append(f"certify finds a gap of {checked.gap:.3g} where the answer is called optimal")
    return judgement
