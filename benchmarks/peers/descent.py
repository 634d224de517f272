"""Gradient descent: Adam, compiled by JAX, on the penalised loss of the papers and on the loss in the neurons alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.peers.instances import Instance
from benchmarks.peers.trace import Run

jax.config.update("jax_enable_x64", True)

RATES = (0.01, 0.03, 0.1)
"""First step sizes of Adam; they fall to zero along a cosine, without which the corners of the loss are never met."""

ADAM_STEPS = (300, 1_000, 3_000, 30_000, 200_000)

PENALTIES = (1e2, 1e4)
"""Prices of what the penalised loss punishes: squared errors of the decoder and squares of negative activity."""

Parameters = Any
Loss = Callable[[Parameters], jax.Array]


def eliminated_loss(covariance: np.ndarray, vertices: np.ndarray) -> Loss:
    """Loss of the neurons (n, d) with the best biases, encoder and decoder: the peers' best form, and kinked."""
    energy = jnp.asarray(covariance + np.eye(len(covariance)))
    corners = jnp.asarray(vertices)

    def loss(weights: jax.Array) -> jax.Array:
        bias = (-weights @ corners.T).max(axis=1)
        code = weights.T @ weights
        return ((weights @ energy) * weights).sum() + (bias**2).sum() + jnp.trace(jnp.linalg.inv(code))

    return loss


def penalised_loss(points: np.ndarray, price: float) -> Loss:
    """The papers' loss: an encoder, a decoder and their biases, with errors and negative activity punished."""
    samples = jnp.asarray(points)

    def loss(network: dict[str, jax.Array]) -> jax.Array:
        activity = samples @ network["encoder"].T + network["bias"]
        error = samples - activity @ network["decoder"].T - network["offset"]
        punished = (error**2).sum(axis=1).mean() + (jnp.minimum(activity, 0) ** 2).sum(axis=1).mean()
        weights = (network["encoder"] ** 2).sum() + (network["decoder"] ** 2).sum()
        return (activity**2).sum(axis=1).mean() + weights + price * punished

    return loss


def advance_of(loss: Loss, descent: Any, steps: int) -> Callable[[Parameters, Any], tuple[Parameters, Any]]:
    """Parameters and the state of the descent, so many steps later."""

    def step(now: tuple[Parameters, Any], _: None) -> tuple[tuple[Parameters, Any], None]:
        parameters, state = now
        updates, state = descent.update(jax.grad(loss)(parameters), state)
        return (optax.apply_updates(parameters, updates), state), None

    return lambda parameters, state: jax.lax.scan(step, (parameters, state), None, length=steps)[0]


def descend(
    loss: Loss, begin: Parameters, rate: float, steps: int, limit: float
) -> tuple[float, Iterator[tuple[float, Parameters]]]:
    """Seconds of compilation, and then (seconds of descent so far, parameters) at every look."""
    descent = optax.adam(optax.cosine_decay_schedule(rate, steps))
    # A run is looked at forty times; the clock stands still meanwhile.
    stride = max(1, steps // 40)

    state = descent.init(begin)
    clock = time.process_time()
    compiled = jax.jit(advance_of(loss, descent, stride)).lower(begin, state).compile()
    start_up = time.process_time() - clock

    def looks() -> Iterator[tuple[float, Parameters]]:
        parameters, now, spent = begin, state, 0.0
        for _ in range(steps // stride):
            clock = time.process_time()
            parameters, now = jax.block_until_ready(compiled(parameters, now))
            spent += time.process_time() - clock
            yield spent, parameters
            if spent > limit:
                return

    return start_up, looks()


def adam_eliminated(instance: Instance, limit: float) -> Iterator[Run]:
    """Adam on the loss in the neurons alone, given the covariance and the extreme samples, as the solver takes them."""
    clock = time.process_time()
    sources = instance.problem.sources
    loss = eliminated_loss(sources.covariance, sources.vertices)
    prepared = time.process_time() - clock
    # Short descents first, with all rates and seeds, for time may end.
    for steps, seed, rate in product(ADAM_STEPS, range(3), RATES):
        rng = np.random.default_rng(seed)
        begin = jnp.asarray(rng.standard_normal((instance.neurons, sources.dimension)) / instance.neurons**0.5)
        start_up, looks = descend(loss, begin, rate, steps, limit)
        trace = [(prepared + seconds, instance.excess(np.asarray(weights))) for seconds, weights in looks]
        yield Run(f"rate {rate:g}, {steps:,} steps", start_up, trace)


def adam_penalised(instance: Instance, limit: float) -> Iterator[Run]:
    """Adam on the papers' loss, over all samples; judged by what the neurons of its encoder are worth at their best."""
    points = instance.points - instance.points.mean(axis=0)
    dimension = points.shape[1]
    shape = (instance.neurons, dimension)
    losses = {price: penalised_loss(points, price) for price in PENALTIES}
    for steps, seed, price, rate in product(ADAM_STEPS, range(3), PENALTIES, RATES):
        rng = np.random.default_rng(seed)
        begin = {
            "encoder": jnp.asarray(rng.standard_normal(shape) / instance.neurons**0.5),
            "bias": jnp.ones(instance.neurons),
            "decoder": jnp.asarray(rng.standard_normal(shape[::-1]) / instance.neurons**0.5),
            "offset": jnp.zeros(dimension),
        }
        start_up, looks = descend(losses[price], begin, rate, steps, limit)
        trace = [(seconds, instance.excess(np.asarray(network["encoder"]))) for seconds, network in looks]
        yield Run(f"penalties {price:g}, rate {rate:g}, {steps:,} steps", start_up, trace)


def ended(loss: Loss, begin: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """Parameters (seeds, ...) at which descents end that begin at these, run side by side."""
    descent = optax.adam(optax.cosine_decay_schedule(rate, steps))
    advance = advance_of(loss, descent, steps)
    run = jax.jit(jax.vmap(lambda parameters: advance(parameters, descent.init(parameters))[0]))
    return np.asarray(run(jnp.asarray(begin)))


def ends(instance: Instance, neurons: int, seeds: int, steps: int, rate: float) -> np.ndarray:
    """(seeds,) excess of the codes in which so many descents end, run side by side."""
    sources = instance.problem.sources
    loss = eliminated_loss(sources.covariance, sources.vertices)
    begin = np.random.default_rng(0).standard_normal((seeds, neurons, sources.dimension)) / neurons**0.5
    return np.array([instance.excess(weights) for weights in ended(loss, begin, rate, steps)])
