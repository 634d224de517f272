"""Codes of rectified and free neurons: network, energies, and what is proven about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver.ambiguity import Ambiguity, undecided
from solver.certificate.nonlinear import measured
from solver.codes import certified
from solver.codes.certified import CertifiedCode
from solver.codes.reads import named, strongest_group
from theory.arrays import Array
from theory.conditions.practically import excess
from theory.dependent.columns import in_own_columns, own_family
from theory.errors import InputError
from theory.groups import groups_of, parts_of
from theory.inputs import as_matrix
from theory.neurons.nonlinear import rectified
from theory.problem import Problem

NONLINEAR_ARRAYS = ("sample_activity", *certified.NETWORK_ARRAYS)
NONLINEAR_NUMBERS = (*certified.SAVED_NUMBERS, "modular_lower_bound", "linear_loss")


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class NonlinearCode(CertifiedCode):
    """The fields of `solver.nonlinear.NonlinearRepresentation`, which can be drawn, printed and saved too."""

    sample_activity: Array
    modular_lower_bound: float
    linear_loss: float

    @property
    def price_of_linearity(self) -> float:
        """How much more the best linear code costs than this one; NaN where there is no linear code."""
        return excess(self.linear_loss, self.loss) if np.isfinite(self.linear_loss) else float("nan")

    def activity(self, sources: ArrayLike | None = None) -> Array:
        """Activity z (T, n) >= 0 of the neurons on the problem's samples, or on other sources (T, d).

        Free neurons have no encoder. On other sources they do what costs least there: the activity that minimises its
        own cost and that of the errors, with the decoder as it is.

        Raises:
            InputError: sources with another number of columns; sources that free neurons cannot decode exactly.

        Example:
            >>> from solver import Problem, solve
            >>> from theory.readouts import Soft
            >>> answer = solve(Problem([[-1], [0], [1]], activation="free", readout=Soft(100)))
            >>> bool(np.allclose(answer.activity([[0], [1]]), answer.activity()[1:], atol=1e-6))
            True
        """
        if sources is None:
            return self.sample_activity
        coded, points = self.problem.sources, as_matrix(sources, "sources")
        if points.shape[1] != coded.dimension:
            raise InputError(f"sources: {points.shape[1]} column(s), but the code was made for {coded.dimension}")
        if self.encoder.shape[1]:
            return rectified(points, self.encoder @ self.problem.mixing, self.encoder_bias)
        return _least_activity(self.decoder, points @ self.problem.readout.targets.T - self.decoder_bias, self.problem)

    def coded_groups(self) -> list[tuple[str, ...]]:
        """For each neuron the names of the groups it reads; of the sources where there are no groups.

        A free neuron reads one source where its activity is a function of that source's value on the samples.
        """
        names = list(groups_of(self.problem))
        reads = _reads(self.problem, self.sample_activity, self.encoder)
        return [tuple(names[index] for index in np.flatnonzero(row)) for row in reads]

    def mostly_reads(self) -> list[tuple[str | None, float]]:
        """For each neuron the source that it mostly reads, or the group, and the share of all others together.

        Of rectified neurons shares are those of weights, in standard deviations; a group weighs the root of its summed
        squares. Of a free neuron it is the share of the variance that is no function of the one source. None is named
        where the others have more than a tenth.

        Example:
            >>> from solver import Problem, solve
            >>> from theory.readouts import Soft
            >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> sorted(solve(Problem(square, activation="rectified", readout=Soft(100))).mostly_reads())
            [('s1', 0.0), ('s2', 0.0)]
        """
        groups = groups_of(self.problem)
        if not self.encoder.shape[1]:
            other = np.column_stack([_unexplained(self.problem, self.sample_activity, own) for own in groups.values()])
            return named(other.argmin(axis=1), other.min(axis=1), list(groups))
        deviation = np.sqrt(np.diag(self.problem.sources.covariance))
        weights = _weights(self.problem, self.encoder) * deviation
        return named(*strongest_group(np.abs(weights), groups), list(groups))

    def ambiguity(self, *, quick: bool = False) -> Ambiguity:
        """Whether other neurons would do as well: left open, since their pricing is not exact.

        Args:
            quick: changes nothing here.

        Source: docs/mathematics.md, "Uniqueness".

        Example:
            >>> from solver import Problem, solve
            >>> from theory.readouts import Soft
            >>> solve(Problem([[-1], [0], [1]], activation="rectified", readout=Soft(100))).ambiguity().unique is None
            True
        """
        del quick
        return undecided(self.problem, len(self), "which nonlinear neurons touch is not computed")

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain numbers, strings and lists: what `--json` prints."""
        plain = self._plain((*NONLINEAR_ARRAYS, "modular_lower_bound", "linear_loss", "price_of_linearity"))
        plain["activation"] = self.problem.neurons.name
        return plain | {"coded_groups": [list(names) for names in self.coded_groups()]}

    def columns(self) -> dict[str, list[Any]]:
        """One row per neuron, by column: what it reads and mostly reads, what it costs, its activity, its weights."""
        mostly = self.mostly_reads()
        columns: dict[str, list[Any]] = {
            "reads": [" ".join(names) for names in self.coded_groups()],
            "mostly_reads": [name or "" for name, _ in mostly],
            "share_of_others": [share for _, share in mostly],
            "cost": self.neuron_costs.tolist(),
            "mean_activity": (self.problem.sample_readout.error_weights @ self.sample_activity).tolist(),
        }
        if self.encoder.shape[1]:
            columns["encoder_bias"] = self.encoder_bias.tolist()
            columns |= {f"encoder {number}": row.tolist() for number, row in enumerate(self.encoder.T, 1)}
        return columns | {f"decoder {number}": row.tolist() for number, row in enumerate(self.decoder, 1)}


