"""A page to turn and hover: the code, its certificate, and how both change with the cost of weights.

The page is one file that opens in any browser without a network. Plotly draws it, because its Python package brings the
script along and it has clouds in three dimensions. `explorer.html`, beside this file, moves what changes with a neuron
that is pointed at or with the price.
"""

from __future__ import annotations

import json
import os
from functools import partial
from importlib.resources import files
from itertools import combinations
from typing import Any

import numpy as np

from solver.codes.linear import Code
from solver.extras import PAGES, require
from solver.pictures.source_plane import Condition
from solver.pictures.summary import sentences, table_of_neurons
from solver.stopping import stop_requested
from theory.arrays import Array
from theory.errors import InputError
from theory.problem import Problem
from theory.writing import require_writable, written_whole

STOPS = 17  # costs of weights, by equal factors from a hundredth of the problem's to a hundred times it


def page(representation: Code, path: str | os.PathLike[str], *, stops: int = STOPS) -> None:
    """Write the page of a code.

    Args:
        representation: what to show first.
        path: .html file to write, whole or not at all.
        stops: costs of weights that the slider stops at, an odd number so that the given ones are among them.

    Raises:
        InputError: a path that cannot be written, an even number of stops, or plotly not installed.
    """
    target = require_writable(path, PAGES, "path")
    require("page", "page", "plotly")
    from plotly.offline import get_plotlyjs

    # In a script element nothing but its end is special: no text of the data may look like it.
    data = json.dumps(explored(representation, stops=stops), allow_nan=False).replace("</", "<\\/")
    template = files("solver.pictures.pages").joinpath("explorer.html").read_text(encoding="utf-8")
    for place, content in (("/* plotly */", get_plotlyjs()), ("/* data */", data)):
        before, after = template.split(place)
        template = before + content + after
    with written_whole(target) as temporary:
        temporary.write_text(template, encoding="utf-8")


def explored(representation: Code, *, stops: int = STOPS) -> dict[str, Any]:
    """What the page shows, as plain numbers, lists and words: the sources, and the code at every cost of weights.

    Raises:
        InputError: an even number of stops.
    """
    if not (isinstance(stops, int) and stops > 0 and stops % 2):
        raise InputError(f"stops: {stops!r} is not an odd number; the given prices are the middle one")
    # Imported here: `solve` itself makes the answers that offer this page.
    from solver import solve

    problem = representation.problem
    limit = max(5.0, 2 * representation.seconds)  # an answer that is cut short says so
    tolerance = representation.tolerance if np.isfinite(representation.tolerance) else 1e-8
    answer = partial(solve, time_limit=limit, tolerance=tolerance, practically=representation.practically)
    factors = np.geomspace(1 / 100, 100, stops) if stops > 1 else np.ones(1)
    middle = stops // 2
    codes = {middle: representation}
    for number in sorted(range(stops), key=lambda number: abs(number - middle))[1:]:
        if stop_requested():  # by a signal: the page shows what was solved before
            break
        costs = {name: getattr(problem, name) * float(factors[number]) for name in ("encoder_cost", "decoder_cost")}
        code = answer(problem.replaced(**costs))
        assert isinstance(code, Code)
        codes[number] = code
    return {
        "sources": _sources(problem),
        "stops": [_stop(code, float(factors[number])) for number, code in sorted(codes.items())],
        "first": sum(number < middle for number in codes),
    }


