"""2023: rectified means and costs of energy separate the factors of pictures, beside beta-VAE."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from numpy.random import Generator

from solver.networks.checkpoint import nested
from solver.networks.network import Data
from solver.networks.shapes import draw
from solver.networks.training import train
from solver.networks.variational import Variational
from solver.pictures.style import GREY, page_figure
from solver.studies.networks.constraints import bars, entangled, scored
from solver.studies.networks.trials import PIXELS
from solver.studies.study import Finding
from theory.arrays import Array

PICTURES_DRAWN = 256

NEITHER = Variational(8, hidden=24, nonnegative=False, error_cost=100.0, batch=16)
VARIATIONAL = {
    "neither": NEITHER,
    "nonnegativity": replace(NEITHER, nonnegative=True),
    "energy": replace(NEITHER, weight_cost=1.0),
    "both": replace(NEITHER, nonnegative=True, weight_cost=1.0),
    "beta-VAE": replace(NEITHER, beta=8.0),
}
"""Activity has a price in all: the divergence from a standard normal distribution holds the squares of the means."""


def study(rng: Generator, quick: bool) -> Finding:
    """2023: rectified means and costs of energy separate the factors of pictures, beside beta-VAE."""
    # The two factors are the disc's place, across and down.
    kinds = {
        "independent": rng.uniform(size=(PICTURES_DRAWN, 2)),
        "correlated": correlated(rng, PICTURES_DRAWN),
        "entangled": entangled(rng, PICTURES_DRAWN, 2),
    }
    # Twice as many seeds as elsewhere: how pictures are coded depends much on the start.
    seeds = tuple(range(10))
    scores, errors = [], []
    for name, factors in kinds.items():
        data = Data.of(draw(factors, PIXELS))
        for condition in VARIATIONAL if name == "independent" else ("both", "beta-VAE"):
            network = VARIATIONAL[condition]
            trained = train(network, data, steps=250 if quick else 5_000, rate=3e-3, seeds=seeds)
            scores.append(scored(("variational", condition, name), trained.activity, factors))
            each = [{path: leaf[seed] for path, leaf in trained.weights.items()} for seed in seeds]
            error = np.mean([float(network.error(nested(leaves), data)) for leaves in each])
            errors.append(error / float(np.var(data.inputs, axis=0).sum()))
    figure = page_figure(1, 0.36)
    left, right = figure.subplots(1, 2, width_ratios=(1, 5))
    _sheet(left)
    suffixes = {"independent": "", "correlated": ",\ncorrelated", "entangled": ",\ncorners cut"}
    bars(right, scores, [one.condition + suffixes[one.factors] for one in scores])
    right.tick_params(axis="x", labelsize=5)
    right.set_ylabel("mutual-information ratio")
    ratio = {(one.condition, one.factors): one.ratio for one in scores}
    both, neither = ratio["both", "independent"], ratio["neither", "independent"]
    holds = both.mean > max(ratio[name, "independent"].mean for name in ("neither", "nonnegativity", "energy"))
    holds &= both.low > ratio["energy", "independent"].mean and ratio["both", "entangled"].mean < both.mean
    others = ", ".join(f"{name} {ratio[name, 'independent']}" for name in ("nonnegativity", "energy", "beta-VAE"))
    verdict = (
        f"mutual-information ratio of variational autoencoders on pictures: both {both}, neither {neither}, {others}; "
        f"both on correlated factors {ratio['both', 'correlated'].mean:.2f}, with corners cut "
        f"{ratio['both', 'entangled'].mean:.2f}; beta-VAE there {ratio['beta-VAE', 'correlated'].mean:.2f} and "
        f"{ratio['beta-VAE', 'entangled'].mean:.2f}"
    )
    rows = [one.row() | {"error": error} for one, error in zip(scores, errors, strict=True)]
    return Finding(bool(holds), verdict, rows, figure)


def correlated(rng: Generator, samples: int) -> Array:
    """(T, 2) from 0 to 1, near the diagonal more often than far from it, in every combination.

    Example:
        >>> drawn = correlated(np.random.default_rng(0), 400)
        >>> bool(np.corrcoef(drawn.T)[0, 1] > 0.4), bool((abs(drawn[:, 0] - drawn[:, 1]) > 0.8).any())
        (True, True)
    """
    drawn = rng.uniform(size=(8 * samples, 2))
    kept = rng.random(len(drawn)) < np.exp(-4.0 * (drawn[:, 0] - drawn[:, 1]) ** 2)
    return np.asarray(drawn[kept][:samples])


def _sheet(axes: Axes) -> None:
    """Some of the pictures, as they are seen."""
    line = np.linspace(0, 1, 3)
    drawn = draw([[x, y] for y in line for x in line], PIXELS).reshape(3, 3, PIXELS, PIXELS)
    padded = np.pad(drawn, ((0, 0), (0, 0), (0, 1), (0, 1)))
    sheet = padded.transpose(0, 2, 1, 3).reshape(3 * (PIXELS + 1), -1)
    axes.imshow(sheet, cmap="Greys", interpolation="nearest")
    axes.set(xticks=[], yticks=[], title="pictures")
    axes.spines[:].set_color(GREY)
