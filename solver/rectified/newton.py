"""Newton's method in all neurons at once, on the faces that the samples' kinks cut out.

The decoder is eliminated. Along a neuron's way the loss has a kink where a sample t begins to be active: convex (a
valley) where v'N_t < 0, with v the neuron's decoder, and concave otherwise. A best neuron never rests on a concave one.

1. A neuron on a valley of samples is pinned to it: it moves within s_t.w + b = 0 only.
2. Its least subgradient, over shares in [0, 1] of each pinned sample's kink, tells whether it should leave: those pins
   that this direction leaves are released.
3. Newton's step of all neurons together in the coordinates that are left, with a Levenberg term.
4. A neuron is stopped at the first valley on its way and pinned there.
5. A step is taken if the loss does not rise; the Levenberg term falls with success and grows with failure.
6. Stop where the gradient is a rounding error and no pin wants to leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.optimize import lsq_linear

from solver.rectified.loss import Frame
from theory.arrays import Array, Mask


@dataclass(frozen=True)
class NewtonTolerances:
    """Tolerances of Newton's method on faces."""

    pinned: float = 1e-9  # |s_t.w + b|, relative to the lengths of both, that lies on a sample's kink
    stationary: float = 1e-12  # gradient, relative to the loss and the neuron's size, that is rounding
    damping: float = 1e-3  # the first Levenberg term, relative to the Hessian's diagonal
    least_damping: float = 1e-13
    most_damping: float = 1e6
    rounding: float = 3e-15  # relative rise of the loss that a step with a smaller gradient may have
    steps: int = 40
    patience: int = 3  # steps after which pins are looked at again


NEWTON = NewtonTolerances()


@dataclass(frozen=True)
class _NewtonPoint:
    neurons: Array  # (n, d + 1)
    pins: Mask  # (n, T)
    activity: Array  # (T, n)
    active: Mask  # (T, n)
    loss: float
    price: Array  # (T, k) P
    kinks: Array  # (T, n) -N_t.v_i
    gradient: Array  # (n, d + 1)


class _Faces:
    """Bases of the directions that neurons may move in, kept as long as their pins stay."""

    def __init__(self, frame: Frame, free: Array) -> None:
        self.frame, self.free = frame, free
        self._known: dict[tuple[int, bytes], Array] = {}

    def basis(self, neuron: int, pins: Mask) -> Array:
        """(d + 1, m) of a neuron with these pins (T,)."""
        key = neuron, pins.tobytes()
        if key not in self._known:
            self._known[key] = _basis(self.frame.lifted[pins], self.free[neuron])
        return self._known[key]


def moved(
    frame: Frame, neurons: Array, steps: int = NEWTON.steps, fixed: Array | None = None, progress: float = 0.0
) -> Array:
    """(n, d + 1) neurons near by at which the loss is stationary, or lower at least.

    Args:
        frame: the loss in its own units.
        neurons: (n, d + 1) scaled so that each earns what it costs, nearly.
        steps: most steps.
        fixed: (n, d + 1, d + 1) for each neuron a projection that it must stay in; any direction if none.
        progress: share of the whole fall of the loss so far that a step must bring, or else it is the last.
    """
    if not len(neurons):
        return neurons
    sizes = np.linalg.norm(frame.lifted, axis=1)
    faces = _Faces(frame, np.tile(np.eye(neurons.shape[1]), (len(neurons), 1, 1)) if fixed is None else fixed)
    point = _evaluated(frame, neurons, np.zeros((len(neurons), len(sizes)), bool))
    near = np.abs(frame.lifted @ neurons.T) <= NEWTON.pinned * sizes[:, None] * np.linalg.norm(neurons, axis=1)
    point = _evaluated(frame, *_held(faces, point.neurons, (near & (point.kinks > 0)).T))
    damping, start = NEWTON.damping, point.loss
    wanted = True  # whether pins are to be looked at
    for step in range(steps):
        checked = wanted or step % NEWTON.patience == 0
        if checked:
            pins = _released(faces, point)  # step 2
            if (pins != point.pins).any():
                point = _evaluated(frame, point.neurons, pins)
        bases = [faces.basis(i, pins) for i, pins in enumerate(point.pins)]
        wanted = _steepness(point, bases) <= NEWTON.stationary * point.loss
        if wanted and checked:  # step 6
            break
        if wanted:
            continue
        tried, damping = _accepted(faces, point, bases, damping)
        if tried is None:
            break
        fall, point = point.loss - tried.loss, tried
        if fall < progress * (start - point.loss):
            break
    return point.neurons


