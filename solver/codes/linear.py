"""Codes: neurons, their weights and energies, and what is proven about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from solver.ambiguity import Ambiguity, ambiguity
from solver.ambiguity.touching_neurons import TOUCHING_NEURONS, facing
from solver.codes.certified import NETWORK_ARRAYS, UNPROVEN, CertifiedCode
from solver.codes.reads import (
    ONE_SOURCE,
    group_shares,
    named,
    own_groups,
    shares,
    strongest_group,
    strongest_part,
)
from solver.generation.pool import leaders, merged
from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.dependent.columns import in_own_columns
from theory.errors import InputError
from theory.geometry.levels import levels
from theory.immutable import derived
from theory.inputs import as_matrix
from theory.neurons import Activity
from theory.problem import Problem
from theory.reductions import IN_ORDER
from theory.reductions.decodable import decodable
from theory.sources import CHUNK_ROWS

SAVED_ARRAYS = ("source_weights", *NETWORK_ARRAYS)
"""Arrays that a file or a JSON object holds of a code: all but those of a recurrent layer."""

RECURRENT_ARRAYS = ("recurrent", "recurrent_bias")  # arrays of a recurrent layer

BEYOND_DIGITS = (
    "rounding keeps its encoder or decoder from what the weights promise; choose units in which the sources, and the "
    "columns of the mixing, are alike, and data near zero"
)
"""Why a code is not called optimal although its loss may be."""


@dataclass(frozen=True)
class MergingTolerances:
    """When a neuron is none, and when two are the same one twice."""

    zero: float = 1e-12  # length in units of equal cost, relative to the longest
    parallel: float = 1e-10  # cosine distance of two that are merged if that is free
    free: float = 1e-11  # relative rise of the loss that is none
    equal: float = 1e-8  # difference of two costs, or weights, relative to the largest, that is none when sorting
    identical: float = 8 * float(np.finfo(float).eps)  # cosine distance of two that are merged in any case: rounding


MERGING = MergingTolerances()


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Code(CertifiedCode):
    """A code of linear neurons: the fields of `solver.Representation`, which can be drawn, printed and saved too."""

    source_weights: Array
    cover: Cover | None = None
    separate: Self | None = None
    recurrent: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    recurrent_bias: Array = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def from_weights(cls, problem: Problem, weights: Array, separate: Self | None = None, **others: Any) -> Self:
        """The code of some source weights (n, d), of which nothing is proven before it is `bounded_by` something.

        Args:
            problem: what it codes.
            weights: (n, d).
            separate: the best code whose neurons read one group each, if there are groups and this is not that code.
            others: the fields that do not follow: multiplier, method, message, tolerance, and, where there are such,
                cover, iterations and seconds.

        Example:
            >>> from solver import Problem, solve
            >>> best = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> twice = np.vstack([best.source_weights, best.source_weights]) / 2**0.5
            >>> proof = {"multiplier": best.multiplier, "tolerance": 1e-8}
            >>> code = Code.from_weights(best.problem, twice, method="my own", message="each neuron twice", **proof)
            >>> len(code), code.bounded_by(best.lower_bound, "bounded").status  # neurons that read alike are one
            (3, 'optimal')
        """
        network = described(problem, canonical_weights(problem, weights), separate)
        effort = {"iterations": 0, "seconds": 0.0}
        return cls(**network, **UNPROVEN, problem=problem, separate=separate, **effort | others)

    # ---- using it ---------------------------------------------------------------------------------------------

    def activity(self, sources: ArrayLike | None = None) -> Array:
        """Activity z (T, n) >= 0 of the neurons on the problem's samples, or on other sources (T, d).

        For a distribution given by its moments the samples are the vertices of its support; of a stream, whose samples
        are not kept, those that may be extreme. Outside the hull of the problem's own sources activity is rectified:
        a neuron does not go below zero.

        Raises:
            InputError: sources with another number of columns.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> samples = answer.problem.sources.points
            >>> bool(np.allclose(answer.activity(), samples @ answer.encoder.T + answer.encoder_bias))
            True
        """
        coded = self.problem.sources
        points = coded.points if sources is None else as_matrix(sources, "sources")
        if points.shape[1] != coded.dimension:
            raise InputError(f"sources: {points.shape[1]} column(s), but the code was made for {coded.dimension}")
        mean_activity = coded.support(self.source_weights)
        result = np.empty((len(points), len(self)))
        for start in range(0, len(points), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            np.matmul(coded.about_mean(points[rows]), self.source_weights.T, out=result[rows])
            result[rows] += mean_activity
        # Rounding leaves active constraints at -1e-17.
        return np.maximum(result, 0.0, out=result)

    @property
    def modular_lower_bound(self) -> float:
        """Proven lower bound on the loss of any modular code (with groups: of any separate code); NaN if unknown."""
        return self.modular_loss if self.separate is None else self.separate.lower_bound

    def mostly_reads(self) -> list[tuple[str | None, float]]:
        """For each neuron the source that it mostly reads, or the group, and the share of all others together.

        Shares are those of absolute weights in units of equal cost; a group weighs the root of its summed squares. No
        source is named where the others have more than a tenth.

        Example:
            >>> from solver import solve
            >>> answer = solve(Problem(np.random.default_rng(0).uniform(size=(10_000, 2))))
            >>> [(name, share < 1e-3) for name, share in answer.mostly_reads()]
            [('s1', True), ('s2', True)]
        """
        groups = self.problem.groups
        read = shares(self.problem, self.source_weights)
        if groups is not None:
            return named(*strongest_group(read, groups), list(groups))
        return named(*strongest_part(read), list(self.problem.sources.names))

    def coded_groups(self) -> list[tuple[str, ...]]:
        """For each neuron the names of the groups it reads; of the sources where there are no groups.

        Example:
            >>> from solver import Problem, solve
            >>> corners = [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
            >>> sorted(solve(Problem(corners, groups={"place": [0, 1], "time": [2]})).coded_groups())
            [('place',), ('place',), ('time',)]
        """
        groups = self.problem.groups
        if groups is None:
            return self.coded_sources()
        share, names = group_shares(self.problem, self.source_weights), np.array(list(groups))
        owners = own_groups(self.problem, self.source_weights).tolist()
        return [
            tuple(names[row > ONE_SOURCE].tolist()) if owner < 0 else (str(names[owner]),)
            for row, owner in zip(share, owners, strict=True)
        ]

    def coded_sources(self) -> list[tuple[str, ...]]:
        """For each neuron the names of the sources it reads.

        Example:
            >>> from solver import Problem, solve
            >>> solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).coded_sources()
            [('s1',), ('s2',)]
        """
        share = shares(self.problem, self.source_weights)
        return [tuple(np.array(self.problem.sources.names)[row > ONE_SOURCE].tolist()) for row in share]

    def ambiguity(self, *, quick: bool = False) -> Ambiguity:
        """Whether the neurons are the only optimal ones, how few are enough, and which are in every optimal code.

        Args:
            quick: whether to leave it open where the answer takes seconds, as summaries do.

        Source: docs/mathematics.md, "Uniqueness".

        Example:
            >>> from solver import Problem, solve
            >>> ambiguity = solve(Problem([[0, 0], [0, 1], [1, 0]])).ambiguity()
            >>> ambiguity.unique, ambiguity.fewest
            (True, 3)
        """
        return self._quick_ambiguity if quick else self._ambiguity

    @derived
    def _ambiguity(self) -> Ambiguity:
        return ambiguity(self.problem, self.source_weights, proven=self.status == "optimal")

    @derived
    def _quick_ambiguity(self) -> Ambiguity:
        return ambiguity(self.problem, self.source_weights, proven=self.status == "optimal", quick=True)

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain numbers, strings and lists, with the source names: what `--json` prints.

        Example:
            >>> from solver import Problem, solve
            >>> plain = solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).to_dict()
            >>> plain["status"], plain["sources"], len(plain["source_weights"])
            ('optimal', ['s1', 's2'], 2)
        """
        plain = self._plain((*SAVED_ARRAYS, *(RECURRENT_ARRAYS if len(self.recurrent) else ())))
        sources = plain["sources"]
        if self.problem.groups is not None:
            groups = self.problem.groups
            plain["groups"] = {name: [sources[index] for index in members] for name, members in groups.items()}
            plain["coded_groups"] = [list(names) for names in self.coded_groups()]
        return plain if self.separate is None else plain | {"separate": self.separate.to_dict()}


