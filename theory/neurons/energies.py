"""Linear nonnegative neurons that pay for something else of degree two (docs/mathematics.md, "Kinds of neurons").

    PeakActivity         activity_cost max_t z_t^2 + encoder_cost |W_in|^2
    WeightedActivity(q)  activity_cost sum_t q_t z_t^2 + encoder_cost |W_in|^2
    Wiring(D)            activity_cost E z^2 + bias_cost b^2 + encoder_cost w'D w

The squared mean activity needs no kind of its own: it is `activity_cost=0` with `bias_cost=1`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from theory.arrays import Array, Indices
from theory.errors import InputError
from theory.immutable import locked
from theory.inputs import as_matrix, checked_probabilities
from theory.neurons.kind import Activity, Neurons
from theory.neurons.linear import Linear
from theory.sources import Sources


@dataclass(frozen=True, eq=False)
class PeakActivity(Neurons):
    """A neuron pays for the square of its largest activity on any sample.

    The least bias makes the smallest activity zero, so that the largest is the support function of all differences of
    two samples. Neither probabilities nor correlations play a part.

    Source: docs/mathematics.md, "Kinds of neurons".

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]], neurons=PeakActivity())
        >>> problem.neuron_cost([[1.0, 0.0]]).round(12).tolist()  # the range, squared, and a weight
        [5.0]
    """

    name: ClassVar[str] = "peak"

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`: "activity", "encoder"."""
        return {"activity": problem.activity_cost * activity.peaks**2, "encoder": _encoder_cost(problem, encoder)}

    def energy_root(self, problem: Any) -> Array:
        """See `Neurons`."""
        return np.asarray(problem.encoder_cost**0.5 * problem.pseudoinverse.T)

    def height_sources(self, problem: Any) -> Sources:
        """See `Neurons`: the differences of any two vertices.

        Raises:
            InputError: a cost of the bias, or no cost of the encoder.
        """
        _require_no_bias_cost(self, problem)
        if not problem.encoder_cost > 0:
            raise InputError(
                "encoder_cost: neurons that pay for their peak need a cost of the encoder too; give a positive one"
            )
        corners = problem.activity_cost**0.5 * problem.sources.vertices
        apart = (corners[:, None] - corners).reshape(-1, problem.dimension)
        return _on_points(problem, apart)


