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