def described(problem: Problem, activity: Array, encoder: Array, encoder_bias: Array) -> dict[str, Any]:
    """All of a code that follows from its problem and its network, by field.

    Args:
        problem: what is coded.
        activity: (T, n) on the samples.
        encoder: (n, dx), or (n, 0) for free neurons.
        encoder_bias: (n,).
    """
    readout = problem.sample_readout
    decoder = readout.decoder(activity).T
    errors = problem.readout.errors
    centre = problem.sources.mean if errors is None else errors.mean
    paid = measured(problem, activity, encoder, decoder)
    identified = problem.sources.identified
    return {
        "loss": paid.loss if paid.feasible else float("inf"),
        "sample_activity": activity,
        "encoder": encoder,
        "encoder_bias": encoder_bias,
        "decoder": decoder,
        "decoder_bias": problem.readout.targets @ centre - decoder @ (readout.error_weights @ activity),
        "energies": paid.energies,
        "neuron_costs": _costs(problem, activity, encoder),
        "modular": bool((_reads(problem, activity, encoder).sum(axis=1) == 1).all()) if identified else None,
    }


def sorted_network(
    problem: Problem, activity: Array, encoder: Array, encoder_bias: Array
) -> tuple[Array, Array, Array]:
    """The network with its neurons by decreasing cost, without those that cost nothing."""
    costs = _costs(problem, activity, encoder)
    # Rounded, so that rounding does not reorder neurons that tie.
    order = np.argsort(-np.round(costs / costs.max(initial=1e-300), 9), kind="stable")
    order = order[costs[order] > 0]
    return activity[:, order], encoder[order], encoder_bias[order]


def _costs(problem: Problem, activity: Array, encoder: Array) -> Array:
    """(n,) activity and encoder energy of each neuron."""
    sources = problem.sources
    share = sources.sample_probabilities
    paid = problem.activity_cost * (share @ activity**2)
    return np.asarray(paid + problem.encoder_cost * (encoder**2).sum(axis=1) if encoder.shape[1] else paid)


