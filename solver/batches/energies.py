"""The best energies of up to three neurons of two sources, with plain numbers: arrays would take ten times as long.

Energies x >= 0 of neurons u_j of cost one minimise sum_j x_j + tr K H^-1, H = G + G0, G = sum_j x_j u_j u_j':

1. Three neurons that all have energy earn what they cost, u_j'Y u_j = 1: three equations for Y = H^-1 K H^-1. So H is
   the geometric mean of Y^-1 and K, for 2 by 2 matrices a multiple of Y^-1 / det(Y^-1)^1/2 + K / det(K)^1/2, and three
   equations tell what has which share in G = H - G0.
2. If some energy came out negative the neuron of the most negative one is left out. Two neurons without G0 have the
   energies ((U^-1 K U^-T)_jj)^1/2, with U = (u_1, u_2).
3. From there, or from the energies to begin with if they cost less, a projected Newton's method, until no slope is more
   than rounding: at the optimum there is nothing to do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Vector = tuple[float, float]

Form = tuple[float, float, float]
"""Entries 11, 12 and 22."""


@dataclass(frozen=True)
class EnergyLimits:
    """When Newton's method ends, and what counts as none."""

    steps: int = 30
    halvings: int = 20  # of a step
    flat: float = 1e-14  # slope, in units of what a neuron costs, that is rounding
    converged: float = 1e-15  # fall of the loss, relative, that is promised at the end
    vanished: float = 1e-9  # share of the largest energy below which a neuron is dropped if it earns less than it costs
    singular: float = 1e-12  # what is added to the diagonal of second derivatives, relative to it


BATCH_ENERGIES = EnergyLimits()


@dataclass(frozen=True)
class NeuronEnergies:
    """Neurons, and what is read out from them.

    Attributes:
        neurons: up to three, of cost one.
        demand: the diagonal of K.
        ridge: G0.

    Example:
        >>> sizes, multiplier = NeuronEnergies([(1.0, 0.0), (0.0, 1.0)], (4.0, 9.0), (0.0, 0.0, 0.0)).best([1.0, 1.0])
        >>> [round(size, 9) for size in sizes], [round(entry, 9) for entry in multiplier]
        ([2.0, 3.0], [1.0, 0.0, 1.0])
    """

    neurons: list[Vector]
    demand: Vector
    ridge: Form

    def best(self, start: list[float]) -> tuple[list[float], Form]:
        """The best energies, and the multiplier Y there.

        Args:
            start: energies to begin with.
        """
        sizes, loss = start, self.loss(start)
        guess = self._balanced()
        if guess is not None and (guessed := self.loss(guess)) <= loss:
            sizes, loss = guess, guessed
        for _ in range(BATCH_ENERGIES.steps):
            seen, slope = self._slopes(sizes)
            if _is_flat(sizes, slope):
                break
            step, promised = self._step(sizes, seen, slope)
            length = 1.0
            for _ in range(BATCH_ENERGIES.halvings):
                moved = [max(size + length * by, 0.0) for size, by in zip(sizes, step, strict=True)]
                trial = self.loss(moved)
                if trial <= loss:
                    break
                length /= 2
            else:
                break
            sizes, loss = moved, trial
            if promised <= BATCH_ENERGIES.converged * loss:
                break
        return sizes, self.multiplier(sizes)

    def loss(self, sizes: list[float]) -> float:
        """What a code with these energies costs; infinite where not all can be read from it."""
        h11, h12, h22 = self._seen(sizes)
        det = h11 * h22 - h12 * h12
        return sum(sizes) + (self.demand[0] * h22 + self.demand[1] * h11) / det if det > 0 else math.inf

    def multiplier(self, sizes: list[float]) -> Form:
        """Y = H^-1 K H^-1."""
        i11, i12, i22 = _inverse(self._seen(sizes))
        first, second = self.demand
        return (
            first * i11 * i11 + second * i12 * i12,
            first * i11 * i12 + second * i12 * i22,
            first * i12 * i12 + second * i22 * i22,
        )

    def _seen(self, sizes: list[float]) -> Form:
        """H."""
        h11, h12, h22 = self.ridge
        for size, (first, second) in zip(sizes, self.neurons, strict=True):
            h11 += size * first * first
            h12 += size * first * second
            h22 += size * second * second
        return h11, h12, h22

    def _slopes(self, sizes: list[float]) -> tuple[list[Vector], list[float]]:
        """H^-1 u of each neuron u, and how much the loss grows with its energy: what it costs less what it earns."""
        i11, i12, i22 = _inverse(self._seen(sizes))
        first, second = self.demand
        seen = [(i11 * a + i12 * b, i12 * a + i22 * b) for a, b in self.neurons]
        return seen, [1 - first * a * a - second * b * b for a, b in seen]

    def _step(self, sizes: list[float], seen: list[Vector], slope: list[float]) -> tuple[list[float], float]:
        """Newton's step where slopes are these, and the fall of the loss that it promises (step 3)."""
        first, second = self.demand
        least = BATCH_ENERGIES.vanished * max(sizes)
        free = [place for place, size in enumerate(sizes) if slope[place] < 0 or size > least]
        bent = [[0.0] * len(free) for _ in free]
        for row, place in enumerate(free):
            (a, b), (c, d) = self.neurons[place], seen[place]
            for column, other in enumerate(free[: row + 1]):
                e, f = seen[other]
                bent[row][column] = bent[column][row] = 2 * (a * e + b * f) * (first * c * e + second * d * f)
            bent[row][row] *= 1 + BATCH_ENERGIES.singular
        step = [-size for size in sizes]
        for place, moved in zip(free, _solved(bent, [slope[place] for place in free]), strict=True):
            step[place] = -moved
        return step, -sum(by * per for by, per in zip(step, slope, strict=True))

    def _balanced(self) -> list[float] | None:
        """Steps 1 and 2; None where there is no such code."""
        try:
            if len(self.neurons) == 3:
                return self._of_three()
            return self._of_two(0, 1) if len(self.neurons) == 2 else None
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    def _of_three(self) -> list[float] | None:
        """Step 1."""
        rows = [(a * a, 2 * a * b, b * b) for a, b in self.neurons]
        (y11, y12, y22), (k1, k2) = _cramer(rows, (1.0, 1.0, 1.0)), self.demand
        root_y, root_k = math.sqrt(y11 * y22 - y12 * y12), math.sqrt(k1 * k2)
        h11, h12, h22 = y22 / root_y + k1 / root_k, -y12 / root_y, y11 / root_y + k2 / root_k
        scale = math.sqrt(root_k / root_y / (h11 * h22 - h12 * h12))
        code = [scale * seen - ridge for seen, ridge in zip((h11, h12, h22), self.ridge, strict=True)]
        entries = [(a * a, c * c, e * e) for (a, _), (c, _), (e, _) in [self.neurons]]
        entries += [(a * b, c * d, e * f) for (a, b), (c, d), (e, f) in [self.neurons]]
        entries += [(b * b, d * d, f * f) for (_, b), (_, d), (_, f) in [self.neurons]]
        sizes = list(_cramer(entries, (code[0], code[1], code[2])))
        least = min(sizes)
        if least >= 0:
            return sizes
        one, other = (place for place in range(3) if place != sizes.index(least))
        return self._of_two(one, other)

    def _of_two(self, one: int, other: int) -> list[float] | None:
        """Step 2."""
        if any(self.ridge):
            return None
        (a, b), (c, d), (k1, k2) = self.neurons[one], self.neurons[other], self.demand
        area = abs(a * d - b * c)
        sizes = [0.0] * len(self.neurons)
        sizes[one], sizes[other] = (math.sqrt(k1 * y * y + k2 * x * x) / area for x, y in ((c, d), (a, b)))
        return sizes