def _accepted(
    faces: _Faces, point: _NewtonPoint, bases: list[Array], damping: float
) -> tuple[_NewtonPoint | None, float]:
    """Steps 3 to 5, and the next Levenberg term."""
    gradient = np.concatenate([point.gradient[i] @ basis for i, basis in enumerate(bases)])
    hessian = _hessian(faces.frame, point, bases)
    slack = NEWTON.rounding * abs(point.loss)
    while damping <= NEWTON.most_damping:
        tried = _taken(faces, point, _step(bases, gradient, hessian, damping))
        falls = tried.loss < point.loss - slack
        if falls or (tried.loss <= point.loss + slack and _steepness(tried, bases) < _steepness(point, bases)):
            return tried, max(damping / 10, NEWTON.least_damping)
        damping *= 8
    return None, damping


def _steepness(point: _NewtonPoint, bases: list[Array]) -> float:
    return max(
        float(np.abs(point.gradient[i] @ basis).max(initial=0.0) * np.linalg.norm(point.neurons[i]))
        for i, basis in enumerate(bases)
    )


def _evaluated(frame: Frame, neurons: Array, pins: Mask) -> _NewtonPoint:
    inputs = frame.lifted @ neurons.T
    active = (inputs > 0) & ~pins.T
    activity = np.where(active, inputs, 0.0)
    features = frame.features(activity)
    price = frame.price(features)
    decoder = features.T @ price
    root = np.sqrt(frame.error_weights)
    kinks = -2 * root[:, None] * (price @ decoder.T)
    slope = np.where(active, 2 * frame.probabilities[:, None] * activity + kinks, 0.0)
    regular = neurons @ frame.weights
    costs = frame.probabilities @ (activity**2).sum(axis=1) + (neurons * regular).sum()
    loss = float(costs + (frame.targets * price).sum())
    return _NewtonPoint(neurons, pins, activity, active, loss, price, kinks, slope.T @ frame.lifted + 2 * regular)


def _basis(rows: Array, projection: Array) -> Array:
    """(d + 1, m) an orthonormal basis of the directions that a neuron may move in."""
    basis = _range(projection)
    if not len(rows):
        return basis
    rows = rows @ basis
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    _, strengths, turned = np.linalg.svd(rows / np.where(sizes > 0, sizes, 1.0))
    rank = int((strengths > 1e-9).sum())
    return np.asarray(basis @ turned[rank:].T)


def _range(projection: Array) -> Array:
    if np.array_equal(projection, np.eye(len(projection))):
        return projection
    values, vectors = np.linalg.eigh(projection)
    return np.asarray(vectors[:, values > 0.5])


def _held(faces: _Faces, neurons: Array, pins: Mask) -> tuple[Array, Mask]:
    """Step 1: neurons put onto their pins; pins that would leave nothing of a neuron are dropped."""
    neurons, pins = neurons.copy(), pins.copy()
    for i in np.flatnonzero(pins.any(axis=1)):
        basis = faces.basis(int(i), pins[i])
        put = basis @ (basis.T @ neurons[i])
        if np.linalg.norm(put - neurons[i]) <= 1e-6 * np.linalg.norm(neurons[i]):
            neurons[i] = put
        else:
            pins[i] = False
    return neurons, pins


def _released(faces: _Faces, point: _NewtonPoint) -> Mask:
    """Step 2: (n, T) the pins that stay."""
    frame, free = faces.frame, faces.free
    pins = point.pins.copy()
    for i in np.flatnonzero(pins.any(axis=1)):
        samples = np.flatnonzero(pins[i])
        slopes = free[i] @ (frame.lifted[samples] * np.maximum(point.kinks[samples, i], 0.0)[:, None]).T
        gradient = free[i] @ point.gradient[i]
        shares = np.linalg.lstsq(slopes, -gradient, rcond=None)[0]
        if (shares < 0).any() or (shares > 1).any():
            shares = lsq_linear(slopes, -gradient, bounds=(0, 1), method="bvls").x
        rest = gradient + slopes @ shares
        size = np.abs(gradient).max() + np.abs(slopes).max(initial=0.0)
        # What is left along the pins themselves is the business of Newton's step.
        basis = faces.basis(int(i), point.pins[i])
        across = rest - basis @ (basis.T @ rest)
        if np.abs(across).max() > 1e-9 * size:
            leaving = np.abs(frame.lifted[samples] @ across) > 1e-9 * np.linalg.norm(across)
            pins[i, samples[leaving]] = False
    return pins