def _reads(problem: Problem, activity: Array, encoder: Array) -> Array:
    """(n, parts) whether each neuron reads each group, or each source where there are no groups."""
    groups = groups_of(problem)
    if encoder.shape[1]:
        deviation = np.sqrt(np.diag(problem.sources.covariance))
        sizes = parts_of(_weights(problem, encoder) * deviation, groups)
        reads = np.asarray(sizes > 1e-6 * sizes.max(axis=1, keepdims=True))
        if problem.hull is not None:
            owner = own_family(problem, problem.hull.functions(encoder @ problem.mixing))
            reads[owner >= 0] = np.eye(len(groups), dtype=bool)[owner[owner >= 0]]
        return reads
    alone = np.column_stack([_is_function_of(problem, activity, list(members)) for members in groups.values()])
    first = np.zeros(alone.shape, dtype=bool)
    first[np.arange(len(alone)), alone.argmax(axis=1)] = True
    several = ~np.any(alone, axis=1, keepdims=True)
    return np.asarray(np.logical_or(first, several))


def _weights(problem: Problem, encoder: Array) -> Array:
    """(n, d) what rectified neurons read of the sources; of dependent ones on few of them."""
    weights = encoder @ problem.mixing
    return weights if problem.hull is None else in_own_columns(problem, problem.hull.functions(weights))


def _is_function_of(problem: Problem, activity: Array, members: list[int]) -> Array:
    """(n,) whether activity is the same wherever these sources are."""
    level = _levels(problem, members)
    mean = np.zeros((int(level.max()) + 1, activity.shape[1]))
    np.add.at(mean, level, activity)
    mean /= np.bincount(level)[:, None]
    spread = np.abs(activity - mean[level]).max(axis=0)
    return np.asarray(spread <= 1e-6 * np.abs(activity).max(axis=0))


def _unexplained(problem: Problem, activity: Array, members: Sequence[int]) -> Array:
    """(n,) share of the variance of activity that is left where these sources are the same."""
    level, share = _levels(problem, list(members)), problem.sources.sample_probabilities
    weight = np.bincount(level, share)[:, None]
    mean = np.zeros((len(weight), activity.shape[1]))
    np.add.at(mean, level, share[:, None] * activity)
    mean = np.divide(mean, weight, out=np.zeros_like(mean), where=weight > 0)
    variance = share @ (activity - share @ activity) ** 2
    left = share @ (activity - mean[level]) ** 2
    return np.divide(left, variance, out=np.zeros_like(left), where=variance > 0)


def _levels(problem: Problem, members: list[int]) -> NDArray[np.intp]:
    """(T,) number of the value that these sources have together."""
    _, level = np.unique(problem.sources.points[:, members], axis=0, return_inverse=True)
    return np.ravel(level)


def _least_activity(decoder: Array, targets: Array, problem: Problem) -> Array:
    """(T, n) z >= 0 that minimises activity_cost |z|^2 + error_cost |y - V z|^2, sample by sample."""
    from scipy.optimize import nnls

    result = np.zeros((len(targets), decoder.shape[1]))
    if not decoder.shape[1]:
        return result
    errors = problem.readout.errors
    weight = 1e3 if errors is None else (errors.cost / problem.activity_cost) ** 0.5
    system = np.vstack([weight * decoder, np.eye(decoder.shape[1])])
    rest = np.zeros(decoder.shape[1])
    for row, target in enumerate(targets):  # an active set for each, of as many rows as there are targets
        result[row], _ = nnls(system, np.concatenate([weight * target, rest]))
        if errors is None:
            # What is active decodes exactly, with the least activity.
            active = result[row] > 0
            result[row, active] = np.linalg.lstsq(decoder[:, active], target, rcond=None)[0]
            missed, rounding = np.abs(decoder @ result[row] - target).max(), 1e-9
            if missed > rounding * np.abs(target).max(initial=1e-300) or result[row].min() < -rounding:
                raise InputError(f"sources: row {row} cannot be decoded exactly by these neurons; give another")
    return np.maximum(result, 0.0)
