"""The loss of rectified neurons, and the scaled coordinates in which it is minimised.

A neuron is u = (w, b), its activity on sample s_t is max(0, s_t.w + b), and it costs

    c(u) = alpha sum_t p_t a_t^2 + w'R w

A frame chooses units: targets of length one, mu = 1, sources in which w'w is what the weights w cost a neuron that is
always active, activity included, and a unit of activity that is as large as activity becomes where w'w = 1, so that
biases are of the size of weights. Then loss = unit (sum c + g), and the worth of a neuron, |N'a| / (2 sqrt(mu c)), is
what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen
from theory.neurons.nonlinear import rectified
from theory.neurons.sample_readout import SampleReadout


@dataclass(frozen=True)
class FrameTolerances:
    """Where the coordinates of a frame end."""

    flat: float = 1e-13  # share of the largest spread below which a direction of sources or targets is rounding
    silent: float = 1e-13  # activity, relative to the lengths of sample and neuron, that is rounding
    least_activity: float = 1e-60  # beside what weights cost: its square and that square are numbers still
    exact: float = (
        1e-7  # stands for mu / kappa, in units of the frame and of its least target, where errors are forbidden
    )


FRAME = FrameTolerances()


@dataclass(frozen=True, eq=False)
class RectifiedLoss(Frozen):
    """What rectified neurons cost, and what is read from them.

    Example:
        >>> from theory.neurons.sample_readout import SampleReadout
        >>> half, sources = np.array([0.5, 0.5]), np.array([[-1.0], [1.0]])
        >>> loss = RectifiedLoss(sources, half, 1.0, np.eye(1), SampleReadout(sources, half, 1.0, np.inf))
        >>> loss.of(np.array([[1.0, 0.0]])), loss.of(np.array([[1.0, -0.5]]))
        (5.5, 17.125)
    """

    sources: Array  # (T, d) S, centred under the probabilities
    probabilities: Array  # (T,) p, nonnegative, of sum one: how often each sample is met
    activity_cost: float  # alpha, positive
    weight_costs: Array  # (d, d) R, positive semidefinite: w'R w is what input weights cost
    readout: SampleReadout  # the targets on the same samples, and the costs of decoder and errors

    def activity(self, neurons: Array) -> Array:
        """(T, n) of neurons (n, d + 1), rows (w, b)."""
        return rectified(self.sources, neurons[:, :-1], neurons[:, -1])

    def costs(self, neurons: Array) -> Array:
        """(n,) c of neurons (n, d + 1)."""
        weights = neurons[:, :-1]
        energies = self.activity_cost * (self.probabilities @ self.activity(neurons) ** 2)
        return np.asarray(energies + np.einsum("nd,de,ne->n", weights, self.weight_costs, weights))

    def of(self, neurons: Array) -> float:
        """The loss of neurons (n, d + 1), the best decoder included; infinite if an exact one is wanted in vain."""
        return float(self.costs(neurons).sum()) + self.readout.value(self.activity(neurons))

    @cached_property
    def frame(self) -> Frame:
        """The scaled coordinates.

        Raises:
            InputError: activity is free of charge somewhere, or sources do not span their dimensions.
        """
        return _frame(self)


@dataclass(frozen=True, eq=False)
class Frame(Frozen):
    """The loss in units of its own: neurons u = (w, b) there are ``back @ u`` here."""

    lifted: Array  # (T, d + 1) rows (s_t, 1), in sources of which S'p S + the weights' part is the identity
    probabilities: Array  # (T,) what activity costs, in proportion to p
    error_weights: Array  # (T,) q
    weights: Array  # (d + 1, d + 1) what u'.u costs beside activity
    targets: Array  # (T, k) sqrt(q) X, of length one (or zero, if there is nothing to read)
    delta: float  # mu / kappa, positive
    back: Array  # (d + 1, d + 1)
    unit: float  # what a loss of one is here
    multiplier_unit: float  # what a multiplier of one is here

    def energies(self, neurons: Array) -> Array:
        """(n,) c of neurons (n, d + 1) of the frame."""
        activity = np.maximum(0.0, self.lifted @ neurons.T)
        return np.asarray(self.probabilities @ activity**2 + np.einsum("nd,de,ne->n", neurons, self.weights, neurons))

    def features(self, activity: Array) -> Array:
        """(T, n) sqrt(q) (a - q'a)."""
        return np.asarray(np.sqrt(self.error_weights)[:, None] * (activity - self.error_weights @ activity))

    def price(self, features: Array) -> Array:
        """(T, k) P = (delta I + A A')^-1 X of features A (T, n)."""
        basis, sizes, _ = np.linalg.svd(features, full_matrices=False)
        seen = basis.T @ self.targets
        return np.asarray(
            (self.targets - basis @ seen) / self.delta + basis @ (seen / (self.delta + sizes[:, None] ** 2))
        )

    def of(self, neurons: Array) -> float:
        """The loss of neurons of the frame, in its unit."""
        features = self.features(np.maximum(0.0, self.lifted @ neurons.T))
        return float(self.energies(neurons).sum() + (self.targets * self.price(features)).sum())

    def multiplier(self, neurons: Array) -> Array:
        """(T, k) N in units of the frame: 2 sqrt(q) P."""
        features = self.features(np.maximum(0.0, self.lifted @ neurons.T))
        return np.asarray(2 * np.sqrt(self.error_weights)[:, None] * self.price(features))

    def worths(self, multiplier: Array, neurons: Array) -> Array:
        """(n,) |N'a| / (2 sqrt(c)), of activity that is more than rounding; zero for a neuron that does nothing."""
        activity = self.lifted @ neurons.T
        least = FRAME.silent * np.linalg.norm(self.lifted, axis=1)[:, None] * np.linalg.norm(neurons, axis=1)
        activity = np.where(activity > least, activity, 0.0)
        costs = self.probabilities @ activity**2 + np.einsum("nd,de,ne->n", neurons, self.weights, neurons)
        earned = np.linalg.norm(multiplier.T @ activity, axis=0)
        return np.asarray(earned / (2 * np.sqrt(np.where(costs > 0, costs, np.inf))))

    def of_unit_cost(self, neurons: Array) -> Array:
        """(n, d + 1) the neurons scaled to c = 1; those that cost nothing are left out."""
        costs = self.energies(neurons)
        useful = costs > FRAME.silent**2 * (neurons**2).sum(axis=1)
        return np.asarray(neurons[useful] / np.sqrt(costs[useful, None]))


def _frame(loss: RectifiedLoss) -> Frame:
    sources, p, q = loss.sources, loss.probabilities, loss.readout.error_weights
    if not loss.activity_cost > 0:
        raise InputError("activity_cost: not positive, and biases would grow for ever; give the activity a cost")
    costs = (p[:, None] * sources).T @ sources + loss.weight_costs / loss.activity_cost
    spread = np.sqrt(np.where(np.diag(costs) > 0, np.diag(costs), 1.0))
    sizes, turned = np.linalg.eigh(costs / np.outer(spread, spread))
    if sizes[0] <= FRAME.flat * sizes[-1]:
        raise InputError("sources: columns depend on each other on the samples of positive probability; leave one out")
    whitening = turned / np.sqrt(sizes) / spread[:, None]
    weights = np.zeros((len(whitening) + 1,) * 2)
    weights[:-1, :-1] = whitening.T @ loss.weight_costs @ whitening / loss.activity_cost
    if ((p == 0) & (q > 0)).any() and np.linalg.eigvalsh(weights[:-1, :-1])[0] <= FRAME.flat:
        raise InputError(
            "probabilities: zero where errors count, and activity there is free of charge; give such samples a "
            "probability, or encoder weights a cost"
        )
    targets = np.sqrt(q)[:, None] * loss.readout.targets
    size = float(np.linalg.norm(targets)) or 1.0
    mu, alpha = loss.readout.decoder_cost, loss.activity_cost
    inside = sources @ whitening
    # How large activity becomes: one, or next to nothing where weights cost much more than activity.
    active = min(max(float(np.linalg.norm(np.sqrt(p)[:, None] * inside, 2)), FRAME.least_activity), 1.0)
    back = np.zeros_like(weights)
    back[:-1, :-1], back[-1, -1] = whitening / np.sqrt(active), np.sqrt(active)
    root = float(np.sqrt(mu * alpha))
    if loss.readout.exact:
        shares = np.linalg.svd(targets / size, compute_uv=False)
        delta = FRAME.exact * float(shares[shares > FRAME.flat].min(initial=1.0))
    else:
        delta = root / (loss.readout.error_cost * size * active)
    return Frame(
        lifted=np.hstack([inside / active, np.ones((len(sources), 1))]),
        probabilities=active**2 * p,
        error_weights=q,
        weights=(weights + weights.T) / 2,
        targets=targets / size,
        delta=delta,
        back=back * np.sqrt(size * np.sqrt(mu / alpha)),
        unit=size * root / active,
        multiplier_unit=root / active,
    )
