"""Other networks that do a task in time, from a given one and from chance.

1. The given network with neurons split and in another order, which costs the same.
2. With the activity of each neuron in other units, D W D^-1. The loss and its logarithm are convex in log D; the
   minimum is taken.
3. Descents in all weights and biases, from networks near the given one, with a neuron more, and from random ones, by
   sequential quadratic programming on the definition. Derivatives are complex steps: exact to rounding.
4. After each, one vector is added to all activity so that every neuron just reaches zero, and the readout made exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.soundness.tasks import DrawnTask
from theory.arrays import Array

Generator = np.random.Generator

__all__ = ["Network", "others", "run"]

RANK = 1e-9  # singular value, relative to the largest, that counts

COMPLEX_STEP = 1e-30


class Network(NamedTuple):
    """(k, k) recurrent, (k, p) inward, (k,) bias, (k,) rest, (q, k) readout, (q,) constant."""

    recurrent: Array
    inward: Array
    bias: Array
    rest: Array
    readout: Array
    constant: Array


def run(problem: DrawnTask, network: Network) -> Array:
    """(n, T, k) activity; of networks with an axis more in front, one for each."""
    states = list[Array]()
    for step in range(problem.inputs.shape[1]):
        kept = network.rest[..., None, :]
        if step:
            kept = states[-1] @ np.swapaxes(network.recurrent, -1, -2) + network.bias[..., None, :]
        states.append(kept + problem.inputs[:, step] @ np.swapaxes(network.inward, -1, -2))
    return np.stack(states, axis=-2)


def others(problem: DrawnTask, own: Network, *, descents: bool = True) -> Iterator[tuple[str, Network]]:
    """Networks that do the task, if the given one does, by what they are."""
    rng = np.random.default_rng([problem.seed, problem.index, 12])
    size = len(own.bias)
    yield "the answer's own", own
    # Step 1.
    yield "split", _split(own, int(rng.integers(size)))
    order = rng.permutation(size)
    yield (
        "in another order",
        Network(
            own.recurrent[np.ix_(order, order)],
            own.inward[order],
            own.bias[order],
            own.rest[order],
            own.readout[:, order],
            own.constant,
        ),
    )
    lowered = exactly(problem, own)
    yield "lowered", lowered
    yield "in other units", in_best_units(problem, lowered)
    if not descents:
        return
    for name, start in _starts(problem, own, rng):  # step 3
        if _flat(start).size <= 60:  # variables; more take too long
            descended = _descended(problem, start)
            if descended is not None:
                yield name, in_best_units(problem, exactly(problem, descended))


def _split(own: Network, neuron: int) -> Network:
    """One neuron as two, of activity 0.6 and 0.8 of it."""
    size = len(own.bias)
    into, out = np.eye(size), np.eye(size)
    more = np.zeros((1, size))
    more[0, neuron] = 0.8
    into[neuron, neuron] = out[neuron, neuron] = 0.6
    into, out = np.vstack([into, more]), np.vstack([out, more])
    return Network(
        into @ own.recurrent @ out.T,
        into @ own.inward,
        into @ own.bias,
        into @ own.rest,
        own.readout @ out.T,
        own.constant,
    )


def exactly(problem: DrawnTask, network: Network) -> Network:
    """Step 4."""
    lifted = -run(problem, network).min(axis=(0, 1))
    bias = network.bias + lifted - network.recurrent @ lifted
    moved = network._replace(bias=bias, rest=network.rest + lifted)
    activity = run(problem, moved)
    readout, constant = network.readout.copy(), network.constant.copy()
    for output in range(len(readout)):
        decoded = problem.decoded[..., output]
        known, wanted = activity[decoded], problem.wanted[..., output][decoded]
        mean, level = known.mean(axis=0), wanted.mean()
        inverse = np.linalg.pinv(known - mean, rcond=RANK)
        for _ in range(3):
            readout[output] += inverse @ (wanted - level - (known - mean) @ readout[output])
        constant[output] = level - mean @ readout[output]
    return moved._replace(readout=readout, constant=constant)


def in_best_units(problem: DrawnTask, network: Network) -> Network:
    """Step 2."""
    from scipy.optimize import minimize

    shares = problem.weights / problem.weights.sum()
    squares = shares @ (run(problem, network) ** 2).mean(axis=1)
    linear = squares + problem.encoder_cost * (network.inward**2).sum(axis=1)
    pairs = problem.recurrent_cost * network.recurrent**2
    read = problem.decoder_cost * (network.readout**2).sum(axis=0)

    def loss(log: Array) -> tuple[float, Array]:
        grown, shrunk = linear * np.exp(2 * log), read * np.exp(-2 * log)
        moved = pairs * np.exp(2 * (log[:, None] - log))
        slope = 2 * (grown - shrunk + moved.sum(axis=1) - moved.sum(axis=0))
        total = float(grown.sum() + shrunk.sum() + moved.sum())
        return np.log(total), slope / total

    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000}
    bounds = [(-20.0, 20.0)] * len(linear)
    log = minimize(loss, np.zeros(len(linear)), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    scale = np.exp(log)
    return Network(
        scale[:, None] * network.recurrent / scale,
        scale[:, None] * network.inward,
        scale * network.bias,
        scale * network.rest,
        network.readout / scale,
        network.constant,
    )


# ---- descents -----------------------------------------------------------------------------------------------------


def _starts(problem: DrawnTask, own: Network, rng: Generator) -> Iterator[tuple[str, Network]]:
    yield "descent of the answer", _shaken(own, rng, 0.1)
    yield "descent of the answer, split", _shaken(_split(own, int(rng.integers(len(own.bias)))), rng, 0.1)
    channels, outputs = problem.inputs.shape[2], problem.wanted.shape[2]
    for size in {max(1, len(own.bias) - 1), len(own.bias)}:
        reach = np.abs(problem.inputs).max(axis=(0, 1))
        blank = Network(
            np.linalg.qr(rng.standard_normal((size, size)))[0],
            rng.standard_normal((size, channels)) / np.where(reach > 0, reach, 1.0),
            np.zeros(size),
            np.zeros(size),
            np.zeros((outputs, size)),
            np.zeros(outputs),
        )
        yield f"descent from chance, {size} neuron(s)", in_best_units(problem, exactly(problem, blank))


def _shaken(own: Network, rng: Generator, much: float) -> Network:
    return Network(
        *(
            part + much * rng.standard_normal(part.shape) * np.sqrt((part**2).mean()) if part.size else part
            for part in own
        )
    )


def _flat(network: Network) -> Array:
    return np.concatenate([part.ravel() for part in network])


def _descended(problem: DrawnTask, start: Network) -> Network | None:
    from scipy.optimize import minimize

    shapes = [part.shape for part in start]
    ends = np.cumsum([part.size for part in start])[:-1]
    unit = np.concatenate([np.full(part.size, np.sqrt((part**2).mean()) or 1.0) for part in start])
    shares = problem.weights / problem.weights.sum()
    equations = _equations(problem)

    def network(flat: Any) -> Network:
        parts = np.split(flat * unit, ends, axis=-1)
        return Network(*(part.reshape(flat.shape[:-1] + shape) for part, shape in zip(parts, shapes, strict=True)))

    def everything(flat: Any) -> Any:
        """Loss, errors of the equations and activity, side by side."""
        of = network(flat)
        activity = run(problem, of)
        rows = (*activity.shape[:-3], -1)
        loss = ((activity**2).sum(axis=-1).mean(axis=-1) * shares).sum(axis=-1)
        for cost, part in (
            (problem.encoder_cost, of.inward),
            (problem.recurrent_cost, of.recurrent),
            (problem.decoder_cost, of.readout),
        ):
            loss = loss + cost * (part**2).sum(axis=(-1, -2))
        missed = activity @ np.swapaxes(of.readout, -1, -2)[..., None, :, :] + of.constant[..., None, None, :]
        missed = np.where(problem.decoded, missed - np.where(problem.decoded, problem.wanted, 0.0), 0.0)
        errors = [missed[..., output].reshape(rows) @ kept.T for output, kept in enumerate(equations)]
        return np.concatenate([loss[..., None] / size, *errors, activity.reshape(rows) / reach], axis=-1)

    size = reach = 1.0
    first = _flat(start) / unit
    size = float(everything(first)[0])
    reach = float(np.abs(run(problem, start)).max()) or 1.0
    count = sum(len(kept) for kept in equations)
    steps = 1j * COMPLEX_STEP * np.eye(len(first))
    last: dict[str, Any] = {"at": None}

    def values(flat: Array) -> Any:
        return everything(flat)

    def slopes(flat: Array) -> Any:
        if last["at"] is None or not np.array_equal(last["at"], flat):
            last.update(at=flat.copy(), slopes=everything(flat + steps).imag.T / COMPLEX_STEP)
        return last["slopes"]

    with np.errstate(all="ignore"):
        minimum = minimize(
            lambda flat: values(flat)[0],
            first,
            jac=lambda flat: slopes(flat)[0],
            method="SLSQP",
            constraints=[
                {
                    "type": "eq",
                    "fun": lambda flat: values(flat)[1 : 1 + count],
                    "jac": lambda flat: slopes(flat)[1 : 1 + count],
                },
                {
                    "type": "ineq",
                    "fun": lambda flat: values(flat)[1 + count :],
                    "jac": lambda flat: slopes(flat)[1 + count :],
                },
            ],
            options={"maxiter": 150, "ftol": 1e-12},
        )
    return network(minimum.x) if np.isfinite(minimum.x).all() else None


def _equations(problem: DrawnTask) -> list[Array]:
    """For each output (r, n T) as many combinations of its errors as are independent, whatever the network, in units of
    its largest target."""
    trials, steps, _ = problem.inputs.shape
    history = np.zeros((trials, steps, steps, problem.dimension))
    for step in range(steps):
        for age in range(step + 1):
            history[:, step, age] = problem.inputs[:, step - age]
    clock = np.broadcast_to(np.eye(steps), (trials, steps, steps))
    known = np.concatenate([history.reshape(trials, steps, -1), clock], axis=2).reshape(trials * steps, -1)
    known = known / np.maximum(np.abs(known).max(axis=0), np.finfo(float).tiny)
    equations = list[Array]()
    for output in range(problem.wanted.shape[2]):
        decoded = problem.decoded[..., output].ravel()
        left, sizes, _ = np.linalg.svd(known[decoded], full_matrices=False)
        kept = left[:, sizes > RANK * sizes[0]]
        rows = np.zeros((kept.shape[1], trials * steps))
        rows[:, decoded] = kept.T / np.nanmax(np.abs(problem.wanted[..., output]))
        equations.append(rows)
    return equations