def described(problem: Problem, weights: Array, separate: Code | None = None) -> dict[str, Any]:
    """All of a `Code` that follows from its problem, its source weights (n, d) and the best separate code, by field."""
    if IN_ORDER.accepts(problem):
        ordered = described(problem.in_order, IN_ORDER.weights(problem, weights), separate)
        return IN_ORDER.arrays_back(problem, ordered)
    mean = problem.sources.mean
    bias = problem.sources.support(weights)
    encoder = weights @ problem.pseudoinverse
    # Once more on what is left: data far from zero are multiplied by what a nearly singular mixing leaves.
    encoder = encoder + (weights - encoder @ problem.mixing) @ problem.pseudoinverse
    decoder = problem.readout.decoder(weights)
    terms = problem.terms(Activity.of(problem.sources, weights, bias), encoder)
    energies = {name: float(costs.sum()) for name, costs in terms.items()}
    energies |= problem.readout.costs_of(decoder, weights)
    layer: dict[str, Array] = {}
    if problem.recurrence is not None:
        recurrent = problem.recurrence.weights(weights)
        layer = {"recurrent": recurrent, "recurrent_bias": problem.recurrence.biases(weights, bias, recurrent)}
        energies["recurrent"] = float(problem.recurrent_cost * (recurrent**2).sum())
    # Errors are least where their mean is zero, under the weights with which they count.
    errors = problem.readout.errors
    centre = mean if errors is None else errors.mean
    loss = sum(energies.values())
    return {
        "loss": loss,
        **_modularity(problem, weights, loss, separate),
        "source_weights": weights,
        "encoder": encoder,
        "encoder_bias": bias - read_at_mean(problem, weights, encoder),
        "decoder": decoder,
        "decoder_bias": problem.readout.targets @ centre - decoder @ (bias + weights @ (centre - mean)),
        "energies": energies,
        "neuron_costs": problem.neuron_cost(weights),
        **layer,
    }


