"""Neurons that earn most for what they cost: a search of the checker's own, in floating point, from many starts.

What it finds is an argument against a multiplier whatever way it was found, so nothing here need be proven, and nothing
is shared with the program's own pricing. Between its kinks the bias of a neuron is linear, and the best neuron of such
a piece, or of a wall between pieces, is an eigenvector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.soundness.draws import Drawn
from theory.arrays import Array

__all__ = ["Whitened", "best_neurons", "smooth_biases"]


@dataclass(frozen=True)
class NeuronSearch:
    """How far the search for the best neurons goes."""

    random: int = 2_000  # directions
    pieces: int = 150  # samples, of those that set the bias in some direction, whose piece is searched
    climbs: tuple[int, ...] = (2, 6, 8, 12, 16, 20)  # starts that are climbed from, in one to six sources
    quick: int = 2  # times as many starts where none is climbed from
    # Norms in place of the bias, ever closer to the maximum: stages of a climb.
    powers: tuple[int, ...] = (8, 64, 512, 4096)
    steps: int = 40  # of a quasi-Newton method, in a stage
    near_by: int = 6  # samples per source that are looked at for those that could tie
    same: tuple[float, ...] = (1e-12, 1e-6)  # distances of equal samples, relative to the largest: both are tried
    walls: int = 10  # times at most that a neuron is moved to a better wall near by
    block: int = 2_000_000  # entries of a temporary at most


NEURON_SEARCH = NeuronSearch()


class Whitened:
    """Coordinates c = H w in which a neuron costs |c|^2 + max_t (corners_t . c)^2.

    Args:
        problem: raw numbers.
        members: the sources that neurons read; all if not given.

    Attributes:
        members: (d,) these sources.
        corners: (T, d) the distinct samples about the mean, turned round.
        matrix, inverse: (d, d) H and H^-1.
        targets: (r, d) B;  decoder_cost: the price of decoding it;  ridge: (d, d) G0, or None.
    """

    def __init__(self, problem: Drawn, members: Sequence[int] | None = None) -> None:
        self.members = list(range(problem.dimension)) if members is None else list(members)
        share = problem.weights / problem.weights.sum()
        near = problem.points - problem.points[0]
        centered = near - share @ near
        mixing = np.eye(problem.dimension) if problem.mixing is None else problem.mixing
        length = np.linalg.norm(mixing, axis=0)
        encoder = np.linalg.pinv(mixing / length) / length[:, None]
        energy = problem.energy
        paid = encoder.T if energy.costs is None else np.linalg.cholesky(energy.costs).T
        counted = share if energy.weights is None else energy.weights / energy.weights.sum()
        about = centered - counted @ centered
        # From the samples themselves, not their covariance, which would lose half of the digits.
        activity = about * np.sqrt(problem.activity_cost * counted)[:, None] * (energy.kind != "peak")
        rows = np.vstack([activity, paid * problem.encoder_cost**0.5])[:, self.members]
        scale = np.linalg.norm(rows, axis=0)
        factor = np.linalg.qr(rows / scale, mode="r")
        self.inverse = np.linalg.inv(factor) / scale[:, None]
        self.matrix = factor * scale
        height = (problem.activity_cost + problem.bias_cost) ** 0.5
        ends = (about[:, None] - about).reshape(-1, problem.dimension) if energy.kind == "peak" else about
        self.corners = np.unique(-height * ends[:, self.members] @ self.inverse, axis=0)
        self.targets = problem.targets[:, self.members]
        self.decoder_cost = problem.effective_decoder_cost
        self.ridge = None if problem.reading.exact else _ridge(problem, centered)[np.ix_(self.members, self.members)]

    def bias(self, rows: Array) -> Array:
        """(n,) max_t corners_t . c of each row."""
        step = max(1, NEURON_SEARCH.block // len(self.corners))
        blocks = [(rows[start : start + step] @ self.corners.T).max(axis=1) for start in range(0, len(rows), step)]
        return np.concatenate(blocks)

    def costs(self, rows: Array) -> Array:
        """(n,) cost of each neuron."""
        return (rows**2).sum(axis=1) + self.bias(rows) ** 2

    def weights(self, rows: Array) -> Array:
        """(n, d) the neurons' weights on the sources."""
        return rows @ self.inverse.T

    def rows(self, weights: Array) -> Array:
        """(n, d) coordinates of neurons with these weights on the sources."""
        return weights @ self.matrix.T