def _hessian(frame: Frame, point: _NewtonPoint, bases: list[Array]) -> Array:
    """(m, m) the Hessian of the loss, in the coordinates of the bases."""
    root = np.sqrt(frame.error_weights)
    owner = np.repeat(np.arange(len(bases)), [basis.shape[1] for basis in bases])
    stacked = np.hstack(bases)  # (d + 1, m)
    slopes = np.where(point.active[:, owner], frame.lifted @ stacked, 0.0)
    moves = root[:, None] * (slopes - frame.error_weights @ slopes)
    features = frame.features(point.activity)
    basis, sizes, _ = np.linalg.svd(features, full_matrices=False)
    shrunk = 1 / (frame.delta + sizes**2)
    inner_moves, inner_features = basis.T @ moves, basis.T @ features
    outer_moves = moves - basis @ inner_moves
    curved = outer_moves.T @ outer_moves / frame.delta + inner_moves.T @ (shrunk[:, None] * inner_moves)
    mixed = inner_moves.T @ (shrunk[:, None] * inner_features)  # (m, n)
    gram = inner_features.T @ (shrunk[:, None] * inner_features)
    read, priced = features.T @ point.price, moves.T @ point.price  # (n, k), (m, k)
    hessian = curved * (read @ read.T)[np.ix_(owner, owner)]
    cross = mixed[:, owner] * (read @ priced.T)[owner]
    hessian += cross + cross.T + gram[np.ix_(owner, owner)] * (priced @ priced.T)
    same = owner[:, None] == owner
    hessian -= same * (priced @ priced.T)
    weighted = slopes.T @ (frame.probabilities[:, None] * slopes) + stacked.T @ frame.weights @ stacked
    hessian += same * weighted
    return np.asarray(hessian + hessian.T)  # twice, and symmetric


def _step(bases: list[Array], gradient: Array, hessian: Array, damping: float) -> Array:
    """Step 3: (n, d + 1)."""
    owner = np.repeat(np.arange(len(bases)), [basis.shape[1] for basis in bases])
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-14 * np.abs(np.diag(hessian)).max(initial=1e-300)))
    scaled = hessian / np.outer(scale, scale)
    shift = damping
    while True:
        try:
            factor = scipy.linalg.cho_factor(scaled + shift * np.eye(len(scaled)), check_finite=False)
            break
        except np.linalg.LinAlgError:
            shift = max(10 * shift, 1e-12)
    move = -scipy.linalg.cho_solve(factor, gradient / scale, check_finite=False) / scale
    return np.array([basis @ move[owner == i] for i, basis in enumerate(bases)])


def _taken(faces: _Faces, point: _NewtonPoint, steps: Array) -> _NewtonPoint:
    """Step 4."""
    frame = faces.frame
    lengths, sizes = np.linalg.norm(point.neurons, axis=1), np.linalg.norm(steps, axis=1)
    steps = steps * np.minimum(1.0, 0.5 * lengths / np.where(sizes > 0, sizes, 1.0))[:, None]
    before, rate = frame.lifted @ point.neurons.T, frame.lifted @ steps.T
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = -before / rate
    valley = (point.kinks > 0) & ~point.pins.T & (crossing > 0) & (crossing <= 1)
    crossing = np.where(valley, crossing, np.inf)
    first = np.argmin(crossing, axis=0)
    reach = crossing[first, np.arange(len(first))]
    pins = point.pins.copy()
    stopped = np.flatnonzero(np.isfinite(reach))
    for i in stopped:
        together = crossing[:, i] <= reach[i] * (1 + 1e-12)
        pins[i, together] = True
    neurons = point.neurons + np.minimum(reach, 1.0)[:, None] * steps
    return _evaluated(frame, *_held(faces, neurons, pins))
