"""2025, figure 4 as its authors run it: paths on a torus of three by three places, by four actions, and a reward."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from solver.pictures.style import BLUE, ORANGE, legend
from solver.representation import Representation
from solver.solving.solve import solve_one_of_many
from solver.studies.study import Finding, cell_types, is_free, panels
from solver.studies.tasks import Task
from theory.arrays import Array
from theory.problem import Problem

# As in the public code of Dorrell et al. (2025).
TORUS_SIDE = 3  # places along each axis of the torus
STEPS = 25  # of a path

COSTS_OF_PATHS: dict[str, Any] = {"activity_cost": 0.1, "decoder_cost": 0.01, "encoder_cost": 0.0}
"""Costs of the authors' code. Its input weights, read at the first step alone, are left out."""

RECURRENT_COST = 0.01  # that of the weights of each action
ACTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))  # the four steps that an agent may take

KINDS_OF_PLACES = ("anywhere", "half anywhere", "quarter anywhere", "two places")
"""Where the reward is: in a share of the rooms anywhere, in the others in the middle; or at one of two places."""

PLACES = tuple(product(range(TORUS_SIDE), repeat=2))


def study(rng: np.random.Generator, quick: bool) -> Finding:
    """The reward is anywhere, at one place in half of the rooms or more, or at one of two places in all."""
    rows, codes = list[dict[str, Any]](), dict[str, Array]()
    for kind in KINDS_OF_PLACES:
        for paths in ("even",) if quick else ("even", "from one place"):
            task = path_task(reward_at(kind), visited(paths))
            weights, feedforward, mixed, price = _best(task)
            if paths == "even":
                codes[kind] = (
                    weights  # what a step leaves as it is, so that the weights of the actions cost their least
                )
            told = {"reward": kind, "paths": paths, "mixed": mixed, "price_at_most": price}
            rows.append(told | _row(task, codes[kind], feedforward, rng))
    apart = [row for row in rows if row["reward"] != "two places"]
    fixed = [row for row in rows if row["reward"] == "two places"]
    holds = (
        all(row["gap"] < (1e-6 if row["paths"] == "even" else 0.01) and row["error"] < 1e-9 for row in rows)
        and all(row["least_activity"] > -1e-9 for row in rows)
        and all(row["mixed"] == 0 for row in apart)
        and all(row["mixed"] > 0 and not is_free(row["price_at_most"]) for row in fixed)
    )
    (first, *_), (last, *_) = apart, fixed
    verdict = (
        f"with the authors' costs and a reward that can be anywhere, however rarely, {first['neurons']} cells of "
        f"place or of reward are a globally optimal network of four actions (loss {first['loss']:.6f}); with the "
        f"reward at one of two places an optimal network has {last['neurons']} neurons, of which {last['mixed']} mix, "
        f"and separate ones cost at most {100 * last['price_at_most']:.2g} % more, the weights of the actions aside"
    )
    figure, axes = panels(2)
    _draw(axes, codes)
    return Finding(bool(holds), verdict, rows, figure)


def reward_at(kind: str) -> Array:
    """(9,) the probability of a reward at each place: in the middle, or anywhere in a share of the rooms."""
    if kind == "two places":
        return np.array([(place in ((0, 0), (1, 1))) / 2 for place in PLACES])
    share = {"anywhere": 1.0, "half anywhere": 0.5, "quarter anywhere": 0.25}[kind]
    return np.array([share / len(PLACES) + (1 - share) * (place == (1, 1)) for place in PLACES])


def visited(paths: str) -> Array:
    """(9,) how often a place is visited: all alike, or as by random paths that begin at the first place."""
    if paths == "even":
        return np.full(len(PLACES), 1 / len(PLACES))
    now, total = np.eye(len(PLACES))[0], np.zeros(len(PLACES))
    for _ in range(STEPS):
        total += now / STEPS
        moved = [_permutation(action)[: len(PLACES), : len(PLACES)] @ now for action in ACTIONS]
        now = np.mean(moved, axis=0)
    return total


def path_task(reward: Array, place: Array) -> Task:
    """Place and way to the reward, a column for each of nine; situations are the indices of both."""
    pairs = [(here, there) for here in range(len(PLACES)) for there in np.flatnonzero(reward)]
    away = [PLACES.index(_differs(PLACES[there], PLACES[here])) for here, there in pairs]
    one_hot = np.eye(len(PLACES))
    groups = {"position": one_hot[[here for here, _ in pairs]], "object": one_hot[away]}
    probabilities = [place[here] * reward[there] for here, there in pairs]
    return Task.of(np.column_stack([[here for here, _ in pairs], away]), groups, probabilities)


