"""The problems on which each theorem is tried: well within its hypothesis, at the edge of it, and just beyond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from solver.strategies import (
    antipodal,
    boxes,
    clouds,
    corner_cut,
    costs,
    grids,
    lattices,
    mixings,
    near_boundary,
    orthogonal,
    points,
    problems,
    products,
    seeds,
)
from solver.verification.nonlinear_cases import NONLINEAR_CONCLUSIONS, NONLINEAR_DRAWS, whole_weights
from theory.arrays import Array
from theory.dynamics import Transitions
from theory.errors import InputError
from theory.families.frequencies import FrequencyPair
from theory.neurons import ENERGIES, Linear, Neurons, PeakActivity, WeightedActivity, Wiring
from theory.problem import Problem
from theory.readouts import Exact, Noisy, Reads, Soft
from theory.sources import Sources
from theory.theorems import THEOREMS, Prediction
from theory.theorems.published import CHEAP

TWO_TO_FOUR = st.integers(2, 4)
ONE_TO_THREE = st.integers(1, 3)


@st.composite
def _boxes_turned(draw: DrawFn) -> Problem:
    """Boxes with any probabilities, seen through a rotation."""
    dimension = draw(ONE_TO_THREE)
    box = draw(boxes(dimension))
    weights = draw(whole_weights(len(box)))
    turned = orthogonal(np.random.default_rng(draw(seeds)), dimension)
    return Problem(box, probabilities=weights, mixing=turned, encoder_cost=draw(costs))


@st.composite
def _boxes_that_rise_together(draw: DrawFn) -> Problem:
    """Boxes whose sources are mostly low, and now and then all high: more correlated than F can be definite."""
    dimension = draw(TWO_TO_FOUR)
    box = draw(boxes(dimension))
    weights = draw(whole_weights(len(box), 2))
    # The first corner is the lowest, the last one the highest.
    for corner, share in ((0, draw(st.integers(8, 20))), (2**dimension - 1, draw(ONE_TO_THREE))):
        weights[corner] = share * len(box)
    return Problem(box, probabilities=weights, encoder_cost=draw(costs), decoder_cost=draw(costs))


@st.composite
def _boxes_with_a_hole(draw: DrawFn) -> Problem:
    """Lattices without some corner: nearly boxes."""
    dimension = draw(st.integers(2, 3))
    return Problem(draw(corner_cut(dimension, levels=3)), encoder_cost=draw(costs))


@st.composite
def _independent(draw: DrawFn) -> Problem:
    """Products of marginals, value by value and probability by probability."""
    marginals = draw(st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=4), min_size=1, max_size=3))
    values = [np.arange(len(marginal)) * draw(st.integers(1, 3)) for marginal in marginals]
    table = np.array(np.meshgrid(*values, indexing="ij")).reshape(len(values), -1).T
    weights = np.ones(1)
    for marginal in marginals:
        weights = np.multiply.outer(weights, np.array(marginal, dtype=float))
    return Problem(table, probabilities=weights.ravel(), encoder_cost=draw(costs))


@st.composite
def _blocks(draw: DrawFn, *, holed: bool = False) -> Problem:
    """Every combination of the rows of two groups, with any probabilities; holed: without one combination.

    Or with equal probabilities, so that errors of one group tell nothing of the other, and a cost of errors.
    """
    rows = draw(products(draw(st.integers(2, 4))))
    rows = np.unique(rows, axis=0)[1:] if holed else rows
    if draw(st.booleans()):
        return Problem(rows, encoder_cost=draw(costs), readout=Soft(draw(st.sampled_from([3, 30, 300]))))
    weights = draw(whole_weights(len(rows)))
    return Problem(rows, probabilities=weights, encoder_cost=draw(costs))


@st.composite
def _frequencies(draw: DrawFn) -> Problem:
    """Two oscillations of any size, phase, sense and place, in as many samples as suit them, or in any number."""
    slow, fast = draw(st.sampled_from([(1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (2, 5), (3, 5), (2, 4), (5, 6)]))
    counts = range(2 * fast + 1, 80)
    suited = [count for count in counts if count % (slow * fast) == 0]
    beside = [count + step for count in suited for step in (-1, 1) if count + step > 2 * fast]
    count = draw(st.one_of(st.none(), *(st.sampled_from(chosen) for chosen in (counts, suited, beside))))
    waves = FrequencyPair(slow, fast, count).sources().points.copy()
    sizes, gains = ([draw(st.sampled_from([0.5, 1.0, 2.0])) for _ in range(2)] for _ in range(2))
    phase = draw(st.sampled_from([0.0, 0.25, 1.0]))
    turn = np.array([[np.cos(phase), np.sin(phase)], [-np.sin(phase), np.cos(phase)]])
    waves[:, 2:] = waves[:, 2:] @ turn * draw(st.sampled_from([[1, 1], [1, -1]]))
    order = draw(st.sampled_from([[0, 1, 2, 3], [2, 3, 0, 1]]))
    rows = (waves * np.repeat(sizes, 2))[:, order] + draw(st.integers(-2, 2))
    return Problem(rows, mixing=np.diag(np.repeat(gains, 2)), encoder_cost=draw(costs), bias_cost=draw(ONE_TO_THREE))


@st.composite
def _categories(draw: DrawFn, *, seen: bool = False) -> Problem:
    """One of three or four columns is 1, the others 0, with any probabilities; seen: and not all seen alike."""
    count = draw(st.integers(3, 4))
    weights = draw(st.one_of(st.none(), whole_weights(count, 12)))
    gains = draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=count, max_size=count)) if seen else np.ones(count)
    prices = {"encoder_cost": draw(costs), "decoder_cost": draw(st.sampled_from([0.5, 1.0, 4.0]))}
    return Problem(np.eye(count), probabilities=weights, mixing=np.diag(gains), **prices)


@st.composite
def _mixed_problems(draw: DrawFn) -> Problem:
    dimension = draw(st.integers(2, 3))
    mixing = draw(mixings(dimension).filter(lambda matrix: matrix is not None))
    kind = draw(st.sampled_from([boxes, lattices, points]))
    return Problem(draw(kind(dimension)), mixing=mixing, encoder_cost=draw(costs))


@st.composite
def _decoded_with_errors(draw: DrawFn, base: SearchStrategy[Problem], *, noise: bool = False) -> Problem:
    """A problem with a cost of errors about as large as makes sources drop out, often with noise and few targets."""
    problem = draw(base)
    cost = 2.0 ** draw(st.integers(-3, 8)) * _worth_a_neuron(problem)
    rows = draw(st.integers(0, problem.dimension))
    targets = problem.mixing[:rows] if rows and problem.mixing[:rows].any() else None
    variance = draw(st.sampled_from([0.1, 1.0, 3.0])) * problem.decoder_cost / cost
    return problem.replaced(readout=Noisy(cost, variance, targets) if noise else Soft(cost, targets))


def _worth_a_neuron(problem: Problem) -> float:
    """The cost of errors at which the first source gets a neuron, if they are uncorrelated."""
    variance, gram = np.diag(problem.sources.covariance), np.diag(problem.gram)
    return float((np.sqrt(problem.decoder_cost * problem.modular_costs / gram) / variance).min())


@st.composite
def _uncorrelated_boxes(draw: DrawFn) -> Problem:
    """Independent sources in units of their own, with errors that have a cost."""
    problem = draw(_independent())
    units = 2.0 ** np.array(draw(st.lists(st.integers(-2, 2), min_size=problem.dimension, max_size=problem.dimension)))
    # Never exactly the cost itself, where no search can decide.
    cost = 1.5 * 2.0 ** draw(st.integers(-2, 8)) * _worth_a_neuron(problem.replaced(mixing=np.diag(units)))
    return problem.replaced(mixing=np.diag(units), readout=Soft(cost))


@st.composite
def _correlated_boxes(draw: DrawFn) -> Problem:
    """Two sources in a box, with any probabilities."""
    box = draw(boxes(2))
    weights = draw(whole_weights(len(box)))
    return Problem(box, probabilities=weights, mixing=draw(mixings(2)), encoder_cost=draw(costs))


@st.composite
def _barely(draw: DrawFn) -> Problem:
    """Next to the boundary between modular and mixed."""
    return Problem(draw(near_boundary(2)), encoder_cost=draw(costs))


ANYTHING: SearchStrategy[Problem] = st.one_of(problems(), _barely())
"""Problems of every kind."""


@st.composite
def _incomplete_frequencies(draw: DrawFn) -> Problem:
    """Two oscillations that stop short of a whole period."""
    slow, fast = draw(st.sampled_from([(1, 2), (2, 3), (1, 3)]))
    waves = FrequencyPair(slow, fast).sources().points
    return Problem(waves[: len(waves) - draw(st.integers(1, 12))], encoder_cost=draw(costs))


@st.composite
def _orbits(draw: DrawFn, *, weighted: bool = False) -> Problem:
    """Sources that every transition takes to themselves; weighted: at places of unlike probability.

    Positions on a ring, seen as waves of one or two frequencies; or points with all that signed permutations of the
    sources make of them.
    """
    if draw(st.booleans()):
        positions = draw(st.integers(5, 12))
        waves = draw(st.lists(st.integers(1, (positions - 1) // 2), min_size=1, max_size=2, unique=True))
        angles = 2 * np.pi * np.outer(np.arange(positions), waves) / positions
        sizes = draw(st.sampled_from([(1.0, 1.0), (1.0, 2.0), (3.0, 0.5)]))[: len(waves)]
        rows = np.column_stack([np.cos(angles) * sizes, np.sin(angles) * sizes])
        steps = draw(st.lists(st.integers(1, positions - 1), min_size=1, max_size=2))
        turns = [np.roll(np.arange(positions), -step) for step in steps]
        maps = [np.linalg.lstsq(rows, rows[turn], rcond=None)[0].T for turn in turns]
    else:
        dimension = draw(st.integers(2, 3))
        order, signs = draw(st.permutations(range(dimension))), draw(st.tuples(*[st.sampled_from([1, -1])] * dimension))
        maps = [np.eye(dimension)[list(order)] * np.array(signs)[:, None]]
        orbit = [draw(st.one_of(grids(dimension), clouds(dimension)))]
        for _ in range(2 * dimension - 1):
            orbit.append(orbit[-1] @ maps[0].T)
        # With mirror images the mean is the centre of the turn.
        rows = np.unique(np.vstack([*orbit, *[-part for part in orbit]]), axis=0)
    weights = draw(whole_weights(len(rows))) if weighted else None
    priced = {"encoder_cost": draw(costs), "decoder_cost": draw(costs), "recurrent_cost": draw(costs)}
    # Of a heavier place the mean is not the centre of the turn.
    turned = Transitions(np.array(maps), centre=np.zeros(rows.shape[1]))
    return Problem(rows, probabilities=weights, transitions=turned, **priced)


RARE_CHANCES = st.integers(1, 9).map(lambda digits: 10.0**-digits)
"""Share of its probability that is left to a sample."""

UNITS = st.integers(-3, 3).map(lambda exponent: 10.0**exponent)

TARGET_READOUTS = (Exact, Soft, Noisy)
"""Readouts whose targets can be chosen."""


@st.composite
def _at_the_edge(draw: DrawFn, base: SearchStrategy[Problem]) -> Problem:
    """Changes of problems that satisfy a hypothesis: what is easily forgotten when one is written down.

    Sources whose nearer ends are the upper ones, in unlike units and far from zero. Samples that occur twice, hardly
    ever, or never, some of these beyond all others. Channels that see one source more. Costs of activity and biases,
    and encoders that are free. Few targets, or those of the data. Errors that count on other samples. Of these none,
    one or several; a problem that then misses the hypothesis is not tried.
    """
    problem = draw(base)
    changes = {} if problem.transitions is not None else draw(_other_samples(problem)) | draw(_other_channels(problem))
    if draw(st.booleans()):
        changes |= {"activity_cost": draw(st.sampled_from([0.5, 1.0, 2.0]))}
    if isinstance(problem.neurons, Linear) and draw(st.booleans()):
        changes |= {"bias_cost": draw(st.sampled_from([0.0, 1.0, 5.0]))}
        changes |= {"activity_cost": 0.0} if changes["bias_cost"] and draw(st.booleans()) else {}
    if draw(st.booleans()):
        changes["encoder_cost"] = 0.0
    try:
        problem = problem.replaced(**changes)
        return problem.replaced(readout=draw(_other_readouts(problem)))
    except InputError:
        reject()  # sources that no longer vary, or weights that no longer fit


@st.composite
def _other_samples(draw: DrawFn, problem: Problem) -> dict[str, Any]:
    """Samples in other units and with other weights, and a few more."""
    sources, dimension = problem.sources, problem.dimension
    rows, probabilities = sources.points, sources.probabilities
    ways = ["mirrored", "rescaled", "moved", "rare", "never", "twice", "beyond"]
    done = draw(st.sets(st.sampled_from(ways), max_size=2))
    weights = np.ones(len(rows)) if probabilities is None else probabilities.copy()
    one = draw(st.integers(0, len(rows) - 1))
    if "rare" in done or "never" in done:
        weights[one] *= draw(RARE_CHANCES) if "rare" in done else 0.0
    if "twice" in done:
        rows, weights = np.vstack([rows, rows[one]]), np.append(weights, weights[one])
    if "beyond" in done:
        middle, reach = (rows.max(axis=0) + rows.min(axis=0)) / 2, np.ptp(rows, axis=0)
        # A little beyond one end or, with its mirror image, beyond both.
        step = np.array(draw(st.lists(st.integers(-4, 4), min_size=dimension, max_size=dimension))) / 8
        step[draw(st.integers(0, dimension - 1))] = draw(st.sampled_from([-5, 5, 8])) / 8
        unseen = [middle + step * reach, middle - step * reach][: draw(st.integers(1, 2))]
        rows, weights = np.vstack([rows, *unseen]), np.append(weights, np.zeros(len(unseen)))
    if "mirrored" in done:
        rows = rows * draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=dimension, max_size=dimension))
    if "rescaled" in done:
        rows = rows * draw(st.lists(UNITS, min_size=dimension, max_size=dimension))
    if "moved" in done:
        rows = rows + draw(st.integers(-9, 9))
    kept = probabilities is None and not done & {"rare", "never", "beyond"}
    try:
        return {"sources": Sources(rows, None if kept else weights)}
    except InputError:
        reject()


@st.composite
def _other_channels(draw: DrawFn, problem: Problem) -> dict[str, Any]:
    """The sources seen with other gains, and one of them in a channel of its own."""
    mixing, dimension = problem.mixing, problem.dimension
    if draw(st.booleans()):
        mixing = mixing * 2.0 ** np.array(draw(st.lists(st.integers(-2, 2), min_size=dimension, max_size=dimension)))
    if draw(st.booleans()):
        mixing = np.vstack([mixing, np.eye(dimension)[draw(st.integers(0, dimension - 1))]])
    return {"mixing": mixing}


@st.composite
def _other_readouts(draw: DrawFn, problem: Problem) -> Reads:
    """The readout with other targets, and with errors that count on other samples."""
    readout = problem.given_readout
    if not isinstance(readout, TARGET_READOUTS):
        return readout
    if draw(st.booleans()):
        whole = draw(st.sampled_from([problem.mixing, np.eye(problem.dimension)]))
        targets = whole if problem.transitions is not None else whole[: draw(st.integers(1, len(whole)))]
        readout = replace(readout, targets=targets if targets.any() else None)
    if not isinstance(readout, Exact) and draw(st.booleans()):
        count = problem.sources.count
        counted = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
        readout = replace(readout, probabilities=counted)
    return readout


@st.composite
def _other_energies(draw: DrawFn, *, kinds: Sequence[str] = tuple(ENERGIES), holed: bool = False) -> Problem:
    """Boxes with any probabilities, or lattices without some corner, and neurons that pay for another energy."""
    rows = draw(corner_cut(2, levels=3) if holed else st.one_of(boxes(2), boxes(3)))
    problem = Problem(rows, probabilities=draw(whole_weights(len(rows))), encoder_cost=draw(costs))
    neurons: dict[str, Neurons] = {
        "peak": PeakActivity(),
        "weighted": WeightedActivity(np.array(draw(whole_weights(len(rows))), dtype=float)),
        "wiring": Wiring(np.diag(draw(whole_weights(problem.dimension)))),
    }
    kind = draw(st.sampled_from(kinds))
    if kind == "mean":
        return problem.replaced(activity_cost=0.0, bias_cost=draw(costs))
    return problem.replaced(neurons=neurons[kind])


@st.composite
def _boxes_seen(draw: DrawFn, *, even: bool) -> Problem:
    """Boxes with any probabilities, seen through any mixing; even: each sample as likely as its mirror image."""
    dimension = draw(st.integers(2, 3))
    box = np.asarray(draw(boxes(dimension)), dtype=float)
    weights = np.array(draw(whole_weights(len(box))), dtype=float)
    if even:
        box, weights = np.vstack([box, box.max(axis=0) + box.min(axis=0) - box]), np.tile(weights, 2)
    return Problem(box, probabilities=weights, mixing=draw(mixings(dimension)), encoder_cost=draw(costs))


@st.composite
def _cheaply_read(draw: DrawFn) -> Problem:
    """Independent sources of one range and variance, seen through any mixing, with weights that cost next to nothing.

    Their values, and the cosines of the mixing's columns, are small fractions.
    """
    dimension = draw(st.integers(2, 3))
    values = np.linspace(-1, 1, draw(st.integers(2, 4)))
    rows = np.array(np.meshgrid(*[values] * dimension, indexing="ij")).reshape(dimension, -1).T
    return Problem(rows, mixing=draw(mixings(dimension)), encoder_cost=0.0, decoder_cost=CHEAP)


_UNMIXED = problems(TWO_TO_FOUR, mixed=False)
_HOLED = st.one_of(_boxes_with_a_hole(), _blocks(holed=True))

_DRAWS: dict[str, tuple[SearchStrategy[Problem], SearchStrategy[Problem] | None]] = {
    "ellipsoid": (st.one_of(_UNMIXED, _barely()), _boxes_that_rise_together()),
    "range-independence": (_boxes_turned(), _HOLED),
    "independence": (_independent(), st.one_of(_blocks(), _HOLED)),
    "face-condition": (problems(TWO_TO_FOUR, lambda d: st.one_of(clouds(d), grids(d))), _HOLED),
    "general-mixing": (_mixed_problems(), _UNMIXED),
    "even-ranges": (_boxes_seen(even=True), _boxes_seen(even=False)),
    "uniqueness": (st.one_of(_boxes_turned(), _UNMIXED, _barely()), _barely()),
    "block-modularity": (_blocks(), _blocks(holed=True)),
    "frequency-pairs": (_frequencies(), _incomplete_frequencies()),
    "categories": (_categories(), _categories(seen=True)),
    "invariances": (problems(ONE_TO_THREE), None),
    "invariant-dynamics": (_orbits(), _orbits(weighted=True)),
    "sources-drop-out": (_uncorrelated_boxes(), _decoded_with_errors(_boxes_turned())),
    "errors-and-correlation": (_decoded_with_errors(_correlated_boxes()), _decoded_with_errors(_HOLED)),
    "expensive-errors": (_decoded_with_errors(problems(ONE_TO_THREE)), None),
    "energies-and-ranges": (_other_energies(), _other_energies(holed=True)),
    "ranges-alone": (st.one_of(*(_other_energies(kinds=["mean", "peak"], holed=cut) for cut in (False, True))), None),
    "pairwise-ranges": (problems(3, corner_cut, mixed=False), None),
    "indefinite-ellipsoid": (_boxes_turned(), None),
    "cheap-weights": (_cheaply_read(), None),
    "noise": (_decoded_with_errors(problems(ONE_TO_THREE), noise=True), None),
    **NONLINEAR_DRAWS,
}


def draws_for(name: str) -> tuple[SearchStrategy[Problem], SearchStrategy[Problem] | None]:
    """Problems that satisfy a theorem's hypothesis (most of them do), and others that just miss it.

    Half of those that satisfy it are at its edge, where a hypothesis fails that is too wide. None just miss it for
    theorems that speak of every problem.
    """
    within, beside = _DRAWS.get(name, (ANYTHING, None))
    # Other samples leave no oscillation.
    return within if name == "frequency-pairs" else st.one_of(within, _at_the_edge(within)), beside


def _nearest_blocks(problem: Problem) -> Prediction:
    """Parts are the two groups of sources whose combinations of corners are most nearly complete."""
    members = range(problem.dimension)
    splits = [
        (part, tuple(index for index in members if index not in part))
        for size in range(1, problem.dimension // 2 + 1)
        for part in combinations(members, size)
    ]
    best = max(splits, key=lambda split: _completeness(problem.sources.points, split))
    return Prediction(parts=tuple(problem.part(block) for block in best), separable=True)


def _completeness(rows: Array, split: tuple[tuple[int, ...], ...]) -> float:
    whole = len(np.unique(rows, axis=0))
    return whole / float(np.prod([len(np.unique(rows[:, block], axis=0)) for block in split]))


def _nearest_frequencies(problem: Problem) -> Prediction:
    waves = problem.sources.points[:, 0::2] + 1j * problem.sources.points[:, 1::2]
    slow, fast = np.argmax(np.abs(np.fft.fft(waves, axis=0)), axis=0)
    parts = (problem.part((0, 1)), problem.part((2, 3)))
    return Prediction(parts=parts, separable=bool(fast % slow))


CONCLUSIONS: dict[str, Callable[[Problem], Prediction]] = {
    "ellipsoid": THEOREMS["ellipsoid"].prediction,
    "range-independence": lambda _: Prediction(modular=True),
    "independence": lambda _: Prediction(modular=True),
    "face-condition": lambda _: Prediction(modular=False),
    "general-mixing": THEOREMS["general-mixing"].prediction,
    "even-ranges": THEOREMS["even-ranges"].prediction,
    "uniqueness": lambda _: Prediction(modular=True),
    "block-modularity": _nearest_blocks,
    "frequency-pairs": _nearest_frequencies,
    "categories": lambda _: Prediction(modular=True),
    "invariant-dynamics": THEOREMS["invariant-dynamics"].prediction,
    "sources-drop-out": lambda _: Prediction(modular=True),
    "errors-and-correlation": lambda _: Prediction(modular=True),
    "energies-and-ranges": lambda _: Prediction(modular=True),
    **NONLINEAR_CONCLUSIONS,
}
"""The predictions of theorems for problems that just miss their hypotheses."""


@st.composite
def sources_for_conjectures(draw: DrawFn) -> Problem:
    """Two or three sources without mixing, with equal probabilities more often than not: small counterexamples."""
    dimension = draw(st.integers(2, 3))
    kinds = [corner_cut(dimension), corner_cut(dimension, levels=3), grids(dimension), boxes(dimension)]
    if dimension == 2:
        kinds += [lattices(2), antipodal(2)]
    # A conjecture that is nearly right fails near the boundary only: every third problem is from there.
    near = draw(st.integers(0, 2)) == 2
    rows = draw(near_boundary(dimension) if near else st.one_of(*kinds, clouds(dimension)))
    # Unequal probabilities would move the boundary away.
    if near or draw(st.booleans()):
        return Problem(rows)
    return Problem(rows, probabilities=draw(whole_weights(len(rows), 5)))