def _ridge(problem: Drawn, centered: Array) -> Array:
    """(d, d) what errors that may be made leave neurons to do: (decoder_cost / error_cost) C^-1."""
    weights = problem.weights if problem.reading.probabilities is None else problem.reading.probabilities
    share = weights / weights.sum()
    rows = (centered - share @ centered) * np.sqrt(share)[:, None]
    scale = np.linalg.norm(rows, axis=0)
    half = np.linalg.inv(np.linalg.qr(rows / scale, mode="r")) / scale[:, None]
    return np.asarray(problem.effective_decoder_cost / problem.reading.error_cost * half @ half.T)


def best_neurons(
    white: Whitened,
    multiplier: Array,
    weights: Array,
    rng: np.random.Generator,
    *,
    most: int = 3,
    apart: float = 0.99,
    quick: bool = False,
) -> Array:
    """(at most `most`, d) the neurons with the largest ratios w'Y w / f(w) that were found, as weights on the sources.

    Of two whose cosine is above `apart` one is taken. The search starts from the neurons of a code (n, d) too. A quick
    one does not climb, which finds most of what is best in a tenth of the time.
    """
    worth = white.inverse.T @ multiplier @ white.inverse
    worth = (worth + worth.T) / 2
    tried = np.vstack([white.rows(weights), _directions(white, worth, rng)])
    tried = np.vstack([tried, *_of_pieces(white, worth, tried)])
    tried = _both_ways(tried)
    ratios = _ratios(white, worth, tried)
    count = (NEURON_SEARCH.quick if quick else 1) * NEURON_SEARCH.climbs[len(worth) - 1]
    starts = _different(tried[np.argsort(-ratios)], count)
    climbed = [] if quick else [_climbed(white, worth, start) for start in starts]
    candidates = np.array([*starts, *climbed, *(_best_at_ties(white, worth, row) for row in [*starts, *climbed])])
    best = np.argsort(-_ratios(white, worth, candidates))
    return white.weights(_different(candidates[best], most, apart))


def _ratios(white: Whitened, worth: Array, rows: Array) -> Array:
    return ((rows @ worth) * rows).sum(axis=1) / white.costs(rows)


def _both_ways(rows: Array) -> Array:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = (rows / np.where(length > 0, length, 1.0))[length[:, 0] > 0]
    return np.vstack([rows, -rows])


def _directions(white: Whitened, worth: Array, rng: np.random.Generator) -> Array:
    dimension = len(worth)
    if dimension == 2:
        angle = np.linspace(0, np.pi, NEURON_SEARCH.random)
        even = np.column_stack([np.cos(angle), np.sin(angle)])
    else:
        even = rng.standard_normal((NEURON_SEARCH.random, dimension))
    _, axes = np.linalg.eigh(worth)
    # A step of the power method leads to where much is earned.
    return np.vstack([even, even @ worth, axes.T, np.linalg.inv(white.inverse).T])


