"""Peers of rectified neurons: Adam on the same loss, and convex programs over sampled activation patterns.

On samples where a neuron is active its activity is linear in (w, b), and its cost a quadratic form. So for given sets
of active samples the problem is convex (Pilanci, Ergen 2020): group lasso in (w, b) times the decoder, in the cone of
what is active where it should be. With all sets and one target that is the whole problem; with some, or neurons that
serve one target each, its code is as good as these neurons are.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse

from benchmarks.peers.instances import Rectified
from benchmarks.peers.trace import Run

STEP_SIZES = (0.01, 0.03)  # step sizes of Adam; on these problems no larger one was faster to 1e-2

DESCENT_STEPS = (1_000, 5_000, 30_000)
WIDTHS = (6, 12, 24, 48)  # numbers of neurons
PATTERNS = (50, 200, 800)  # sets of active samples that the convex program may use; all, if there are no more

Loss = Callable[[Any], Any]


def eliminated_loss(points: np.ndarray, error_cost: float) -> Loss:
    """Loss of the neurons (n, d + 1), rows (w, b), with the best decoder: the peers' best form."""
    import jax
    import jax.numpy as jnp

    samples, count = jnp.asarray(points), len(points)
    targets = (samples - samples.mean(axis=0)) / count**0.5

    def loss(neurons: jax.Array) -> jax.Array:
        activity = jax.nn.relu(samples @ neurons[:, :-1].T + neurons[:, -1])
        features = (activity - activity.mean(axis=0)) / count**0.5
        seen = features.T @ targets
        inner = jnp.eye(len(neurons)) / error_cost + features.T @ features
        missed = (targets**2).sum() - (seen * jnp.linalg.solve(inner, seen)).sum()
        return (activity**2).sum() / count + (neurons[:, :-1] ** 2).sum() + error_cost * missed

    return loss


def network_loss(points: np.ndarray, error_cost: float) -> Loss:
    """The papers' loss of a network: encoder, decoder, and their biases."""
    import jax
    import jax.numpy as jnp

    samples = jnp.asarray(points)

    def loss(network: dict[str, jax.Array]) -> jax.Array:
        neurons, decoder = network["neurons"], network["decoder"]
        activity = jax.nn.relu(samples @ neurons[:, :-1].T + neurons[:, -1])
        error = samples - activity @ decoder - network["offset"]
        weights = (neurons[:, :-1] ** 2).sum() + (decoder**2).sum()
        return ((activity**2).sum() + error_cost * (error**2).sum()) / len(points) + weights

    return loss


def _start(rng: np.random.Generator, neurons: int, dimension: int) -> np.ndarray:
    """Random weights, and biases with which half of the samples are heard."""
    return np.column_stack([rng.standard_normal((neurons, dimension)) / neurons**0.5, np.zeros(neurons)])


def adam_eliminated(instance: Rectified, limit: float) -> Iterator[Run]:
    """Adam on the loss in the neurons alone."""
    from benchmarks.peers.descent import descend, jnp

    loss = eliminated_loss(instance.centred, instance.error_cost)
    for steps, seed, width, rate in product(DESCENT_STEPS, range(3), WIDTHS, STEP_SIZES):
        begin = jnp.asarray(_start(np.random.default_rng(seed), width, instance.centred.shape[1]))
        start_up, looks = descend(loss, begin, rate, steps, limit)
        trace = [(seconds, instance.excess(np.asarray(neurons))) for seconds, neurons in looks]
        yield Run(f"{width} neurons, rate {rate:g}, {steps:,} steps", start_up, trace)


def adam_network(instance: Rectified, limit: float) -> Iterator[Run]:
    """Adam on the papers' loss; judged by what its neurons are worth with the best decoder."""
    from benchmarks.peers.descent import descend, jnp

    loss, dimension = network_loss(instance.centred, instance.error_cost), instance.centred.shape[1]
    for steps, seed, width, rate in product(DESCENT_STEPS, range(3), WIDTHS, STEP_SIZES):
        rng = np.random.default_rng(seed)
        begin = {
            "neurons": jnp.asarray(_start(rng, width, dimension)),
            "decoder": jnp.asarray(rng.standard_normal((width, dimension)) / width**0.5),
            "offset": jnp.zeros(dimension),
        }
        start_up, looks = descend(loss, begin, rate, steps, limit)
        trace = [(seconds, instance.excess(np.asarray(network["neurons"]))) for seconds, network in looks]
        yield Run(f"{width} neurons, rate {rate:g}, {steps:,} steps", start_up, trace)


