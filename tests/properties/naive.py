"""The definitions of docs/mathematics.md written down once more, from the raw samples and with no thought for speed."""

import numpy as np


def centred(problem):
    sources = problem.sources
    return sources.points - np.average(sources.points, axis=0, weights=sources.probabilities)


def energy_matrix(problem):
    """M = C + encoder_cost (A'A)^-1."""
    samples = centred(problem)
    covariance = np.average(samples[:, :, None] * samples[:, None, :], axis=0, weights=problem.sources.probabilities)
    return covariance + problem.encoder_cost * np.linalg.inv(problem.mixing.T @ problem.mixing)


def support(problem, weights):
    """h(w) = max_t(-w.s_t)."""
    return (-weights @ centred(problem).T).max(axis=1)


def cost(problem, weights):
    """f(w) = w'M w + h(w)^2."""
    return np.einsum("ni,ij,nj->n", weights, energy_matrix(problem), weights) + support(problem, weights) ** 2


def readout(problem, weights):
    """g(G) = decoder_cost tr(K G^-1)."""
    inverse = np.linalg.inv(weights.T @ weights)
    return problem.decoder_cost * np.trace(problem.mixing.T @ problem.mixing @ inverse)


def loss(problem, weights):
    return cost(problem, weights).sum() + readout(problem, weights)


def multiplier(problem, weights):
    """Y = -grad g(G) = decoder_cost G^-1 K G^-1."""
    inverse = np.linalg.inv(weights.T @ weights)
    return problem.decoder_cost * inverse @ problem.mixing.T @ problem.mixing @ inverse


def ratio(problem, worth, weights):
    """w'Y w / f(w)."""
    return np.einsum("ni,ij,nj->n", weights, worth, weights) / cost(problem, weights)


def balanced(problem, weights):
    """The code scaled as a whole so that energy and readout are equal, as at every optimum."""
    return weights * (readout(problem, weights) / cost(problem, weights).sum()) ** 0.25


def directions(problem, count, seed=0):
    """(count, d) random neurons, isotropic in units in which the modular neurons of all sources cost the same."""
    drawn = np.random.default_rng(seed).standard_normal((count, problem.dimension))
    return drawn / np.sqrt(problem.modular_costs)


# ---- a whole network, of any kind, with any readout -------------------------------------------------------------


def occurring(problem):
    """(T,) how often each sample occurs."""
    given = problem.sources.probabilities
    return np.full(problem.sources.count, 1 / problem.sources.count) if given is None else given / given.sum()


PAID = {
    "linear": lambda problem, often, activity: (
        problem.activity_cost * (often @ activity**2).sum() + problem.bias_cost * ((often @ activity) ** 2).sum()
    ),
    "rectified": lambda problem, often, activity: problem.activity_cost * (often @ activity**2).sum(),
    "free": lambda problem, often, activity: problem.activity_cost * (often @ activity**2).sum(),
}
"""What neurons of the program's own kinds pay for their activity (T, n)."""


def network_cost(problem, answer, activity, paid=None):
    """The loss of a network, from its arrays and its activity (T, n): all that it pays for."""
    often, readout = occurring(problem), problem.given_readout
    paid = PAID[problem.neurons.name] if paid is None else paid
    loss = paid(problem, often, activity) + problem.encoder_cost * (answer.encoder**2).sum()
    loss += problem.recurrent_cost * (answer.recurrent**2).sum() if problem.transitions is not None else 0.0
    targets = problem.mixing if readout.targets is None else np.asarray(readout.targets)
    missed = problem.sources.points @ targets.T - activity @ answer.decoder.T - answer.decoder_bias
    error_cost = getattr(readout, "error_cost", None)
    if error_cost is None:
        assert np.abs(missed).max() <= 1e-7 * np.abs(problem.sources.points @ targets.T).max()
        return loss + problem.decoder_cost * (answer.decoder**2).sum()
    elsewhere = getattr(readout, "probabilities", None)
    counted = often if elsewhere is None else np.asarray(elsewhere) / np.sum(elsewhere)
    noise = getattr(readout, "noise_variance", 0.0) * (answer.decoder**2).sum()
    return (
        loss
        + problem.decoder_cost * (answer.decoder**2).sum()
        + error_cost * (counted @ (missed**2).sum(axis=1) + noise)
    )