def _of_pieces(white: Whitened, worth: Array, tried: Array) -> Iterator[Array]:
    """Eigenvectors of the pieces on which one sample sets the bias, for samples that do so somewhere."""
    where = _both_ways(tried)
    step = max(1, NEURON_SEARCH.block // len(white.corners))
    first = [(where[start : start + step] @ white.corners.T).argmax(axis=1) for start in range(0, len(where), step)]
    samples, times = np.unique(np.concatenate(first), return_counts=True)
    corners = white.corners[samples[np.argsort(-times)[: NEURON_SEARCH.pieces]]]
    root = _cheapened(corners)
    _, vectors = np.linalg.eigh(root @ worth @ root)
    yield (root @ vectors).swapaxes(1, 2).reshape(-1, len(worth))


def _different(rows: Array, most: int, apart: float = 0.99) -> Array:
    """The first rows that do not point the same way."""
    chosen: list[Array] = []
    for row in rows:
        unit = row / np.linalg.norm(row)
        if all(unit @ other < apart for other in chosen):
            chosen.append(unit)
        if len(chosen) == most:
            break
    return np.array(chosen)


def _climbed(white: Whitened, worth: Array, start: Array) -> Array:
    """A quasi-Newton climb of the logarithm of the ratio, with ever sharper biases."""
    from scipy.optimize import minimize

    def falling(row: Array, power: int) -> tuple[float, Array]:
        biases, slopes = smooth_biases(white.corners, row[None], power)
        bias, slope = float(biases[0]), slopes[0]
        earned, cost = worth @ row, float(row @ row) + bias**2
        gain = float(row @ earned)
        if not gain > 0:
            return np.inf, np.zeros_like(row)
        return np.log(cost / gain), 2 * (row + bias * slope) / cost - 2 * earned / gain

    for power in NEURON_SEARCH.powers:
        options = {"maxiter": NEURON_SEARCH.steps}
        start = minimize(falling, start, args=(power,), jac=True, method="L-BFGS-B", options=options).x
        start = start / np.linalg.norm(start)
    return start


def smooth_biases(corners: Array, rows: Array, power: int) -> tuple[Array, Array]:
    """Biases (n,) of neurons (n, d), smooth and a little too large, and their slopes (n, d).

    They are norms of the positive projections on the corners: they grow with the neuron, as the maximum does, and tend
    to it as the power grows.
    """
    values = rows @ corners.T
    highest = values.max(axis=1)
    # The mean is inside the hull; only rounding can leave no corner on a neuron's side.
    highest = np.maximum(highest, np.finfo(float).tiny)
    share = np.maximum(values / highest[:, None], 0.0)
    raised = share ** (power - 1)
    total = np.maximum((raised * share).sum(axis=1), np.finfo(float).tiny)
    bias = highest * total ** (1 / power)
    return bias, (raised @ corners) * (total ** (1 / power - 1))[:, None]


def _best_at_ties(white: Whitened, worth: Array, row: Array) -> Array:
    """The best neuron at which some of the samples that nearly tie for the bias tie exactly; from there again."""
    ratio = float(_ratios(white, worth, row[None])[0])
    for _ in range(NEURON_SEARCH.walls):
        candidates = _both_ways(np.vstack([row, *_of_walls(white, worth, row)]))
        ratios = _ratios(white, worth, candidates)
        best = int(np.argmax(ratios))
        if ratios[best] <= ratio:
            break
        row, ratio = candidates[best], float(ratios[best])
    return row


def _of_walls(white: Whitened, worth: Array, row: Array) -> Iterator[Array]:
    """Eigenvectors of the walls between the pieces around a neuron: those of one sample that ties, of two, of more."""
    values = white.corners @ row
    first = white.corners[np.argsort(-values)[: NEURON_SEARCH.near_by * len(row)]]
    size = np.abs(first).max()
    yield _of_wall(worth, first[0], np.eye(len(row)))
    before: list[int] = []
    for apart in NEURON_SEARCH.same:
        chosen, levels = _ties(first, apart * size)
        # Both ways of telling samples apart often come to the same.
        if chosen != before:
            before = chosen
            yield from (_of_wall(worth, first[0], level) for level in levels)


def _ties(first: Array, apart: float) -> tuple[list[int], list[Array]]:
    """The samples that tie one after the other, and bases (d, k) of the neurons for which they do."""
    level, chosen, levels = np.eye(first.shape[1]), [], []
    for index, corner in enumerate(first):
        if level.shape[1] == 1:
            break
        # A sample that ties with those before in any case stands for nothing new.
        step = (corner - first[0]) @ level
        length = float(np.sqrt(step @ step))
        if length <= apart:
            continue
        # A reflection that takes the step to the first axis; the other axes are level.
        step[0] += np.copysign(length, step[0])
        level = (level - np.outer(level @ step, step * (2 / (step @ step))))[:, 1:]
        chosen.append(index)
        levels.append(level)
    return chosen, levels


def _of_wall(worth: Array, corner: Array, level: Array) -> Array:
    """Eigenvectors among the neurons in the span of the columns of `level`, where this sample sets the bias."""
    root = _cheapened((corner @ level)[None])[0]
    _, vectors = np.linalg.eigh(root @ (level.T @ worth @ level) @ root)
    return (level @ root @ vectors).T


def _cheapened(corners: Array) -> Array:
    """(n, d, d) the inverse square roots of I + v v', which is what neurons cost where v sets the bias."""
    square = (corners**2).sum(axis=1)
    share = (1 / np.sqrt(1 + square) - 1) / np.maximum(square, np.finfo(float).tiny)
    return np.eye(corners.shape[1]) + share[:, None, None] * corners[:, :, None] * corners[:, None, :]