def _sources(problem: Problem) -> dict[str, Any]:
    sources = problem.sources
    shown = _shown(problem)
    step = -(-len(sources.points) // 1_500)  # more samples would only slow the page
    return {
        "names": list(sources.names),
        "identified": sources.identified,
        "kind": "corners of the support" if sources.known_by == "their moments" else "samples",
        "count": sources.count,
        "points": _short(sources.points[::step]),
        "mean": _short(sources.mean),
        "half_ranges": _short((sources.upper - sources.lower) / 2),
        "shown": shown,
        "hull": _hull(problem, shown),
    }


def _shown(problem: Problem) -> list[int]:
    """The sources that are drawn against each other: the eight of the largest variance."""
    variances = np.diag(problem.sources.covariance) / (problem.sources.upper - problem.sources.lower) ** 2
    strongest = np.argsort(-variances, kind="stable")[:8]
    return sorted(int(source) for source in strongest)


def _hull(problem: Problem, shown: list[int]) -> dict[str, Any]:
    """Corners and triangles of the hull of three sources, or the outline of its projection for every pair."""
    sources = problem.sources
    if sources.dimension == 1:
        return {}
    if sources.dimension == 3:
        from scipy.spatial import ConvexHull

        if sources.hull is not None:
            corners = _short(sources.vertices + sources.mean)
            return {"corners": corners, "triangles": _flat(sources.on_hull.vertices)}
        scale = sources.upper - sources.lower
        hull = ConvexHull(sources.vertices / scale, qhull_options="QJ")
        return {"corners": _short(sources.vertices + sources.mean), "triangles": hull.simplices.tolist()}
    condition = Condition(problem, None)
    pairs = combinations(shown, 2)
    rings = {(i, j): condition.hull((i, j)) + sources.mean[[i, j]] for i, j in pairs}
    return {f"{i},{j}": _short(np.concatenate([ring, ring[:1]])) for (i, j), ring in rings.items()}


def _flat(corners: Array) -> list[list[int]]:
    """Triangles of a polygon by its corners (V, 2); none of a line."""
    from scipy.spatial import ConvexHull

    if corners.shape[1] < 2:
        return []
    ring = ConvexHull(corners / np.ptp(corners, axis=0)).vertices.tolist()
    return [[ring[0], ring[place], ring[place + 1]] for place in range(1, len(ring) - 1)]


def _stop(code: Code, factor: float) -> dict[str, Any]:
    """One code with its certificate."""
    problem = code.problem
    weights = code.source_weights
    # Weights that are rounding beside a neuron's largest, in units of the ranges, are shown as zero.
    shares = np.abs(weights) * (problem.sources.upper - problem.sources.lower)
    weights = np.where(shares > 1e-12 * shares.max(axis=1, keepdims=True, initial=0.0), weights, 0.0)
    means = problem.sources.support(weights)
    return {
        "factor": factor,
        "encoder_cost": problem.encoder_cost,
        "decoder_cost": problem.decoder_cost,
        "sentences": sentences(code),
        "status": code.status,
        "loss": code.loss,
        "lower_bound": code.lower_bound,
        "gap": code.gap,
        "price": code.price_of_modularity if problem.sources.identified else None,
        "energies": code.energies,
        "neurons": [
            {"weights": _short(row), "mean": float(height), "cost": float(cost), "told": told}
            for row, height, cost, told in zip(weights, means, code.neuron_costs, _told(code), strict=True)
        ],
        "certificate": _certificate(code),
        "ellipse": _ellipses(code),
    }


def _told(code: Code) -> list[dict[str, str]]:
    """What the table of the summary says of each neuron, but for its weights, which have a picture of their own."""
    header, columns = table_of_neurons(code, weights=False)
    return [dict(zip(header, row, strict=True)) for row in zip(*columns, strict=True)]


def _certificate(code: Code) -> dict[str, Any]:
    """What neurons cost and earn: over all directions of two sources, else those of the code."""
    problem, weights = code.problem, code.source_weights
    certificate = {"cost": _short(code.neuron_costs), "earned": _short(_earned(weights, code.multiplier))}
    if problem.dimension == 2:
        # In units in which the modular neurons are of like size, or one of the curves would be a spike.
        units = problem.modular.unit_weights
        angle = np.linspace(0, 2 * np.pi, 361)
        around = np.column_stack([np.cos(angle), np.sin(angle)]) * units
        first, second = (weights / units).T
        at = np.arctan2(second, first) % (2 * np.pi)
        certificate |= {
            "angle": _short(np.degrees(angle)),
            "around_cost": _short(problem.neuron_cost(around)),
            "around_earned": _short(_earned(around, code.multiplier)),
            "at": _short(np.degrees(at)),
            "at_cost": _short(code.neuron_costs / (first**2 + second**2)),
        }
    return certificate


def _earned(weights: Array, multiplier: Array) -> Array:
    return np.asarray(((weights @ multiplier) * weights).sum(axis=1))


def _ellipses(code: Code) -> dict[str, Any]:
    """The ellipse of the condition in every pair of sources, if there is one."""
    problem = code.problem
    condition = Condition.of(code)
    if problem.dimension == 1 or not condition.has_ellipse:
        return {}
    mean = problem.sources.mean
    rings = {pair: condition.ellipse(pair) for pair in combinations(_shown(problem), 2)}
    return {
        f"{i},{j}": {"ring": _short((ring + mean[[i, j]])[::4]), "outside": bool(outside.any())}
        for (i, j), (ring, outside) in rings.items()
    }


def _short(values: Array) -> Any:
    """Numbers as lists, to seven digits: more than a screen shows."""
    rounded = np.vectorize(lambda value: float(f"{value:.7g}"), otypes=[float])
    return rounded(values).tolist() if np.size(values) else []
