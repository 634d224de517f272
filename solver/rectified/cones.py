"""No neuron is worth more than rho: a proof by simplicial cones of (w, b).

On a cone {sum_j c_j u_j : c >= 0} a sample is active everywhere, silent everywhere, or undecided.

1. Active samples: N'a and the cost c are exact, linear and quadratic in c. The cost of undecided ones is left out.
2. Undecided samples, along v0, the direction of N'a at the cone's centre: max(0, z) lies below its chord and above
   theta z, for any theta in [0, 1]. That bounds v0'N'a by linear forms l.c from above and from below.
3. Across v0: max(0, z) is z / 2 + |z| / 4, give or take a quarter of sum_j c_j |z_j|. So |N'a| there is at most
   |P c| + e.c.
4. If rho^2 4 c - (l.c)^2 - (|P c| + e.c)^2 is copositive in c (with |P c| <= sum_j c_j |P_j| in the mixed term), no
   neuron of the cone is worth more than rho. So it is if undecided samples, priced freely, leave enough:
   |N'a|^2 / 4 c is at most what active samples allow and sum_undecided |N_t|^2 / (4 p_t).
5. Take the cones whose bound is largest and cut each in two: where few samples are undecided, at the zero of the
   heaviest on an edge that it crosses, and else in the middle of the longest edge. Children inherit what is decided.
6. A cone without undecided samples is exact. If a neuron in it exceeds the level, that neuron is handed out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np

from solver.rectified.loss import Frame
from theory.arrays import Array, Indices, Mask
from theory.geometry.copositivity import copositive


@dataclass(frozen=True)
class RectifiedConeTolerances:
    """Tolerances of a proof by cones."""

    zero: float = 4e-15  # |z| relative to the lengths of sample and neuron that is taken for zero
    rounding: float = 2e-15  # of sums over samples, relative to the sum of their absolute values
    few: int = 16  # undecided samples up to which a cone is cut at one of them
    smallest: float = 1e-7  # edge of an exact cone that is not cut any more
    batch: int = 400_000  # pairs of cone and undecided sample that are looked at at once
    most: int = 4096  # cones at once
    least: int = 256  # cones at once, if so many are left: fewer take as long


CONES = RectifiedConeTolerances()

EXCESS = np.array([0.0, *(10.0 ** np.arange(-9.0, 0.0, 0.5)), 0.5, 1, 2, 4, 8, 16, 64, 256, 1e4, 1e8, 1e16])
"""By how much, relative to the level, the squared bound of a cone may exceed it: the steps of the queue."""


@dataclass(frozen=True)
class _RectifiedCones:
    """Some cones, with what is known of their samples.

    `corners` (C, m, m) unit vectors; `linear` (C, m, k) and `quadratic` (C, m, m): N'a and c of the active samples as
    forms of u; `spread` (C,) their sum of |N_t|^2 / p_t; `samples` the undecided ones, one cone after the other,
    `counts` (C,) how many.
    """

    corners: Array
    linear: Array
    quadratic: Array
    spread: Array
    samples: Indices
    counts: Indices

    def __len__(self) -> int:
        return len(self.corners)

    def owners(self) -> Indices:
        return np.repeat(np.arange(len(self)), self.counts)

    def some(self, chosen: Mask) -> _RectifiedCones:
        return _RectifiedCones(
            self.corners[chosen],
            self.linear[chosen],
            self.quadratic[chosen],
            self.spread[chosen],
            self.samples[np.repeat(chosen, self.counts)],
            self.counts[chosen],
        )


def _joined(parts: list[_RectifiedCones]) -> _RectifiedCones:
    if len(parts) == 1:
        return parts[0]
    return _RectifiedCones(
        np.concatenate([part.corners for part in parts]),
        np.concatenate([part.linear for part in parts]),
        np.concatenate([part.quadratic for part in parts]),
        np.concatenate([part.spread for part in parts]),
        np.concatenate([part.samples for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


@dataclass
class ConeProof:
    """A proof under way; `advance` looks at some more cones.

    Args:
        frame: the loss in its own units, of one to three sources.
        multiplier: (T, k) N of the frame.
        level: rho that is to be proven.
    """

    frame: Frame
    multiplier: Array
    level: float
    violators: list[Array] = field(default_factory=list)  # neurons (d + 1,) of exact cones that exceed the level
    looked_at: int = 0  # how many cones were looked at

    def __post_init__(self) -> None:
        frame = self.frame
        lifted, p, prices = _merged(frame.lifted, frame.probabilities, self.multiplier)
        self._lifted, self._p, self._prices = lifted, p, prices
        self._sizes, self._lengths = np.linalg.norm(lifted, axis=1), np.linalg.norm(prices, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            self._free = np.where(self._lengths > 0, self._lengths**2 / p, 0.0)
        self._dust = (CONES.rounding + CONES.zero) * float(self._lengths @ self._sizes)
        self._dust_of_cost = CONES.rounding * float(p @ self._sizes**2 + np.trace(frame.weights))
        self._queue: dict[int, list[_RectifiedCones]] = {}
        self._exceeded = 0.0
        size, count = lifted.shape[1], len(lifted)
        shares = [share for share in product(range(4), repeat=size) if sum(share) == 3]
        self._mixtures = np.array(shares, dtype=float) / 3
        corners = np.array([np.diag(signs) for signs in product((1.0, -1.0), repeat=size)])
        many = len(corners)
        self._look_at(
            _RectifiedCones(
                corners,
                np.zeros((many, size, prices.shape[1])),
                np.tile(frame.weights, (many, 1, 1)),
                np.zeros(many),
                np.tile(np.arange(count), many),
                np.full(many, count),
            )
        )

    @property
    def done(self) -> bool:
        """Whether nothing is left to look at."""
        return not self._queue

    @property
    def bound(self) -> float:
        """No neuron is worth more."""
        excess = EXCESS[min(max(self._queue), len(EXCESS) - 1)] if self._queue else 0.0
        if self._queue and max(self._queue) >= len(EXCESS):
            return np.inf
        return float(max(self.level * np.sqrt(1 + excess), self._exceeded))

    def advance(self) -> None:
        """Step 5, of the cones with the largest bounds."""
        parts, pairs, cones = [], 0, 0
        while self._queue and pairs < CONES.batch and cones < CONES.least:
            highest = max(self._queue)
            waiting = self._queue[highest]
            while waiting and pairs < CONES.batch and cones < CONES.most:
                part = waiting.pop()
                parts.append(part)
                pairs, cones = pairs + len(part.samples), cones + len(part)
            if not waiting:
                del self._queue[highest]
        self._look_at(self._cut(_joined(parts)))

    def _look_at(self, cones: _RectifiedCones) -> None:
        self.looked_at += len(cones)
        cones, inputs = self._decided(cones)
        bucket = self._buckets(cones, inputs)
        self._hand_out(cones, bucket)
        left = bucket > 0
        for step in np.unique(bucket[left]):
            part = cones.some(left & (bucket == step))
            # In pieces, so that no look takes long.
            pieces = max(1, len(part.samples) // CONES.batch, len(part) // CONES.most)
            for piece in np.array_split(np.arange(len(part)), pieces):
                chosen = np.zeros(len(part), dtype=bool)
                chosen[piece] = True
                self._queue.setdefault(int(step), []).append(part.some(chosen) if pieces > 1 else part)

    def _decided(self, cones: _RectifiedCones) -> tuple[_RectifiedCones, Array]:
        """Step 1: cones with fewer undecided samples, and the inputs (pairs, m) of these at the corners."""
        owners, rows = cones.owners(), self._lifted[cones.samples]
        inputs = np.einsum("pi,pji->pj", rows, cones.corners[owners])
        inputs[np.abs(inputs) <= CONES.zero * self._sizes[cones.samples, None]] = 0.0
        active = (inputs >= 0).all(axis=1)
        undecided = ~active & (inputs > 0).any(axis=1)
        samples, owner = cones.samples[active], owners[active]
        linear, quadratic, spread = cones.linear.copy(), cones.quadratic.copy(), cones.spread.copy()
        if len(samples):
            owned, where = np.unique(owner, return_index=True)
            lifted, prices = self._lifted[samples], self._prices[samples]
            linear[owned] += np.add.reduceat(lifted[:, :, None] * prices[:, None, :], where)
            weighted = self._p[samples, None, None] * lifted[:, :, None] * lifted[:, None, :]
            quadratic[owned] += np.add.reduceat(weighted, where)
            spread[owned] += np.add.reduceat(self._free[samples], where)
        counts = np.bincount(owners[undecided], minlength=len(cones))
        return _RectifiedCones(cones.corners, linear, quadratic, spread, cones.samples[undecided], counts), inputs[
            undecided
        ]

    def _buckets(self, cones: _RectifiedCones, inputs: Array) -> Indices:
        """Steps 2 to 4: (C,) index into EXCESS of a bound of the squared worth, len(EXCESS) if there is none."""
        earned, freely = self._numerators(cones, inputs)
        costs = 4 * self.level**2 * (cones.corners @ cones.quadratic @ np.swapaxes(cones.corners, 1, 2))
        dust = 4 * self.level**2 * self._dust_of_cost
        owners = cones.owners()
        undecided = np.bincount(owners, self._free[cones.samples], minlength=len(cones)) / (4 * self.level**2)
        decided = _with_dust(cones.corners @ cones.linear, self._dust)
        nonsilent = cones.spread / (4 * self.level**2) + undecided
        low, high = np.zeros(len(cones), dtype=np.intp), np.full(len(cones), len(EXCESS))
        first = True
        while True:
            rest = np.flatnonzero(low < high)
            if not len(rest):
                self._exactly(cones, low)
                return low
            middle = np.zeros_like(low[rest]) if first else (low[rest] + high[rest]) // 2
            first = False
            factor = 1 + EXCESS[middle]
            good = nonsilent[rest] * (1 + 1e-12) <= factor
            good |= _copositive(factor[:, None, None] * (costs[rest] - dust), earned[rest] + freely[rest])
            with np.errstate(invalid="ignore"):
                spare = np.where(np.isfinite(undecided[rest]), factor - undecided[rest] * (1 + 1e-12), -1.0)
            again = np.flatnonzero(~good & (spare > 0))
            good[again] = _copositive(spare[again, None, None] * (costs[rest[again]] - dust), decided[rest[again]])
            high[rest] = np.where(good, middle, high[rest])
            low[rest] = np.where(good, low[rest], middle + 1)

    def _exactly(self, cones: _RectifiedCones, bucket: Indices) -> None:
        """Of cones without undecided samples that fail: once more, with sums that keep small numbers."""
        exact = np.flatnonzero((bucket > 0) & (cones.counts == 0))
        for part in np.array_split(exact, 1 + len(exact) * len(self._lifted) // 50_000):
            corners = cones.corners[part]
            activity = corners @ self._lifted.T
            activity[activity <= CONES.zero * self._sizes] = 0.0
            costs = (activity * self._p) @ np.swapaxes(activity, 1, 2)
            costs += corners @ self.frame.weights @ np.swapaxes(corners, 1, 2)
            size = np.sqrt(np.einsum("cii->ci", costs))
            costs -= CONES.rounding * size[:, :, None] * size[:, None, :]
            earned = _with_dust(activity @ self._prices, CONES.rounding * (activity @ self._lengths))
            bucket[part[_copositive(4 * self.level**2 * costs, earned)]] = 0

    def _numerators(self, cones: _RectifiedCones, inputs: Array) -> tuple[Array, Array]:
        """Two (C, m, m) whose sum, as a form of c, is at least |N'a|^2."""
        owners, samples = cones.owners(), cones.samples
        linear = cones.corners @ cones.linear  # (C, m, k)
        centre = np.maximum(0.0, inputs.mean(axis=1))
        towards = linear.mean(axis=1) + self._sums(centre[:, None] * self._prices[samples], cones.counts)
        size = np.linalg.norm(towards, axis=1, keepdims=True)
        towards = np.where(size > 0, towards / np.where(size > 0, size, 1.0), np.eye(towards.shape[1])[0])
        slopes = (towards[owners] * self._prices[samples]).sum(axis=1)
        positive = np.maximum(0.0, inputs)
        absolute = np.abs(inputs)
        share = positive.sum(axis=1) / np.maximum(absolute.sum(axis=1), 1e-300)
        chord, tangent = slopes[:, None] * positive, (slopes * share)[:, None] * inputs
        ups = (slopes > 0)[:, None]
        exact = np.einsum("cmk,ck->cm", linear, towards)
        sums = self._sums(np.hstack([np.where(ups, chord, tangent), np.where(ups, tangent, chord)]), cones.counts)
        corners = inputs.shape[1]
        along = np.maximum(exact + sums[:, :corners], -exact - sums[:, corners:]) + self._dust
        squared = along[:, :, None] * along[:, None, :]
        if towards.shape[1] == 1:
            return squared, np.zeros_like(squared)
        guess = (inputs / 2 + absolute / 4)[:, :, None] * self._prices[samples][:, None, :]
        flat = guess.reshape(len(guess), guess.shape[1] * guess.shape[2])
        across = linear + self._sums(flat, cones.counts).reshape(linear.shape)
        across -= np.einsum("cmk,ck->cm", across, towards)[:, :, None] * towards[:, None, :]
        squares = self._lengths[samples] ** 2
        beside = np.sqrt(np.maximum(0.0, squares - slopes**2) + 1e-15 * squares)
        error = self._sums(beside[:, None] * absolute, cones.counts) / 4 + self._dust
        lengths = np.linalg.norm(across, axis=2)
        mixed = lengths[:, :, None] * error[:, None, :]
        return squared + across @ np.swapaxes(across, 1, 2), (
            mixed + np.swapaxes(mixed, 1, 2) + error[:, :, None] * error[:, None, :]
        )

    def _sums(self, terms: Array, counts: Indices) -> Array:
        """(C, n) of terms (pairs, n), cone by cone."""
        total = np.zeros((len(counts), terms.shape[1]))
        some = counts > 0
        if some.any():
            total[some] = np.add.reduceat(terms, (np.cumsum(counts) - counts)[some])
        return total

    def _hand_out(self, cones: _RectifiedCones, bucket: Indices) -> None:
        """Step 6: cones of `bucket` with a neuron in them, or too small to cut, are taken out of it."""
        exact = np.flatnonzero((bucket > 0) & (cones.counts == 0))
        for part in np.array_split(exact, 1 + len(exact) * len(self._lifted) // 50_000):
            if not len(part):
                continue
            tried = self._mixtures @ cones.corners[part]
            worths = self.frame.worths(self.multiplier, tried.reshape(-1, tried.shape[2])).reshape(tried.shape[:2])
            best, rows = np.argmax(worths, axis=1), np.arange(len(part))
            better = worths[rows, best] > self.level
            apart = ((cones.corners[part] - cones.corners[part][:, :1]) ** 2).sum(axis=2).max(axis=1)
            small = apart < CONES.smallest**2
            self.violators.extend(tried[rows, best][better])
            closed = part[better | small]
            self._close(bucket[closed])
            bucket[closed] = 0

    def _close(self, buckets: Indices) -> None:
        """Cones that stay as they are keep the bound that they have."""
        for bucket in np.unique(buckets):
            excess = EXCESS[bucket] if bucket < len(EXCESS) else np.inf
            self._exceeded = max(self._exceeded, float(self.level * np.sqrt(1 + excess)))

    def _cut(self, cones: _RectifiedCones) -> _RectifiedCones:
        """Step 5: twice as many cones."""
        size = cones.corners.shape[1]
        edges = np.array(list(combinations(range(size), 2)))
        apart = ((cones.corners[:, edges[:, 0]] - cones.corners[:, edges[:, 1]]) ** 2).sum(axis=2)
        edge = np.argmax(apart, axis=1)
        share = np.full(len(cones), 0.5)
        few = np.flatnonzero(cones.counts <= CONES.few)
        if len(few):
            self._cut_at_samples(cones, few, edges, edge, share)
        rows = np.arange(len(cones))
        one, other = edges[edge, 0], edges[edge, 1]
        new = (1 - share)[:, None] * cones.corners[rows, one] + share[:, None] * cones.corners[rows, other]
        new /= np.linalg.norm(new, axis=1, keepdims=True)
        left, right = cones.corners.copy(), cones.corners.copy()
        left[rows, one], right[rows, other] = new, new
        return _RectifiedCones(
            np.concatenate([left, right]),
            np.concatenate([cones.linear] * 2),
            np.concatenate([cones.quadratic] * 2),
            np.concatenate([cones.spread] * 2),
            np.concatenate([cones.samples] * 2),
            np.concatenate([cones.counts] * 2),
        )

    def _cut_at_samples(
        self, cones: _RectifiedCones, few: Indices, edges: Indices, edge: Indices, share: Array
    ) -> None:
        """Where the heaviest undecided sample changes sign on an edge: which edge, and where on it."""
        part = np.zeros(len(cones), dtype=bool)
        part[few] = True
        chosen = np.repeat(part, cones.counts)
        owners, samples = cones.owners()[chosen], cones.samples[chosen]
        inputs = np.einsum("pi,pji->pj", self._lifted[samples], cones.corners[owners])
        weight = self._lengths[samples] * np.minimum(
            np.maximum(0.0, inputs).max(axis=1), np.maximum(0.0, -inputs).max(axis=1)
        )
        order = np.lexsort((weight, owners))
        last = np.flatnonzero(np.diff(owners[order], append=-1))
        heaviest = order[last]  # one pair of each cone
        values, cone = inputs[heaviest], owners[heaviest]
        one, other = values[:, edges[:, 0]], values[:, edges[:, 1]]
        crossed = np.where(one * other < 0, np.minimum(np.abs(one), np.abs(other)), -1.0)
        best = np.argmax(crossed, axis=1)
        rows = np.arange(len(cone))
        at = one[rows, best] / np.where(crossed[rows, best] > 0, one[rows, best] - other[rows, best], 1.0)
        fine = (crossed[rows, best] > 0) & (at > 1e-9) & (at < 1 - 1e-9)
        edge[cone[fine]], share[cone[fine]] = best[fine], at[fine]


def _with_dust(linear: Array, dust: Array | float) -> Array:
    """(C, m, m) |N'a|^2 as a form of c, from linear (C, m, k), with its rounding (C, m) added."""
    dust = np.broadcast_to(dust, linear.shape[:2])
    lengths = np.linalg.norm(linear, axis=2)
    mixed = (lengths + dust / 2)[:, :, None] * dust[:, None, :]
    return np.asarray(linear @ np.swapaxes(linear, 1, 2) + mixed + np.swapaxes(mixed, 1, 2))


def _copositive(costs: Array, earned: Array) -> Mask:
    """(C,) whether costs - earned is surely copositive."""
    if not len(costs):
        return np.zeros(0, dtype=bool)
    form = costs - earned
    size = np.sqrt(np.einsum("cii->ci", np.abs(costs)) + np.einsum("cii->ci", earned))
    idle = (np.abs(form).max(axis=2) == 0) | (size == 0)  # corners that neither earn nor cost
    scale = np.where(idle, 1.0, size)
    scaled = form / (scale[:, :, None] * scale[:, None, :])
    scaled -= CONES.rounding * ~(idle[:, :, None] | idle[:, None, :])
    scaled[idle[:, :, None] & np.eye(form.shape[1], dtype=bool)] = 1.0
    return np.asarray(copositive(scaled))


def _merged(lifted: Array, p: Array, multiplier: Array) -> tuple[Array, Array, Array]:
    """Samples that are the same become one."""
    rows, where = np.unique(lifted, axis=0, return_inverse=True)
    if len(rows) == len(lifted):
        return lifted, p, multiplier
    together = np.zeros((len(rows), 1 + multiplier.shape[1]))
    np.add.at(together, where.ravel(), np.hstack([p[:, None], multiplier]))
    return rows, together[:, 0], together[:, 1:]
