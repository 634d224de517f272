"""Nonlinear neurons: known by their activity on the samples (docs/mathematics.md, "Nonlinear neurons").

    kind         activity                          cost
    rectified    max(0, w.s + b), b of any sign    activity_cost E z^2 + encoder_cost w'(A'A)^-1 w
    free         any z >= 0                        activity_cost E z^2

Nothing of a linear neuron's form f(w) = |R w|^2 + h(w)^2 holds: what asks for it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from theory.arrays import Array
from theory.errors import InputError
from theory.neurons.kind import Activity, Neurons
from theory.sources import Sources


def rectified(points: Array, weights: Array, bias: Array) -> Array:
    """(T, n) max(0, w.s + b) of neurons with weights (n, d) and biases (n,) on points (T, d).

    Example:
        >>> rectified(np.array([[-1.0], [2.0]]), np.array([[1.0]]), np.array([0.5])).tolist()
        [[0.0], [2.5]]
    """
    return np.asarray(np.maximum(0.0, points @ weights.T + bias))


def require_costly_activity(probabilities: Array, error_weights: Array, place: str = "sample") -> None:
    """Refuse places where activity costs nothing although errors count: no best code need exist.

    Probabilities and weights of errors, (L,) each, are of samples, or of levels of them.

    Raises:
        InputError: which of them has probability 0.

    Example:
        >>> require_costly_activity(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        >>> require_costly_activity(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
        Traceback (most recent call last):
        theory.errors.InputError: probabilities: sample 0 has probability 0 but its error counts, so ...
    """
    unpaid = np.flatnonzero((probabilities <= 0) & (error_weights > 0))
    if len(unpaid):
        raise InputError(
            f"probabilities: {place} {unpaid[0]} has probability 0 but its error counts, so that activity there costs "
            "nothing and no code is best; give it a probability, or its error the weight 0"
        )


@dataclass(frozen=True, eq=False)
class Nonlinear(Neurons):
    """Neurons whose activity is no linear function of the sources."""

    linear: ClassVar[bool] = False

    def require_fitting(self, problem: Any) -> None:
        """Refuse a problem that makes no sense with these neurons.

        Raises:
            InputError: transitions; a cost of the bias; sources without samples.
        """
        if problem.transitions is not None:
            raise InputError(
                f"transitions: no recurrent layer that carries {self.name} neurons along is known; leave out the "
                "transitions, or take linear neurons"
            )
        if problem.separate:
            raise InputError(
                f"separate: {self.name} neurons that each read one group are found beside the others, and compared "
                "with them; leave it out"
            )
        if problem.bias_cost:
            raise InputError(
                f"bias_cost: the bias of linear neurons is their mean activity, that of {self.name} ones is not; leave "
                "it out, or give the activity a higher cost"
            )
        if not problem.sources.from_samples or problem.sources.stream is not None:
            raise InputError(
                f"sources: known by {problem.sources.known_by} alone, and the activity of {self.name} neurons is known "
                "on samples only; give samples"
            )

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`: "activity" and, where it has a cost, "encoder"."""
        paid = {"activity": problem.activity_cost * activity.second_moments}
        return paid | {"encoder": problem.encoder_cost * (encoder**2).sum(axis=1)}

    def energy_root(self, problem: Any) -> NoReturn:
        """See `Neurons`: there is none."""
        raise self._refusal()

    def energy_matrix(self, problem: Any) -> NoReturn:
        """See `Neurons`: there is none."""
        raise self._refusal()

    def height_sources(self, problem: Any) -> Sources:
        """See `Neurons`: there are none."""
        raise self._refusal()

    def _refusal(self) -> InputError:
        return InputError(
            f"problem: this is known for linear neurons only, and its neurons are {self.name}; `solve` and `certify` "
            "take them, or pose it with activation='linear'"
        )


@dataclass(frozen=True, eq=False)
class Rectified(Nonlinear):
    """Neurons z = max(0, w.s + b), the field's networks.

    Source: docs/mathematics.md, "Nonlinear neurons".

    Example:
        >>> from theory.problem import Problem
        >>> Problem([[-1, -1], [-1, 1], [1, -1]], activation="rectified").neurons.name
        'rectified'
    """

    name: ClassVar[str] = "rectified"

    def require_fitting(self, problem: Any) -> None:
        """See `Nonlinear`.

        Raises:
            InputError: errors that count at samples that never occur, where activity costs nothing if encoder weights
                do not.
        """
        super().require_fitting(problem)
        if not problem.encoder_cost:
            require_costly_activity(problem.sources.sample_probabilities, problem.sample_readout.error_weights)


@dataclass(frozen=True, eq=False)
class Free(Nonlinear):
    """Neurons of any nonnegative activity, as an encoder of any kind could give: the floor of every network.

    Source: docs/mathematics.md, "Nonlinear neurons"; Convex Efficient Coding (ICLR 2026).

    Example:
        >>> from theory.problem import Problem
        >>> Problem([[-1, -1], [-1, 1], [1, -1]], activation="free").neurons.name
        'free'
    """

    name: ClassVar[str] = "free"

    def require_fitting(self, problem: Any) -> None:
        """See `Nonlinear`.

        Raises:
            InputError: a cost of encoder weights, of which there are none; errors that count at samples that never
                occur, where activity costs nothing.
        """
        super().require_fitting(problem)
        if problem.encoder_cost not in (0.0, 1.0):
            raise InputError(
                f"encoder_cost: free neurons have no encoder weights, and none can cost {problem.encoder_cost:g}; "
                "leave it out"
            )
        require_costly_activity(problem.sources.sample_probabilities, problem.sample_readout.error_weights)

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`: "activity" alone."""
        return {"activity": problem.activity_cost * activity.second_moments}
