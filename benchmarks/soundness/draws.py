"""Problems that no one chose: each is a function of a seed and an index alone, so that any can be made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from benchmarks.soundness.settings import (
    EXACT,
    MEAN,
    Energy,
    Reading,
    costs_of,
    groups_of,
    masked_argument,
    mixing_of,
    probabilities_of,
    reading_of,
    rotation,
)
from theory.arrays import Array

Generator = np.random.Generator
Family = Callable[[Generator, int, int], Array]

__all__ = [
    "DIMENSIONS",
    "DRAWS",
    "FAMILIES",
    "Drawn",
    "dimension_of",
    "drawn",
    "is_well_posed",
    "well_posed",
    "worth_having",
]

DIMENSIONS = (1, 2, 3, 4, 5, 6)  # numbers of sources that are drawn
SHARES = (0.05, 0.2, 0.25, 0.2, 0.2, 0.1)  # how often each is: one source is soon tried out, six take long
MOST_COMBINATIONS = 1_000  # rows of a full grid or a product at most
DRAWS = 1_000  # samples that are not well posed are drawn again; so many times in a row means a family that cannot be


@dataclass(frozen=True)
class Drawn:
    """A problem as raw numbers."""

    # What it is a function of.
    seed: int
    index: int
    family: str  # of the samples
    points: Array  # (T, d)
    probabilities: Array | None  # (T,) of any scale, or None
    mixing: Array | None  # (dx, d), or None
    encoder_cost: float  # zero or positive
    decoder_cost: float  # positive
    activity_cost: float = 1.0  # positive, or zero where the bias costs something
    bias_cost: float = 0.0  # zero or positive
    reading: Reading = EXACT  # how it is read out
    groups: dict[str, tuple[int, ...]] | None = None  # members by name, or None
    separate: bool = False  # whether neurons keep to one group
    masked: str = ""  # the argument that is first given with a masked entry, or nothing
    activation: str = "linear"  # the kind of neurons
    energy: Energy = MEAN  # what the activity of linear ones costs

    @property
    def kind(self) -> str:
        """How `activations` calls it."""
        return self.activation if self.energy.kind == "mean" else "energy"

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return int(self.points.shape[1])

    @property
    def weights(self) -> Array:
        """(T,) probabilities of any scale."""
        return np.ones(len(self.points)) if self.probabilities is None else self.probabilities

    @property
    def targets(self) -> Array:
        """(r, d) what is read out of a code."""
        if self.reading.targets is not None:
            return self.reading.targets
        return np.eye(self.dimension) if self.mixing is None else self.mixing

    @property
    def effective_decoder_cost(self) -> float:
        """The cost of decoder weights and of the noise that they let through."""
        if self.reading.exact:
            return self.decoder_cost
        return self.decoder_cost + self.reading.error_cost * self.reading.noise_variance

    @property
    def extreme(self) -> bool:
        """Whether the program may refuse it in one line: units too far apart, or a neuron that costs nearly nothing."""
        size = np.ptp(self.points, axis=0)
        return bool(size.max() > 1e6 * size.min()) or self.encoder_cost == 0

    def options(self) -> dict[str, Any]:
        """What goes to `solver.Problem` besides the points."""
        costs = ("encoder_cost", "decoder_cost", "activity_cost", "bias_cost")
        names = ("probabilities", "mixing", *costs, "groups", "separate")
        kind = {} if self.activation == "linear" else {"activation": self.activation}
        readout = {"readout": self.reading.posed()}
        return {name: getattr(self, name) for name in names} | readout | kind | self.energy.posed()

    @property
    def _kind(self) -> str:
        paid = "" if self.energy.kind == "mean" else f"{self.energy.kind} energy, "
        return paid if self.activation == "linear" else f"{self.activation} neurons, "

    def __str__(self) -> str:
        weights = "equal" if self.probabilities is None else f"from {self.probabilities.min():.2g}"
        channels = "no mixing" if self.mixing is None else f"mixing of condition {np.linalg.cond(self.mixing):.2g}"
        groups = "" if self.groups is None else f", groups {list(self.groups.values())}"
        return (
            f"problem {self.index} of seed {self.seed}: {self._kind}{self.family}, {self.dimension} sources, "
            f"{len(self.points)} samples, probabilities {weights}, {channels}, "
            f"encoder cost {self.encoder_cost:.3g}, decoder cost {self.decoder_cost:.3g}, "
            f"activity cost {self.activity_cost:.3g}, bias cost {self.bias_cost:.3g}, "
            f"read out: {self.reading}{groups}{', kept apart' if self.separate else ''}"
        )


def dimension_of(seed: int, index: int) -> int:
    """Number of sources of a problem, without drawing the rest of it."""
    return int(_generator(seed, index).choice(DIMENSIONS, p=SHARES))


def drawn(seed: int, index: int) -> Drawn:
    """The problem with this index."""
    rng = _generator(seed, index)
    dimension = int(rng.choice(DIMENSIONS, p=SHARES))
    family = str(rng.choice(list(FAMILIES)))
    points, probabilities = well_posed(rng, lambda: FAMILIES[family](rng, dimension, _count(rng, dimension)), family)
    mixing = mixing_of(rng, dimension)
    costs = costs_of(rng)
    plain = Drawn(seed, index, family, points, probabilities, mixing, *costs)
    elsewhere = rng.random(len(points)) * (rng.random(len(points)) < 0.8)
    weights = elsewhere if is_well_posed(points, elsewhere) else None
    reading = reading_of(rng, dimension, worth_having(plain), costs[1], weights)
    arguments = {
        "sources": points,
        "probabilities": probabilities,
        "mixing": mixing,
        "targets": reading.targets,
        "readout probabilities": reading.probabilities,
    }
    return replace(plain, reading=reading, **_grouped(rng, dimension), masked=masked_argument(rng, arguments))


def well_posed(rng: Generator, draw: Callable[[], Array], family: str) -> tuple[Array, Array | None]:
    """Samples of a family with probabilities that make a problem well posed: the first that are drawn."""
    for _ in range(DRAWS):
        points = draw()
        probabilities = probabilities_of(rng, len(points))
        if is_well_posed(points, probabilities):
            return points, probabilities
    raise RuntimeError(f"{family}: {DRAWS} draws in a row are not well posed; mend the family")


def _grouped(rng: Generator, dimension: int) -> dict[str, Any]:
    groups, separate = groups_of(rng, dimension)
    return {"groups": groups, "separate": separate}


def worth_having(problem: Drawn) -> Array:
    """(d,) the cost of errors, of the data and counted where they lie, from which on a neuron of one source pays.

    It earns error_cost^2 K_ii C_ii^2 / decoder_cost for each unit of its squared weight as errors begin to cost.
    """
    share = problem.weights / problem.weights.sum()
    near = problem.points - problem.points[0]
    centered = near - share @ near
    variance = share @ centered**2
    bias = np.minimum(-centered.min(axis=0), centered.max(axis=0))
    mixing = np.eye(problem.dimension) if problem.mixing is None else problem.mixing
    encoder = (np.linalg.pinv(mixing) ** 2).sum(axis=1)
    cost = problem.activity_cost * (variance + bias**2) + problem.bias_cost * bias**2 + problem.encoder_cost * encoder
    return np.asarray(np.sqrt(problem.decoder_cost * cost / (mixing**2).sum(axis=0)) / variance)


def _generator(seed: int, index: int) -> Generator:
    return np.random.default_rng([seed, index])


def _count(rng: Generator, dimension: int) -> int:
    most = 5_000 if dimension <= 3 and rng.random() < 0.05 else 300
    return _log_uniform(rng, dimension + 1, most)


def _log_uniform(rng: Generator, least: int, most: int) -> int:
    return int(np.exp(rng.uniform(np.log(least), np.log(most + 1))))


def is_well_posed(points: Array, probabilities: Array | None) -> bool:
    weighted = points if probabilities is None else points[probabilities > 0]
    weights = np.ones(len(points)) if probabilities is None else probabilities[probabilities > 0]
    if len(weighted) <= points.shape[1]:
        return False
    centered = (weighted - np.average(weighted, axis=0, weights=weights)) * np.sqrt(weights / weights.sum())[:, None]
    deviation = np.sqrt((centered**2).sum(axis=0))
    # Of the samples that count: what does not vary among them has a deviation by rounding.
    if not (deviation > 0).all() or (np.ptp(weighted, axis=0) <= 1e-9 * np.abs(points).max(axis=0)).any():
        return False
    # The program refuses sources as linearly dependent at 1e-10; in between it may do either.
    return bool(np.linalg.svd(centered / deviation, compute_uv=False)[-1] > 1e-8)


# ---- samples ------------------------------------------------------------------------------------------------------


def _uniform(rng: Generator, dimension: int, count: int) -> Array:
    return rng.uniform(-1, 1, (count, dimension))


def _normal(rng: Generator, dimension: int, count: int) -> Array:
    """Condition numbers up to a million, in every direction."""
    falling = np.geomspace(1, 10.0 ** -rng.uniform(0, 6), dimension)
    return rng.standard_normal((count, dimension)) * falling @ rotation(rng, dimension)


def _heavy_tails(rng: Generator, dimension: int, count: int) -> Array:
    kind = rng.integers(3)
    if kind == 0:
        points = rng.standard_t(3, (count, dimension))
    elif kind == 1:
        points = np.clip(rng.standard_cauchy((count, dimension)), -1e3, 1e3)
    else:
        points = rng.lognormal(0, rng.uniform(0.5, 2), (count, dimension))
    return points @ rng.standard_normal((dimension, dimension)) if rng.random() < 0.3 else points


def _grid(rng: Generator, dimension: int, count: int) -> Array:
    """Integers with repetitions, or all combinations of a few levels a source."""
    if rng.random() < 0.6:
        return rng.integers(0, rng.integers(2, 8, dimension), (count, dimension)).astype(float)
    most = max(2, int(MOST_COMBINATIONS ** (1 / dimension)))
    levels = [
        np.sort(rng.choice(9, size, replace=False)) - 4.0
        for size in rng.integers(2, min(most, 7), dimension, endpoint=True)
    ]
    return np.array(list(product(*levels)))


def _degenerate(rng: Generator, dimension: int, count: int) -> Array:
    """Hulls whose facets hold more points than they need; some turned, so that rounding decides what is coplanar."""
    kinds = (_on_facets, _cut_corners, _cross_polytope, _product, _simplex, _antipodal)
    points = kinds[rng.integers(len(kinds))](rng, dimension, count)
    return points @ rotation(rng, dimension) if rng.random() < 0.3 else points


def _on_facets(rng: Generator, dimension: int, count: int) -> Array:
    points = rng.uniform(-1, 1, (count, dimension))
    points[np.arange(count), rng.integers(dimension, size=count)] = rng.choice([-1.0, 1.0], count)
    return points


def _cut_corners(rng: Generator, dimension: int, count: int) -> Array:
    """A box without some corners, or a lattice that ends at a plane."""
    del count
    if rng.random() < 0.5:
        levels = max(2, int(rng.integers(2, 6)) if dimension <= 4 else 2)
        box = np.array(list(product(np.linspace(-1, 1, levels), repeat=dimension)))
        corner = np.flatnonzero((np.abs(box) == 1).all(axis=1))
        return np.delete(box, rng.choice(corner, rng.integers(1, len(corner)), replace=False), axis=0)
    steps = int(rng.integers(2, {1: 9, 2: 9, 3: 6, 4: 4}.get(dimension, 3)))
    lattice = np.array(list(product(range(steps), repeat=dimension)), dtype=float)
    return lattice[lattice.sum(axis=1) <= rng.integers(1, dimension * (steps - 1) + 1)]


def _cross_polytope(rng: Generator, dimension: int, count: int) -> Array:
    ends = np.vstack([np.eye(dimension), -np.eye(dimension)]) * (rng.integers(1, 4, dimension) / 2)
    inside = rng.dirichlet(np.ones(2 * dimension), max(0, count - len(ends))) @ ends
    return np.vstack([ends, inside])


def _product(rng: Generator, dimension: int, count: int) -> Array:
    if dimension == 1:
        return _uniform(rng, dimension, count)
    first = int(rng.integers(1, dimension))
    sizes = [_log_uniform(rng, part + 1, part + 30) for part in (first, dimension - first)]
    while sizes[0] * sizes[1] > MOST_COMBINATIONS:
        sizes = [max(part + 1, size // 2) for part, size in zip((first, dimension - first), sizes, strict=True)]
    parts = [rng.standard_normal((size, part)) for size, part in zip(sizes, (first, dimension - first), strict=True)]
    return np.array([[*one, *other] for one in parts[0] for other in parts[1]])


def _simplex(rng: Generator, dimension: int, count: int) -> Array:
    corners = np.vstack([np.zeros(dimension), np.eye(dimension)])
    return np.vstack([corners, rng.dirichlet(np.ones(dimension + 1), max(0, count - len(corners))) @ corners])


def _antipodal(rng: Generator, dimension: int, count: int) -> Array:
    half = rng.standard_normal((max(dimension, count // 2), dimension))
    half = half / np.linalg.norm(half, axis=1, keepdims=True) if rng.random() < 0.5 else np.round(2 * half)
    return np.vstack([half, -half])


def _duplicates(rng: Generator, dimension: int, count: int) -> Array:
    """Samples that come again, exactly or with a jitter of a billionth."""
    points = _any_base(rng, dimension, max(dimension + 1, count // 2))
    points = points[rng.integers(len(points), size=count)] if rng.random() < 0.5 else np.vstack([points, points])
    if rng.random() < 0.5:
        return points
    return points + 1e-9 * np.ptp(points, axis=0) * rng.standard_normal(points.shape)


def _tied_extremes(rng: Generator, dimension: int, count: int) -> Array:
    """Many samples at the very ends of each source, and often both ends as far from the mean."""
    points = _any_base(rng, dimension, count)
    ends = np.quantile(points, [rng.uniform(0.05, 0.4), rng.uniform(0.6, 0.95)], axis=0)
    points = np.clip(points, *ends)
    return np.vstack([points, ends.sum(axis=0) - points]) if rng.random() < 0.5 else points


def _unlike_scales(rng: Generator, dimension: int, count: int) -> Array:
    return _any_base(rng, dimension, count) * 10.0 ** rng.uniform(-3, 3, dimension)


def _unlike_units(rng: Generator, dimension: int, count: int) -> Array:
    """As of a table in which micrometres stand beside parsecs."""
    return _any_base(rng, dimension, count) * 10.0 ** rng.uniform(-6, 8, dimension)


def _tied_columns(rng: Generator, dimension: int, count: int) -> Array:
    """Columns that come again: in another order, from the other end, or as the sum of others but for a little."""
    points = _any_base(rng, dimension, count)
    for column in range(1, dimension):
        kind = rng.random()
        other = points[:, rng.integers(column)]
        if kind < 0.4:
            points[:, column] = rng.permutation(other)
        elif kind < 0.6:
            points[:, column] = other.min() + other.max() - rng.permutation(other)
        elif kind < 0.8:
            own = points[:, column] / max(float(np.ptp(points[:, column])), np.finfo(float).tiny)
            points[:, column] = other + 10.0 ** -rng.uniform(0, 6) * np.ptp(other) * own
    return points


def _offsets(rng: Generator, dimension: int, count: int) -> Array:
    """Means far from zero: up to a million times the range."""
    points = _any_base(rng, dimension, count)
    far = 10.0 ** rng.uniform(0, 6, dimension) * rng.choice([-1.0, 1.0], dimension)
    return points + far * np.ptp(points, axis=0)


def _sparse(rng: Generator, dimension: int, count: int) -> Array:
    """One source at a time, as 0 and 1 or with sizes; or each now and then."""
    kind = rng.integers(3)
    sizes = rng.exponential(1, (count, dimension)) if rng.random() < 0.7 else np.ones((count, dimension))
    if kind == 0:
        return np.eye(dimension + 1)[rng.integers(dimension + 1, size=count), :dimension] * sizes
    if kind == 1:
        signs = rng.choice([-1.0, 1.0], (count, dimension))
        return np.eye(dimension)[rng.integers(dimension, size=count)] * sizes * signs
    return (rng.random((count, dimension)) < rng.uniform(0.05, 0.5)) * sizes


def _mixture(rng: Generator, dimension: int, count: int) -> Array:
    """Clusters of their own shapes, sometimes with a few samples far out."""
    clusters = int(rng.integers(2, 5))
    center = 3 * rng.standard_normal((clusters, dimension))
    shape = rng.standard_normal((clusters, dimension, dimension)) * 10.0 ** rng.uniform(-2, 0, (clusters, 1, 1))
    member = rng.integers(clusters, size=count)
    points = center[member] + np.einsum("td,tde->te", rng.standard_normal((count, dimension)), shape[member])
    if rng.random() < 0.3:
        points[: max(1, count // 50)] *= 10.0 ** rng.uniform(0, 2)
    return points


def _rings(rng: Generator, dimension: int, count: int) -> Array:
    """Waves on a ring: turns of its positions change nothing, nor do turns of the plane of each wave."""
    most = -(-dimension // 2)
    positions = max(dimension + 1, min(count, int(rng.integers(2 * most + 1, 40))))
    frequencies = rng.choice(np.arange(1, max(most, (positions - 1) // 2) + 1), most, replace=False)
    angles = 2 * np.pi * np.arange(positions)[:, None] * frequencies / positions + rng.uniform(0, 2 * np.pi, most)
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(positions, -1)[:, :dimension]
    return waves if rng.random() < 0.7 else waves * np.repeat(rng.uniform(0.5, 2, most), 2)[:dimension]


def _any_base(rng: Generator, dimension: int, count: int) -> Array:
    bases = (_uniform, _normal, _heavy_tails, _grid, _degenerate, _sparse, _mixture)
    return bases[rng.integers(len(bases))](rng, dimension, count)


FAMILIES: dict[str, Family] = {
    "uniform": _uniform,
    "normal": _normal,
    "heavy tails": _heavy_tails,
    "grid": _grid,
    "degenerate hull": _degenerate,
    "duplicates": _duplicates,
    "tied extremes": _tied_extremes,
    "unlike scales": _unlike_scales,
    "unlike units": _unlike_units,
    "tied columns": _tied_columns,
    "offsets": _offsets,
    "sparse": _sparse,
    "mixture": _mixture,
    "rings": _rings,
}
"""What the samples are drawn from: the generator, the number of sources and about how many samples, to (T, d)."""