def _best(task: Task) -> tuple[Array, float, int, float]:
    """The weights (n, 18) of the best code, its lower bound, its mixed neurons and the price of separate ones.

    Where every place of a reward occurs the hull is a product, and the groups are solved one by one.
    """
    if not task.problem(**COSTS_OF_PATHS).separable:
        code = task.solved(**COSTS_OF_PATHS)
        return code.source_weights, code.lower_bound, cell_types(code)["mixed"], code.price_of_modularity
    count, parts = len(PLACES), list[Representation]()
    for columns in task.groups.values():
        shares = np.asarray(task.sources.probabilities) @ task.sources.points[:, list(columns)]
        parts.append(solve_one_of_many(Problem(np.eye(count), probabilities=shares, **COSTS_OF_PATHS), rng=0))
    zeros = [np.zeros((len(part), count)) for part in parts]
    weights = np.block([[parts[0].source_weights, zeros[0]], [zeros[1], parts[1].source_weights]])
    return weights, sum(part.lower_bound for part in parts), 0, 0.0


def _row(task: Task, weights: Array, feedforward: float, rng: np.random.Generator) -> dict[str, Any]:
    """What the network of a code costs and does, and what none costs less than."""
    points = task.sources.points
    centred = points - points.mean(axis=0)
    activity = centred @ weights.T
    bias = -activity.min(axis=0)
    after = [centred @ _permutation(action).T @ weights.T for action in ACTIONS]
    recurrent = [(np.linalg.pinv(activity, rcond=1e-9) @ next_activity).T for next_activity in after]
    readout = (np.linalg.pinv(activity, rcond=1e-9) @ centred).T
    energy = np.asarray(task.sources.probabilities) @ ((activity + bias) ** 2).sum(axis=1)
    layer = RECURRENT_COST * sum(float((matrix**2).sum()) for matrix in recurrent)
    loss = COSTS_OF_PATHS["activity_cost"] * energy + COSTS_OF_PATHS["decoder_cost"] * (readout**2).sum() + layer
    rank = np.linalg.matrix_rank(centred)
    bound = feedforward + RECURRENT_COST * len(ACTIONS) * rank
    least, error = _walk(task, activity + bias, bias, recurrent, readout, rng)
    return {
        "sources": int(rank),
        "neurons": len(weights),
        "loss": float(loss),
        "lower_bound": min(bound, float(loss)),
        "gap": max(0.0, 1 - bound / float(loss)),
        "recurrent": layer,
        "least_activity": least,
        "error": error,
    }


def _walk(task: Task, *network: Any) -> tuple[float, float]:
    """The least activity and the largest error along a random path, by the network alone."""
    activity, bias, recurrent, readout, rng = network
    points = task.sources.points
    middle, row = points.mean(axis=0), int(rng.integers(len(points)))
    state, least, error, expected = activity[row], np.inf, 0.0, points[row]
    for action in rng.integers(len(ACTIONS), size=40 * STEPS):
        state = recurrent[action] @ (state - bias) + bias
        expected = _permutation(ACTIONS[action]) @ expected
        least = min(least, float(state.min()))
        error = max(error, float(np.abs(readout @ (state - bias) + middle - expected).max()))
    return least, error


def _permutation(action: tuple[int, int]) -> Array:
    """(18, 18) what an action does to the columns: the place moves on, and the reward comes nearer."""
    count = len(PLACES)
    matrix = np.zeros((2 * count, 2 * count))
    for number, place in enumerate(PLACES):
        matrix[PLACES.index(_differs(place, tuple(-step for step in action))), number] = 1
        matrix[count + PLACES.index(_differs(place, action)), count + number] = 1
    return matrix


def _differs(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int]:
    return (one[0] - other[0]) % TORUS_SIDE, (one[1] - other[1]) % TORUS_SIDE


def _draw(axes: Any, codes: dict[str, Array]) -> None:
    """How much of each neuron's weights is on the place, for a reward half anywhere and at two places."""
    for panel, kind in zip(axes, ("half anywhere", "two places"), strict=True):
        weights = codes[kind]
        sizes = [np.ptp(weights[:, :9], axis=1), np.ptp(weights[:, 9:], axis=1)]
        order = np.argsort(sizes[0] - sizes[1])
        where = np.arange(len(weights))
        panel.bar(where, sizes[0][order], color=BLUE, label="place")
        panel.bar(where, -sizes[1][order], color=ORANGE, label="reward")
        panel.set(xlabel="neuron", ylabel="range of the weights", title=f"Reward {kind}", xticks=[])
        legend(panel)
