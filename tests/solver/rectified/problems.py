"""Problems of rectified neurons, and an arrangement that is enumerated in full: code of its own, for small T."""

from itertools import combinations

import numpy as np

from solver.rectified.loss import RectifiedLoss
from theory.neurons.sample_readout import SampleReadout


def posed(sources, *, error_cost=100.0, encoder_cost=1.0, p=None, q=None, targets=None):
    """A problem of unit prices, centred."""
    sources = np.asarray(sources, dtype=float)
    p = np.full(len(sources), 1 / len(sources)) if p is None else np.asarray(p)
    q = p if q is None else np.asarray(q)
    targets = sources if targets is None else np.asarray(targets, dtype=float)
    readout = SampleReadout(targets - q @ targets, q, 1.0, error_cost)
    costs = encoder_cost * np.eye(sources.shape[1])
    return RectifiedLoss(sources - p @ sources, p, 1.0, costs, readout)


def grid(keep=lambda _: True):
    """The 5 by 5 grid, or what is kept of it, each source of unit variance."""
    points = np.array([(x, y) for x in np.linspace(-1, 1, 5) for y in np.linspace(-1, 1, 5) if keep(x + y)])
    return points / points.std(axis=0)


def drawn(seed, most_sources=2, most_samples=14):
    """An ugly problem: ties, heavy tails, unequal and foreign probabilities, targets of any rank."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, most_sources + 1))
    samples = int(rng.integers(d + 3, most_samples + 1))
    kind = rng.integers(4)
    draws = [rng.uniform(-1, 1, (samples, d)), rng.integers(-2, 3, (samples, d)).astype(float)]
    sources = [*draws, rng.standard_t(2, (samples, d)), 1000 + rng.exponential(1, (samples, d))][kind]
    if np.linalg.matrix_rank(sources - sources.mean(axis=0)) < d:
        sources = draws[0]
    p = rng.dirichlet(np.ones(samples)) if rng.random() < 0.5 else np.full(samples, 1 / samples)
    q = rng.dirichlet(np.ones(samples)) if rng.random() < 0.3 else p
    targets = sources @ rng.normal(size=(d, int(rng.integers(1, 4)))) if rng.random() < 0.5 else sources
    encoder_cost = float(rng.choice([0.0, 0.1, 1.0, 10.0]))
    return posed(
        sources, error_cost=float(rng.choice([2.0, 30.0, 1e3])), encoder_cost=encoder_cost, p=p, q=q, targets=targets
    )


def largest_worth(loss, multiplier):
    """By all faces of the arrangement of the samples' hyperplanes: on each the best neuron of its quadratic forms.

    Faces of dimension f are met in the null spaces of d + 1 - f samples, their cells by the sides of points between
    the rays in them. Slow, and shares nothing with the solver.
    """
    lifted = np.hstack([loss.sources, np.ones((len(loss.sources), 1))])
    size = lifted.shape[1]
    lengths = np.linalg.norm(lifted, axis=1, keepdims=True)
    rays = []
    for rows in combinations(range(len(lifted)), size - 1):
        _, strengths, turned = np.linalg.svd((lifted / lengths)[list(rows)])
        if strengths[-1] > 1e-9:
            rays += [turned[-1], -turned[-1]]
    rays = np.array(rays)
    best = 0.0
    # Cells: around each ray all sign patterns, from the rays of the directions across it.
    patterns = set()
    rng = np.random.default_rng(0)
    for ray in rays:
        inputs = lifted @ ray / lengths[:, 0]
        tied = np.abs(inputs) < 1e-10
        across = rng.normal(size=(40 * 2**size, size))
        around = np.where(tied, across @ lifted.T > 0, inputs > 0)
        patterns |= {tuple(row) for row in np.unique(around, axis=0)}
    for pattern in patterns:
        active = np.array(pattern)
        if active.any():
            best = max(best, _best_on_faces(loss, multiplier, lifted, lengths[:, 0], active))
    return best


def _best_on_faces(loss, multiplier, lifted, lengths, active):
    mu, alpha = loss.readout.decoder_cost, loss.activity_cost
    earned = lifted[active].T @ multiplier[active]
    costs = alpha * (loss.probabilities[active, None] * lifted[active]).T @ lifted[active]
    costs[:-1, :-1] += loss.weight_costs
    size = lifted.shape[1]
    sign = np.where(active, 1.0, -1.0)
    best = 0.0
    for fixed in range(size):
        for rows in combinations(range(len(lifted)), fixed):
            basis = np.eye(size)
            if rows:
                _, strengths, turned = np.linalg.svd((lifted / lengths[:, None])[list(rows)])
                if strengths[-1] < 1e-9:
                    continue
                basis = turned[fixed:].T
            metric = basis.T @ costs @ basis
            values, vectors = np.linalg.eigh(metric)
            keep = values > 1e-11 * np.trace(costs)
            if not keep.any():
                continue
            root = basis @ (vectors[:, keep] / np.sqrt(values[keep]))
            top = np.linalg.svd(root.T @ earned, full_matrices=False)
            neuron = root @ top[0][:, 0]
            for way in (neuron, -neuron):
                inputs = sign * (lifted @ way) / lengths
                if (inputs >= -1e-9 * np.linalg.norm(way)).all():
                    best = max(best, top[1][0] / (2 * np.sqrt(mu)))
    return best
