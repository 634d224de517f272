"""Newton's method for a code whose neurons each keep to a face: an active-set method for all neurons at once.

The active samples of a neuron are those that attain its bias. While they do, its cost is one quadratic, so the loss is
smooth, and most faces are small: a neuron with d active samples has only its length left. In the coordinates of the
faces the Hessian is therefore far smaller than the code.

1. Take an orthonormal basis of the face {u : all active samples attain the bias} of each neuron, or of that part of it
   which is in the span of the neuron's group, where it keeps to one.
2. Linearise: slopes of the loss along all of these directions, and the steepest as the stationarity residual.
3. Newton's step, its curvature made positive where it is not.
4. Halve it until the loss falls. A neuron that meets another sample's wall on the way stops there.
5. Samples whose walls were met become active.
6. Where the residual no longer falls, drop from each neuron the active sample whose multiplier is negative most.
7. End where no sample is dropped, or where that was of no use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.generation.newton import newton_step

if TYPE_CHECKING:
    from solver.generation.loss import ScaledLoss
    from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class ActiveSetTolerances:
    """When a step, a code or a multiplier counts."""

    halvings: int = 10  # the shortest step is 2^-10 of Newton's
    progress: float = 1e-15  # relative fall of the loss below which Newton's method ends
    rounding: float = 1e-15  # relative rise of the loss that is rounding
    stationary: float = 1e-14  # stationarity residual that rounding leaves
    converged: float = 1e-15  # that leaves nothing to move
    coordinates: int = 800  # that move at once: a step costs their number cubed
    on_face: float = 1e-9  # share of the bias by which an active sample may miss it, or the direction is kept
    negative_multiplier: float = -1e-9  # in units of the bias: an active sample below it is dropped
    wrong_faces: float = 1.001  # ratio of a code's loss to that without other samples: the faces are hopeless
    touching: float = 1e-12  # share of its step after which a neuron that meets a wall was there from the start
    approaching: float = 1e-12  # rate, relative to the step, below which no wall is approached


ON_FACES = ActiveSetTolerances()


@dataclass(frozen=True)
class Linearisation:
    """The loss of a code on its faces, to first order.

    Attributes:
        neurons: (n, d).
        active: (n, d) samples, -1 in unused places.
        loss: of the code.
        vertex: (n, d) the point v of each neuron, so that its cost is u'(M + v v')u.
        directions: (N, d) in which neurons can move.
        owner: (N,) the neuron that moves along each.
        gradient: (N,) slopes.
        residual: the steepest slope, in units of its neuron's size.
    """

    neurons: Array
    active: Indices
    loss: float
    vertex: Array
    directions: Array
    owner: Indices
    gradient: Array
    residual: float

    def is_better_than(self, other: Linearisation) -> bool:
        """Whether the loss or the residual is lower by as much as counts."""
        return self.loss < other.loss * (1 - ON_FACES.progress) or self.residual < other.residual / 2


class ActiveSet:
    """Newton's method for the loss of a code.

    Args:
        loss: in whatever coordinates.

    Example:
        >>> from solver.generation.loss import ScaledLoss
        >>> from theory.problem import Problem
        >>> loss = ScaledLoss(Problem([[-1, -1], [-1, 1], [1, -1]]))
        >>> neurons = np.array([[1.0, 0.1], [0.0, 1.0]])
        >>> _, _, value = ActiveSet(loss).minimised(neurons, loss.highest_samples(neurons), 20)
        >>> bool(value <= loss.of(neurons))
        True
    """

    def __init__(self, loss: ScaledLoss) -> None:
        self.loss = loss

    def minimised(self, neurons: Array, active: Indices, steps: int) -> tuple[Array, Indices, float]:
        """A stationary point of the loss, its active samples, and its loss, which never rises beyond rounding.

        Args:
            neurons: (n, d).
            active: (n, d) samples that attain each bias, -1 in unused places.
            steps: of Newton's method at most.
        """
        active = _filled_first(active)
        rigid = self._rigid(neurons, active)
        here = self._linearised(neurons, active, rigid)
        may_drop = True
        for _ in range(steps):
            if here.residual <= ON_FACES.stationary and not may_drop:
                break
            met = None
            if here.residual > ON_FACES.converged:
                moved, met = self._step(here, rigid)
                if moved.is_better_than(here):
                    here, may_drop = moved, True
                    continue
            # steps 6 and 7: stationary, or pressed against walls.
            dropped = self._dropped(here.neurons, here.active) if may_drop else None
            changed = met if dropped is None else dropped
            if changed is None:
                break
            here, may_drop = self._linearised(here.neurons, changed, rigid), dropped is None
        return here.neurons, here.active, here.loss

    def minimised_on_faces(self, neurons: Array, active: Indices, steps: int) -> tuple[Array, float]:
        """A stationary point of the loss as if only active samples existed, and the loss that it would have.

        Where every neuron ends on its own side of all other samples, the loss is that of the code; else it is less.

        The arguments are those of `minimised`.
        """
        active = _filled_first(active)
        rigid = self._rigid(neurons, active)
        # Faces stay what they are, but for the line along which a neuron that keeps its direction moves.
        faces = None if rigid.any() else self._directions(neurons, active, rigid)
        here = self._linearised(neurons, active, rigid, alone=True, faces=faces)
        for _ in range(steps if here.residual > ON_FACES.converged else 0):
            move = self._newton_move(here)
            for halving in range(ON_FACES.halvings):
                further = here.neurons + 0.5**halving * move
                moved = self._linearised(further, active, rigid, alone=True, faces=faces)
                if moved.loss <= here.loss * (1 + ON_FACES.rounding):
                    break
            else:
                break
            if not moved.is_better_than(here):
                break
            here = moved
            if here.residual <= ON_FACES.stationary or self.loss.of(here.neurons) > ON_FACES.wrong_faces * here.loss:
                break
        return here.neurons, here.loss

    # ---- one step -----------------------------------------------------------------------------------------------

    def _linearised(
        self,
        neurons: Array,
        active: Indices,
        rigid: Mask,
        *,
        alone: bool = False,
        faces: tuple[Array, Indices] | None = None,
    ) -> Linearisation:
        """Step 2; `alone` if the active samples are to be the only ones, `faces` what step 1 found if that is known."""
        directions, owner = self._directions(neurons, active, rigid) if faces is None else faces
        loss = self.loss
        vertex = loss.normals[active[:, 0] if alone else (neurons @ loss.normals.T).argmax(axis=1)]
        bias = np.einsum("nd,nd->n", neurons, vertex)
        slopes = neurons @ (loss.energy_matrix - loss.multiplier(neurons)) + bias[:, None] * vertex
        gradient = 2 * np.einsum("pi,pi->p", slopes[owner], directions)
        size = np.linalg.norm(neurons, axis=1).clip(min=np.finfo(float).tiny)
        residual = float(np.max(np.abs(gradient) / size[owner], initial=0.0))
        energy = float(np.einsum("ni,ij,nj->", neurons, loss.energy_matrix, neurons) + bias @ bias)
        value = energy + loss.value(neurons.T @ neurons)
        return Linearisation(neurons, active, value, vertex, directions, owner, gradient, residual)

    def _newton_move(self, here: Linearisation) -> Array:
        """(n, d) step 3: by how much each neuron is to move."""
        hessian = self.loss.hessian(here.neurons, here.vertex, here.directions, here.owner)
        coordinates = newton_step(here.gradient, hessian)
        move = np.zeros_like(here.neurons)
        np.add.at(move, here.owner, here.directions * coordinates[:, None])
        return move

    def _step(self, here: Linearisation, rigid: Mask) -> tuple[Linearisation, Indices | None]:
        """Steps 3 to 5, and the active samples with those of walls that were in the way from the start, if any were.

        Where rounding hides whether the loss falls the whole step is taken, for the slopes to judge.
        """
        move = self._newton_move(here)
        furthest, sample = self._furthest(here.neurons, here.active, move)
        best, lowest = None, here.loss
        for halving in range(ON_FACES.halvings):
            candidate = here.neurons + np.minimum(0.5**halving, furthest)[:, None] * move
            value = self.loss.of(candidate)
            # A shorter step than one that will do must save more than rounding.
            most = lowest if best is None else lowest * (1 - ON_FACES.rounding)
            if value < most or (halving == 0 and value <= here.loss * (1 + ON_FACES.rounding)):
                best, lowest = (candidate, furthest <= 0.5**halving), min(value, lowest)
            elif best is not None:
                break
        touching = furthest <= ON_FACES.touching
        pressed = _with_sample(here.active, sample, touching) if touching.any() else None
        if pressed is not None and np.array_equal(pressed, here.active):
            pressed = None
        if best is None:
            return here, pressed
        return self._linearised(best[0], _with_sample(here.active, sample, best[1]), rigid), pressed

    def _directions(self, neurons: Array, active: Indices, rigid: Mask) -> tuple[Array, Indices]:
        """Step 1: the bases of all faces in one (N, d), and the neuron (N,) that each vector moves."""
        walls, outside = walls_of(active, self.loss.normals), self.loss.outside(neurons)
        if outside.shape[1]:
            # Those of them that are any come first, and one direction is always left: the neuron's own.
            walls = np.concatenate([outside, walls], axis=1)
            first = np.argsort(~walls.any(axis=2), axis=1, kind="stable")[:, : neurons.shape[1] - 1]
            walls = np.take_along_axis(walls, first[:, :, None], axis=1)
        walls = np.concatenate([walls, np.zeros_like(neurons)[:, None, :]], axis=1)
        basis = np.swapaxes(np.linalg.qr(np.swapaxes(walls, 1, 2))[0], 1, 2)
        used = np.asarray(~walls.any(axis=2))
        used[rigid] = False
        used[rigid, 0] = True
        length = np.linalg.norm(neurons[rigid], axis=1)
        basis[rigid, 0] = neurons[rigid] / np.maximum(length, np.finfo(float).tiny)[:, None]
        owner, place = np.nonzero(used)
        return basis[owner, place], owner

    def _furthest(self, neurons: Array, active: Indices, move: Array) -> tuple[Array, Indices]:
        """(n,) the share of its move after which a neuron meets the wall of another sample, and that sample."""
        index = np.arange(len(neurons))
        values, rates = neurons @ self.loss.normals.T, move @ self.loss.normals.T
        lead = values.argmax(axis=1)
        rates = rates - rates[index, lead][:, None]
        ahead = values[index, lead][:, None] - values
        size = np.linalg.norm(move, axis=1)[:, None] * np.linalg.norm(self.loss.normals, axis=1)
        near = rates > ON_FACES.approaching * size
        row, place = np.nonzero(active >= 0)
        near[row, active[row, place]] = False
        length = np.where(near, ahead / np.where(near, rates, 1.0), np.inf)
        sample = length.argmin(axis=1)
        return length[index, sample], sample

    def _dropped(self, neurons: Array, active: Indices) -> Indices | None:
        """Step 6: the active samples that are left, or None if none is dropped.

        At a stationary point (Y - M) u = h sum_t lambda_t v_t over the active samples, but for what is outside of the
        span of the neuron's group. Where a lambda is negative the loss falls if its sample is no longer active.
        """
        bias = (neurons @ self.loss.normals.T).max(axis=1)
        surplus = neurons @ (self.loss.multiplier(neurons) - self.loss.energy_matrix)
        points = np.where((active >= 0)[:, :, None], self.loss.normals[active], 0.0)
        bias = np.maximum(bias, np.finfo(float).tiny)
        points = np.concatenate([points, self.loss.outside(neurons)], axis=1)
        multipliers = np.einsum("nd,ndk->nk", surplus / bias[:, None], np.linalg.pinv(points))[:, : active.shape[1]]
        least = multipliers.argmin(axis=1)
        negative = multipliers[np.arange(len(active)), least] < ON_FACES.negative_multiplier
        dropping = np.flatnonzero(negative & ((active >= 0).sum(axis=1) > 1))
        if not len(dropping):
            return None
        active = active.copy()
        active[dropping, least[dropping]] = -1
        return _filled_first(active)

    def _rigid(self, neurons: Array, active: Indices) -> Mask:
        """Neurons that keep their direction: off their faces, or on the largest where more could move than may."""
        values = neurons @ self.loss.normals.T
        least = np.where(active >= 0, np.take_along_axis(values, active, axis=1), np.inf).min(axis=1)
        off_face = least < values.max(axis=1) * (1 - ON_FACES.on_face)
        rank = 1 + (active < 0).sum(axis=1)
        order = np.argsort(rank, kind="stable")
        beyond = np.zeros(len(active), dtype=bool)
        most = max(ON_FACES.coordinates, len(active))
        beyond[order] = np.cumsum(rank[order]) + np.arange(len(active))[::-1] > most
        return np.asarray(off_face | beyond)


def walls_of(active: Indices, normals: Array) -> Array:
    """(n, d - 1, d) rows a with a.u = 0 on the face of each neuron's active samples (n, d); zero in unused places."""
    held = active[:, 1:, None] >= 0
    return np.where(held, normals[active[:, 1:]] - normals[active[:, :1]], 0.0)


def _filled_first(active: Indices) -> Indices:
    order = np.argsort(active < 0, axis=1, kind="stable")
    return np.asarray(np.take_along_axis(active, order, axis=1))


def _with_sample(active: Indices, sample: Indices, met: Mask) -> Indices:
    """The active samples with one more where a wall was met; a face of full rank has no room and needs none."""
    count = (active >= 0).sum(axis=1)
    met = met & (count < active.shape[1])
    active = active.copy()
    active[met, count[met]] = sample[met]
    return active