@dataclass(frozen=True, eq=False)
class WeightedActivity(Neurons):
    """A neuron pays for its mean squared activity in one context: samples count there with weights of its own.

    It must stay nonnegative on all samples, those of weight zero too.

    Attributes:
        probabilities: (T,) nonnegative weights of the samples in this context, made to sum to one. Their mean must not
            lie on the edge of the hull of the samples.

    Raises:
        InputError: weights that are none.

    Source: docs/mathematics.md, "Kinds of neurons".

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]], neurons=WeightedActivity([1, 1, 3, 3]))
        >>> problem.neuron_cost([[1.0, 0.0], [-1.0, 0.0]]).round(12).tolist()  # 4 with 3/4 or 1/4, and a weight
        [4.0, 2.0]
    """

    name: ClassVar[str] = "weighted"

    probabilities: Array

    def __post_init__(self) -> None:
        values = as_matrix(self.probabilities, "probabilities")
        object.__setattr__(self, "probabilities", locked(np.asarray(checked_probabilities(values, len(values)))))

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`: "activity" in this context, "encoder"."""
        sources_read = encoder @ problem.mixing
        moved, root = self._moments(problem)
        squared = ((sources_read @ root.T) ** 2).sum(axis=1) + (activity.means + sources_read @ moved) ** 2
        return {"activity": problem.activity_cost * squared, "encoder": _encoder_cost(problem, encoder)}

    def energy_root(self, problem: Any) -> Array:
        """See `Neurons`."""
        root = self._moments(problem)[1]
        return np.vstack([problem.activity_cost**0.5 * root, problem.encoder_cost**0.5 * problem.pseudoinverse.T])

    def height_sources(self, problem: Any) -> Sources:
        """See `Neurons`: the samples about their mean in this context.

        Raises:
            InputError: a cost of the bias.
        """
        _require_no_bias_cost(self, problem)
        moved = self._moments(problem)[0]
        try:
            return _on_points(problem, problem.activity_cost**0.5 * (problem.sources.vertices - moved))
        except InputError:
            raise InputError(
                "probabilities: their mean lies on the edge of the hull of the samples, where some neurons are silent; "
                "give more samples some weight"
            ) from None

    def of_samples(self, rows: Indices, times: Array | Indices | None = None) -> Neurons:
        """See `Neurons`.

        Raises:
            InputError: samples of which none counts in this context.
        """
        return WeightedActivity(self.probabilities[rows] * (1 if times is None else times))

    def _moments(self, problem: Any) -> tuple[Array, Array]:
        """(d,) the mean in this context about the mean, and (T, d) a root of the covariance."""
        sources = problem.sources
        if not sources.from_samples or len(self.probabilities) != len(sources.points):
            known = f"{len(sources.points)} samples" if sources.from_samples else f"sources known by {sources.known_by}"
            raise InputError(
                f"probabilities: {len(self.probabilities)} weight(s) of activity do not fit {known}; "
                "give one for each sample"
            )
        rows = sources.about_mean(sources.points)
        mean = self.probabilities @ rows
        return mean, np.sqrt(self.probabilities)[:, None] * (rows - mean)


@dataclass(frozen=True, eq=False)
class Wiring(Linear):
    """A neuron pays encoder_cost w'D w for its weights w on the sources, as if some connections were longer.

    Of costs e'E e of weights e on the data, the cheapest weights that read w cost w'D w with D = (A' E^-1 A)^-1.

    Attributes:
        costs: (d, d) D, symmetric and positive definite.

    Raises:
        InputError: a matrix that is not.

    Source: docs/mathematics.md, "Kinds of neurons".

    Example:
        >>> from theory.problem import Problem
        >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
        >>> Problem(square, neurons=Wiring([[3, 0], [0, 1]])).neuron_cost([[1.0, 0.0]]).round(12).tolist()
        [5.0]
    """

    name: ClassVar[str] = "wiring"

    costs: Array

    def __post_init__(self) -> None:
        costs = as_matrix(self.costs, "costs")
        if costs.shape[0] != costs.shape[1]:
            raise InputError(f"costs: shape {costs.shape} is not square; give one row and column per source")
        scale = np.sqrt(np.abs(np.diag(costs)))
        if not (scale > 0).all() or np.abs(costs - costs.T).max() > 1e-12 * np.abs(costs).max():
            raise InputError("costs: not symmetric with a positive diagonal; give a positive definite matrix")
        least = float(np.linalg.eigvalsh(costs / np.outer(scale, scale))[0])
        if not least > 1e-12:
            raise InputError(f"costs: not positive definite (least eigenvalue {least:.3g} in units of the diagonal)")
        object.__setattr__(self, "costs", locked((costs + costs.T) / 2))

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`: as `Linear`, with "encoder" for the connections."""
        weights = encoder @ problem.mixing
        # A sum of squares keeps its digits, whatever the units of the sources.
        paid = ((weights @ np.linalg.cholesky(self._fitting(problem))) ** 2).sum(axis=1)
        return super().terms(problem, activity, encoder) | {"encoder": problem.encoder_cost * paid}

    def energy_root(self, problem: Any) -> Array:
        """See `Neurons`."""
        root = problem.activity_cost**0.5 * problem.sources.covariance_root
        return np.vstack([root, problem.encoder_cost**0.5 * np.linalg.cholesky(self._fitting(problem)).T])

    def energy_matrix(self, problem: Any) -> Array:
        """See `Neurons`."""
        connections = problem.encoder_cost * self._fitting(problem)
        return np.asarray(problem.activity_cost * problem.sources.covariance + connections)

    def is_canonical(self, problem: Any) -> bool:
        """See `Neurons`."""
        return False

    def of_columns(self, columns: list[int]) -> Wiring:
        """See `Neurons`."""
        return Wiring(self.costs[np.ix_(columns, columns)])

    def on_hull(self, basis: Array) -> Neurons:
        """See `Neurons`.

        Raises:
            InputError: always; a neuron has no weight of its own on each of several dependent sources.
        """
        raise InputError(
            f"costs: {len(basis)} sources of which some are told by others leave open what a neuron's weight on each "
            "is, and so what its wiring costs; remove the sources that others tell"
        )

    def coupling(self, problem: Any) -> Array | None:
        """See `Neurons`."""
        return self._fitting(problem) if problem.encoder_cost else None

    def _fitting(self, problem: Any) -> Array:
        if len(self.costs) != problem.dimension:
            raise InputError(
                f"costs: {len(self.costs)} row(s) do not fit {problem.dimension} source(s); give one per source"
            )
        return self.costs


ENERGIES: dict[str, type[Neurons]] = {kind.name: kind for kind in (PeakActivity, WeightedActivity, Wiring)}
"""The kinds of this file by name."""


def _encoder_cost(problem: Any, encoder: Array) -> Array:
    return np.asarray(problem.encoder_cost * (encoder**2).sum(axis=1))


def _require_no_bias_cost(kind: Neurons, problem: Any) -> None:
    if problem.bias_cost:
        raise InputError(
            f"bias_cost: {type(kind).__name__} counts no bias beside the activity; leave it out, or use linear neurons"
        )


def _on_points(problem: Any, points: Array) -> Sources:
    """Sources that neurons are nonnegative on, under the names and moments of the problem's own."""
    sources: Sources = problem.sources.on_points(points)
    return sources