def patterns(points: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """(k, T) sets of samples (T, d) on one side of a line, k at most so many; all of them in one source."""
    if points.shape[1] == 1:
        cuts = np.unique(points[:, 0])
        sides = np.vstack([points[:, 0] >= cut for cut in cuts] + [points[:, 0] <= cut for cut in cuts])
        return sides if len(sides) <= most else sides[np.sort(rng.choice(len(sides), most, replace=False))]
    directions = rng.standard_normal((20 * most, points.shape[1]))
    along = directions @ points.T
    cut = rng.uniform(along.min(axis=1), along.max(axis=1))
    drawn = along >= cut[:, None]
    return np.unique(drawn[drawn.sum(axis=1) > 0], axis=0)[:most]


def convex(instance: Rectified, limit: float) -> Iterator[Run]:
    """Convex programs over sets of active samples, one for each target; judged by the neurons of all together."""
    points = instance.centred
    for most, seed in product(PATTERNS, range(3)):
        clock = time.process_time()
        sets = patterns(points, most, np.random.default_rng(seed))
        programs = [_program(points, target, sets, instance.error_cost) for target in points.T]
        start_up = time.process_time() - clock
        clock = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of inaccurate answers, which are judged below
                for program, _, _ in programs:
                    program.solve(solver="CLARABEL", time_limit=2 * limit)
        except cp.SolverError as error:
            yield Run(f"{most} sets", start_up, note=str(error).split("\n", maxsplit=1)[0])
            continue
        seconds = time.process_time() - clock
        neurons = np.vstack([_neurons(*program) for _, *program in programs])
        yield Run(f"{most} sets", start_up, [(seconds, instance.excess(neurons))])
        if len(sets) < most:
            return  # there are no more


Program = tuple[cp.Problem, tuple[cp.Variable, cp.Variable], np.ndarray]


def _program(points: np.ndarray, target: np.ndarray, sets: np.ndarray, error_cost: float) -> Program:
    """The program of one target, its variables (of each set, read with either sign), and roots of what neurons cost."""
    count, lifted = len(points), np.column_stack([points, np.ones(len(points))])
    free = np.diag([*np.ones(points.shape[1]), 0.0])
    roots = np.array([np.linalg.cholesky((lifted[active].T @ lifted[active]) / count + free).T for active in sets])
    blocks = scipy.sparse.block_diag(list(roots), format="csr")
    sides = np.where(sets, 1.0, -1.0)
    signs = tuple(cp.Variable((len(sets), lifted.shape[1])) for _ in range(2))
    constraints = [cp.multiply(sides, neurons @ lifted.T) >= 0 for neurons in signs]
    costs = [
        cp.sum(cp.norm(cp.reshape(blocks @ cp.vec(neurons, order="C"), neurons.shape, order="C"), 2, axis=1))
        for neurons in signs
    ]
    said = cp.sum(cp.multiply(sets.astype(float), (signs[0] - signs[1]) @ lifted.T), axis=0)
    error = cp.sum_squares(target - said - cp.Variable()) / count
    return cp.Problem(cp.Minimize(2 * (costs[0] + costs[1]) + error_cost * error), constraints), signs, roots


def _neurons(signs: tuple[cp.Variable, cp.Variable], roots: np.ndarray) -> np.ndarray:
    """(n, d + 1) neurons that pay as much for activity and weights as for their decoder."""
    if any(neurons.value is None for neurons in signs):
        return np.zeros((0, roots.shape[1]))
    neurons, both = np.vstack([one.value for one in signs]), np.concatenate([roots, roots])
    costs = np.linalg.norm(np.einsum("nij,nj->ni", both, neurons), axis=1)
    kept = costs > 1e-9 * costs.max(initial=0.0)
    return np.asarray(neurons[kept] / np.sqrt(costs[kept])[:, None])


def ends(instance: Rectified, width: int, seeds: int, steps: int, rate: float) -> np.ndarray:
    """(seeds,) excess of the codes in which so many descents on the neurons alone end, run side by side."""
    from benchmarks.peers.descent import ended

    rng = np.random.default_rng(0)
    begin = np.array([_start(rng, width, instance.centred.shape[1]) for _ in range(seeds)])
    loss = eliminated_loss(instance.centred, instance.error_cost)
    return np.array([instance.excess(neurons) for neurons in ended(loss, begin, rate, steps)])