def read_at_mean(problem: Problem, weights: Array, encoder: Array) -> Array:
    """(n,) what neurons read of the mean data; of dependent sources the encoder's weights on them are others.

    Args:
        problem: what is coded.
        weights: (n, d) source weights.
        encoder: (n, dx) that makes these neurons.
    """
    return np.asarray((encoder @ problem.mixing if problem.dependent else weights) @ problem.sources.mean)


def _modularity(problem: Problem, weights: Array, loss: float, separate: Code | None) -> dict[str, Any]:
    """Fields on modularity: undefined where sources are coordinates without a meaning of their own."""
    if not problem.sources.identified:
        return {"modular": None, "modular_loss": float("nan")}
    modular_loss = loss if problem.separate else problem.modular_loss if separate is None else separate.loss
    return {
        "modular": bool((own_groups(problem, weights) >= 0).all()),
        "modular_loss": modular_loss,
    }


def canonical_weights(problem: Problem, weights: Array) -> Array:
    """A code in canonical form: no zero and no duplicate neurons, sorted by cost.

    Neurons along one line are merged into the side that costs less.

    Args:
        problem: what sets the costs.
        weights: (n, d) source weights.
    """
    if IN_ORDER.accepts(problem):
        ordered = canonical_weights(problem.in_order, IN_ORDER.weights(problem, weights))
        return IN_ORDER.arrays_back(problem, {"source_weights": ordered})["source_weights"]
    hull = problem.hull
    if hull is not None:
        functions = canonical_weights(problem.on_hull, hull.functions(weights))
        return in_own_columns(problem, functions)
    scaled = weights * np.sqrt(problem.modular_costs)
    length = np.linalg.norm(scaled, axis=1)
    if not length.any():
        return np.empty((0, problem.dimension))
    kept = length > MERGING.zero * length.max()
    if problem.readout.least_neurons == problem.dimension:
        # The only neuron of a source of tiny scale costs almost nothing, and is needed.
        kept |= (np.abs(weights) > MERGING.zero * np.abs(weights).max(axis=0)).any(axis=1)
    lines = _lines(problem, weights[kept], MERGING.parallel)
    if len(lines) < kept.sum() and _cost_more(problem, lines, weights):
        lines = _lines(problem, weights[kept], MERGING.identical)
    result = decodable(problem, lines)
    # What differs by rounding is equal, so that rounding does not reorder neurons that tie.
    cost = problem.neuron_cost(result)
    relative = result * np.sqrt(problem.modular_costs) / length.max(initial=1.0)
    keys = levels(np.column_stack([cost / cost.max(), relative]), MERGING.equal)
    order = np.lexsort(-keys.T[::-1])
    # In one order in memory, on which the last digits of sums depend.
    code = np.ascontiguousarray(result[order])
    # Neurons that were merged may be parallel to others: the form of a canonical code is the code itself.
    return code if len(code) == len(weights) else canonical_weights(problem, code)


def _cost_more(problem: Problem, lines: Array, weights: Array) -> bool:
    """Whether the first code costs more than the second, as whitened coordinates tell to more digits."""
    try:
        inside, neurons = problem.whitened, problem.whitening.neurons
        return inside.loss(neurons(lines)) > inside.loss(neurons(weights)) * (1 + MERGING.free)
    except FloatingPointError:
        return False  # units beyond the numbers of floating point


def _lines(problem: Problem, weights: Array, apart: float) -> Array:
    """(k, d) neurons (n, d) with those of a cosine distance up to `apart` made one, on the side that costs less.

    Seen in whitened coordinates: in others those that read strongly correlated sources all look alike. The longest
    names the direction, since the others may be rounding.
    """
    scaled = problem.whitening.neurons(weights)
    kept, factor = merged(scaled, leaders(scaled, np.linalg.norm(scaled, axis=1), apart, either_way=True))
    lines = weights[kept] * factor[:, None]
    # Both sides of all of them at once: each look at the samples takes as long as there are many.
    one, other = problem.neuron_cost(np.concatenate([lines, -lines])).reshape(2, -1)
    lines = np.where((other < one * (1 - TOUCHING_NEURONS.tied))[:, None], -lines, lines)
    tied = np.abs(other - one) <= TOUCHING_NEURONS.tied * one
    return np.where(tied[:, None], facing(problem, lines), lines) if tied.any() else lines
