"""Networks that no one chose: codes of all kinds of sources, with waste in any of their parts."""

from dataclasses import dataclass

import numpy as np
from hypothesis import assume

from theory import InputError
from theory.problem import Problem
from theory.readouts import Exact, Noisy, Soft


@dataclass
class Network:
    """z = encoder @ x + encoder_bias >= 0 on all samples, and a decoder, exact where the readout is."""

    problem: Problem
    weights: np.ndarray
    activity: np.ndarray
    encoder: np.ndarray
    decoder: np.ndarray


def points(random, count, dimension):
    """Correlated, heavy-tailed, tied, far from zero, of unlike scales."""
    drawn = [
        lambda: random.uniform(-1, 1, (count, dimension)),
        lambda: random.standard_cauchy((count, dimension)),
        lambda: random.integers(-2, 3, (count, dimension)).astype(float),
        lambda: random.standard_normal((count, 1)) + 0.03 * random.standard_normal((count, dimension)),
    ][random.integers(4)]()
    return drawn * 10 ** random.uniform(-2, 2, dimension) + random.choice([0.0, 1e3]) * random.standard_normal(
        dimension
    )


def problem(random, *, errors=True):
    """With mixing, probabilities and any costs and readout."""
    dimension = int(random.integers(1, 4))
    count = int(random.integers(dimension + 2, 40))
    mixing = random.standard_normal((dimension + random.integers(3), dimension))
    targets = random.standard_normal((int(random.integers(1, 4)), dimension))
    price = 10 ** random.uniform(-1, 3)
    readouts = [None, Exact(np.vstack([targets, np.eye(dimension)]))]
    readouts += [Soft(price), Noisy(price, 0.2), Soft(price, targets)] if errors else []
    weights = random.uniform(0.1, 1, count)
    weights[dimension + 2 :] *= random.integers(0, 2, count - dimension - 2)
    try:
        return Problem(
            points(random, count, dimension),
            mixing=mixing if random.integers(2) else None,
            probabilities=weights if random.integers(2) else None,
            encoder_cost=10 ** random.uniform(-2, 2),
            decoder_cost=10 ** random.uniform(-2, 2),
            activity_cost=10 ** random.uniform(-1, 1),
            bias_cost=random.choice([0.0, 2.0]),
            readout=readouts[random.integers(len(readouts))],
        )
    except InputError:
        # Duplicates that do not span, or scales too far apart.
        assume(False)


def network(random, *, errors=True, waste=True):
    posed = problem(random, errors=errors)
    sources, dimension = posed.sources, posed.dimension
    neurons = dimension + int(random.integers(5))
    deviation = np.sqrt(np.diag(sources.covariance))
    weights = random.standard_normal((neurons, dimension)) / deviation * 10 ** random.uniform(-1, 1)
    extra = waste * random.uniform(0, 1, neurons) * random.integers(0, 2, neurons)
    bias = sources.support(weights) * (1 + extra)
    activity = np.maximum(sources.about_mean(sources.points) @ weights.T + bias, 0.0)
    mixing = posed.mixing
    # What a vector does that the channels, or the code, are blind to.
    blind = np.eye(len(mixing)) - mixing @ np.linalg.pinv(mixing)
    encoder = weights @ np.linalg.pinv(mixing) + waste * random.standard_normal((neurons, len(mixing))) @ blind
    decoder = posed.readout.decoder(weights)
    unread = np.eye(neurons) - weights @ np.linalg.pinv(weights)
    decoder = decoder + waste * np.abs(decoder).max() * random.standard_normal(decoder.shape) @ unread
    if not posed.readout.exact:
        decoder = decoder * (1 + 0.1 * waste * random.standard_normal())
    return Network(posed, weights, activity, encoder, decoder)


def measured(one):
    """The loss of a network by its definition, from its samples."""
    posed, readout = one.problem, one.problem.readout
    share = posed.sources.probabilities
    share = np.full(len(one.activity), 1 / len(one.activity)) if share is None else share
    loss = posed.activity_cost * (share @ one.activity**2).sum() + posed.bias_cost * ((share @ one.activity) ** 2).sum()
    loss += posed.encoder_cost * (one.encoder**2).sum() + readout.decoder_cost * (one.decoder**2).sum()
    if readout.errors is not None:
        missed = posed.sources.points @ readout.targets.T - one.activity @ one.decoder.T
        loss += readout.errors.cost * (share @ (missed - share @ missed) ** 2).sum()
    return float(loss)