def _is_flat(sizes: list[float], slope: list[float]) -> bool:
    """Whether no energy is to move: all earn what they cost, and those of nothing no more."""
    least, flat = BATCH_ENERGIES.vanished * max(sizes), BATCH_ENERGIES.flat
    return all(
        by >= -flat and (size == 0 or (size > least and by <= flat)) for size, by in zip(sizes, slope, strict=True)
    )


def _inverse(form: Form) -> Form:
    f11, f12, f22 = form
    det = f11 * f22 - f12 * f12
    return f22 / det, -f12 / det, f11 / det


def _cramer(rows: list[Form], right: Form) -> Form:
    """The solution of three equations."""
    (a, b, c), (d, e, f), (g, h, i) = rows
    r, s, t = right
    first, second, third = e * i - f * h, f * g - d * i, d * h - e * g
    det = a * first + b * second + c * third
    return (
        (r * first + b * (f * t - s * i) + c * (s * h - e * t)) / det,
        (a * (s * i - f * t) + r * second + c * (d * t - s * g)) / det,
        (a * (e * t - s * h) + b * (s * g - d * t) + r * third) / det,
    )


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """The solution of a few equations whose matrix is positive definite."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for place, pivot in enumerate(rows):
        for row in rows[place + 1 :]:
            factor = row[place] / pivot[place]
            row[place:] = [entry - factor * above for entry, above in zip(row[place:], pivot[place:], strict=True)]
    solution = [0.0] * len(rows)
    for place in reversed(range(len(rows))):
        row = rows[place]
        known = sum(row[column] * solution[column] for column in range(place + 1, len(rows)))
        solution[place] = (row[-1] - known) / row[place]
    return solution
