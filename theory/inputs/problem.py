"""What of a problem's arguments is refused, each by one line that names it, the place and the remedy.

1. Each argument by itself (`checked_...`): costs, mixing, kind of neuron, transitions.
2. All of them together (`require_solvable`): units and costs within the numbers of floating point, an energy that is
   positive definite in them, a kind of neuron that pays what its form says, a recurrent layer that can update all that
   is coded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array, ArrayLike
from theory.dynamics import Transitions, as_stack
from theory.errors import InputError
from theory.immutable import locked
from theory.inputs import LARGEST, SMALLEST, as_matrix, as_number
from theory.neurons import ACTIVATIONS, Activity, Canonical, Linear, Neurons, Nonlinear
from theory.readouts import READOUTS, Exact, Reads
from theory.sources import EXACT_DIMENSION, SOURCES, Sources


@dataclass(frozen=True)
class ProblemLimits:
    """Where the digits of floating point end for a problem."""

    rank: float = 1e-10  # least singular value of a mixing of full rank, its columns of unit length
    # Least singular value of the root of M, in units in which every source has variance one. The root is good to about
    # 1e-16 of that unit, so that no neuron's cost is off by more than 1e-9 of itself: less than the gap of an optimum.
    definite: float = 1e-7
    surely_definite: float = (
        1e-9  # least eigenvalue of M in these units, as a share of the largest, that rounding leaves
    )
    form: float = 1e-6  # relative difference up to which the terms of a kind of neuron agree with its form
    # Cost of the variance of the sources, in units of a modular code's loss, up to which errors are told from
    # rounding: one of the last digit costs 1e-14 of the loss.
    largest_error_cost: float = 1e18
    far_apart: float = 1e6  # ratio of the sizes of two sources from which on their units may exhaust the digits


LIMITS = ProblemLimits()

NO_BEST_SIZE = "without a cost of the decoder ever weaker neurons cost ever less, and none is best"


@contextmanager
def within_digits(problem: Any) -> Iterator[None]:
    """Within it, a division or an overflow without a number says which units of the problem exhaust the digits.

    Raises:
        InputError: sources whose sizes lie too far apart for floating point.
    """
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            yield
    except (np.linalg.LinAlgError, FloatingPointError) as error:
        deviation = np.sqrt(np.diag(problem.sources.covariance))
        sizes = [deviation, np.linalg.norm(problem.mixing, axis=0), np.sqrt(problem.modular_costs)]
        if max(size.max() / size.min() for size in sizes) < LIMITS.far_apart:
            raise
        raise InputError(
            f"sources: their sizes, or those of the mixing's columns, lie too far apart for floating point ({error}); "
            "choose units in which they are alike"
        ) from None


def checked_sources(sources: ArrayLike | Sources, probabilities: ArrayLike | None) -> Sources:
    """Sources, from samples (T, d) and their weights (T,) too.

    Raises:
        InputError: weights of sources that have their own; what `Sources` refuses.
    """
    if not isinstance(sources, Sources):
        return Sources(sources, probabilities)
    if probabilities is not None:
        raise InputError("probabilities: already part of the Sources given; set them there instead")
    return sources


def require_fit_for_data(arguments: Mapping[str, Any]) -> None:
    """Refuse arguments of a problem, by name, that mean nothing where its sources are not known.

    Raises:
        InputError: a mixing, groups.
    """
    if "mixing" in arguments:
        raise InputError("mixing: data are seen as they are; leave it out, or give the sources to Problem itself")
    if arguments.get("groups") is not None:
        raise InputError("groups: the axes of data mean nothing by themselves, nor do groups of them")


def checked_readout(readout: Reads | None) -> Reads:
    """What is decoded and how: the data, exactly, if it is not passed.

    Raises:
        InputError: no readout.
    """
    if readout is None:
        return Exact()
    # To ask a protocol takes longer than to look for it among the program's own.
    if type(readout) not in READOUTS.values() and not isinstance(readout, Reads):
        raise InputError(f"readout: expected one of `theory.readouts`, got {type(readout).__name__}")
    return readout


def checked_transitions(
    transitions: ArrayLike | Transitions | None, sources: Sources, *, fitting: bool
) -> Transitions | None:
    """Transitions of the sources, from matrices (a, d, d) or (d, d) too; None for none. Fitting ones are known to fit.

    Raises:
        InputError: transitions of other sources, or that leave their hull.
    """
    if transitions is None:
        return None
    if sources.hull is not None:
        raise InputError(
            f"transitions: {dependence(sources)}, and a recurrent layer of their affine hull is not looked for; remove "
            "the sources that others tell, or the transitions"
        )
    transitions = transitions if isinstance(transitions, Transitions) else Transitions(as_stack(transitions))
    if not fitting:
        transitions.require_fitting(sources)
    return transitions


def checked_neurons(neurons: Neurons | None, activation: str | None) -> Neurons:
    """A kind of neuron: linear ones if neither it nor its name is passed.

    Raises:
        InputError: no kind, no known name, or both.
    """
    if activation is None:
        if neurons is not None and not isinstance(neurons, Neurons):
            raise InputError(f"neurons: expected one of `theory.neurons`, got {type(neurons).__name__}")
        return Linear() if neurons is None else neurons
    if neurons is not None:
        raise InputError("activation: the kind of neuron is given already; leave out one of neurons and activation")
    if activation not in ACTIVATIONS:
        raise InputError(f"activation: {activation!r} is unknown; choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[activation]()


def checked_cost(name: str, value: float, *, positive: str = "") -> float:
    """A finite cost that is not negative; `positive` says why it must not be zero, and the remedy, if it must not.

    Raises:
        InputError: no number, out of range, or zero.

    Example:
        >>> checked_cost("bias_cost", "2"), checked_cost("bias_cost", -0.0)
        (2.0, 0.0)
    """
    number = as_number(value, name)
    if not (np.isfinite(number) and number >= 0):
        raise InputError(f"{name}: {number:g} is not a cost, which is finite and not negative")
    if number and not SMALLEST <= number <= LARGEST:
        raise InputError(f"{name}: {number:g} is out of range; give a cost from {SMALLEST:g} to {LARGEST:g}")
    if positive and not number:
        raise InputError(f"{name}: {number:g} is not positive; {positive}")
    return abs(number)  # minus zero is zero


def checked_mixing(mixing: ArrayLike | None, sources: Sources) -> Array:
    """(dx, d) mixing of full column rank, locked; the identity if none is passed.

    Of dependent sources it need only tell their coordinates apart, which the problem of these sees to.

    Raises:
        InputError: another shape, entries out of range, linearly dependent columns.
    """
    dimension = sources.dimension
    if mixing is None:
        return np.eye(dimension)
    matrix = as_matrix(mixing, "mixing")
    if matrix.shape[1] != dimension:
        raise InputError(
            f"mixing: shape {matrix.shape} does not fit {dimension} source(s); give one column per source, "
            "x = mixing @ s"
        )
    rank = dimension if sources.hull is None else sources.hull.rank
    if len(matrix) < rank:
        raise InputError(f"mixing: {len(matrix)} row(s) cannot show {rank} sources; give at least {rank}")
    if sources.hull is not None or is_identity(matrix):
        return locked(matrix)
    size = np.abs(matrix).max(axis=0)
    if not (size > 0).all():
        raise InputError(f"mixing: column {int(np.flatnonzero(size == 0)[0])} is zero, so its source is never seen")
    beyond = np.flatnonzero((size < SMALLEST) | (size > LARGEST))
    if len(beyond):
        i = int(beyond[0])
        raise InputError(
            f"mixing: column {i} has entries up to {size[i]:.3g}, and only squares of {SMALLEST:g} to {LARGEST:g} can "
            "be computed; choose other units"
        )
    length = np.linalg.norm(matrix, axis=0)
    _, singular, directions = np.linalg.svd(matrix / length, full_matrices=False)
    if singular[-1] <= LIMITS.rank:
        share = np.abs(directions[-1])
        kept = [i for i in np.argsort(-share, kind="stable") if share[i] > SOURCES.term * share.max()]
        named = ", ".join(str(i) for i in sorted(kept[: SOURCES.terms_shown]))
        more = f" and {len(kept) - SOURCES.terms_shown} more" if len(kept) > SOURCES.terms_shown else ""
        raise InputError(
            f"mixing: not of full column rank; columns {named}{more} are linearly dependent, "
            "so those sources cannot be told apart"
        )
    return locked(matrix)


def is_identity(matrix: Array) -> bool:
    """Whether a matrix is the identity, to the last digit.

    Example:
        >>> is_identity(np.eye(2)), is_identity(np.eye(3)[:2]), is_identity(2 * np.eye(2))
        (True, False, False)
    """
    return np.array_equal(matrix, np.eye(matrix.shape[1]))


def dependence(sources: Sources) -> str:
    """The words of a message that some sources are told by others."""
    return f"the sources are linearly dependent ({sources.summary()['constant']} is constant)"


def require_solvable(problem: Any) -> None:
    """Step 2: refuse arguments that fit by themselves, but not together.

    Raises:
        InputError: see what is called here.
    """
    if problem.separate and problem.groups is None:
        raise InputError("separate: nothing says what is to be kept apart; give groups")
    require_activity_cost(problem)
    if problem.transitions is None and problem.recurrent_cost != 1:
        raise InputError("recurrent_cost: there is no recurrent layer to be paid for; give transitions as well")
    if problem.hull is not None:
        require_reducible(problem)
    if isinstance(problem.neurons, Nonlinear):
        problem.neurons.require_fitting(problem)
        _ = problem.readout  # refuses what cannot be read out
    elif problem.hull is not None:
        pass  # the problem on the hull was held to what follows
    elif problem.transitions is None:
        require_representable(problem)
        require_definite_energy(problem)
    else:
        _ = problem.feedforward  # is held to these
        require_fit_for_a_layer(problem)
    if problem.neurons.linear and type(problem.neurons) not in (Linear, Canonical) and problem.hull is None:
        require_consistent_neurons(problem)


def require_reducible(problem: Any) -> None:
    """Refuse of dependent sources what is not known of their affine hull; the problem there is held to the rest.

    Raises:
        InputError: an exact decoder of targets that leave sources out.
    """
    dependent = dependence(problem.sources) if problem.sources.hull is not None else "groups share sources"
    if problem.on_hull.readout.rank is not None:
        raise InputError(
            f"targets: {dependent}, and these targets leave some sources out, which is not solved for an exact decoder "
            "then; give errors a cost (theory.readouts.Soft), remove sources that others tell, or give groups that "
            "share none"
        )


def require_representable(problem: Any) -> None:
    """Raise InputError for units and costs, each within bounds, that go beyond floating point together."""
    with np.errstate(all="ignore"):
        cost, gram = problem.modular_costs, problem.readout.demand
        gram = np.where(gram > 0, gram, gram.max())  # of a source that no target asks for
        encoder = problem.encoder_cost * np.diag(problem.encoder_metric) / np.diag(problem.sources.covariance)
        sizes = np.array(
            [cost, gram, cost * gram * problem.decoder_cost, gram / cost * problem.decoder_cost, 1 + encoder]
        )
    within = (sizes >= SMALLEST**2) & (sizes <= LARGEST**2)
    if not within.all():
        name = problem.sources.names[np.argwhere(~within)[0, 1]]
        raise InputError(
            f"sources: the units of {name!r}, of the mixing and of the costs together go beyond the numbers of "
            "floating point; choose units nearer to one"
        )
    errors = problem.readout.errors
    if errors is not None:
        scale = float(np.sqrt(cost * gram * problem.decoder_cost).sum())
        most = LIMITS.largest_error_cost * scale / float((gram * np.diag(errors.covariance)).max())
        if errors.cost > most:
            raise InputError(
                f"error_cost: {errors.cost:g} is so much that errors of rounding alone would count; give at most "
                f"{0.9 * most:.2g}, or allow no errors"
            )


def require_definite_energy(problem: Any) -> None:
    """Raise InputError where a neuron costs nothing but rounding, in the sources' units.

    M is then not definite, and of the heights that few sources are proven with (`theory.coordinates`) none is left
    either.
    """
    deviation = np.sqrt(np.diag(problem.sources.covariance))
    # A square has half the digits, but they are enough as a rule.
    squares = np.linalg.eigvalsh(problem.energy_matrix / np.outer(deviation, deviation))
    if squares[0] > LIMITS.surely_definite * max(1.0, squares[-1]):
        return
    root = problem.energy_root
    if problem.dimension <= EXACT_DIMENSION:
        root = np.vstack([root, _height_root(problem)])
    _, sizes, directions = np.linalg.svd(root / deviation, full_matrices=False)
    if sizes[-1] > LIMITS.definite:
        return
    metric = np.linalg.eigvalsh(problem.encoder_metric / np.outer(deviation, deviation))
    # With a mixing that is nearly singular too there may be no such cost.
    enough = LIMITS.definite**2 / metric[0] if metric[0] > np.finfo(float).eps * metric[-1] else np.inf
    remedy = f"give at least {1.1 * enough:.2g}, or " if enough < LARGEST else ""
    raise InputError(
        f"encoder_cost: {problem.encoder_cost:g} is too small for sources of which "
        f"{problem.sources.combination_text(directions[-1] / deviation)} hardly varies: rounding would decide what "
        f"a neuron that reads it costs; {remedy}remove one of these sources"
    )


def _height_root(problem: Any) -> Array:
    """(d, d) a root of the covariance of what the height of a neuron is of, by its least range beside the sources'."""
    height, sources = problem.height_sources, problem.sources
    size = ((height.upper - height.lower) / (sources.upper - sources.lower)).min()
    return np.asarray(size * sources.covariance_root)


def require_activity_cost(problem: Any) -> None:
    """Raise InputError for free activity, unless linear neurons pay for biases and weights, and so for their mean."""
    mean_counts = isinstance(problem.neurons, Linear) and problem.bias_cost and problem.encoder_cost
    if not (problem.activity_cost or mean_counts):
        raise InputError(
            "activity_cost: 0 is not positive; give the activity a cost, or linear neurons positive bias_cost and "
            "encoder_cost"
        )


def require_consistent_neurons(problem: Any) -> None:
    """Raise InputError for a kind of neuron of which the terms do not add up to what its form gives."""
    weights = np.random.default_rng(0).standard_normal((4 * problem.dimension, problem.dimension))
    weights /= np.sqrt(np.diag(problem.sources.covariance))
    encoder = weights @ problem.pseudoinverse
    paid, formed = _costs(problem, weights, encoder)
    apart = np.abs(paid - formed) / formed
    if apart.max() > LIMITS.form:
        # Of a mixing of unlike units the encoder may have lost the digits of the weights.
        read, also = _costs(problem, encoder @ problem.mixing, encoder)
        apart = np.minimum(apart, np.abs(read - also) / also)
    worst = int(np.argmax(apart))
    if not apart[worst] <= LIMITS.form:
        raise InputError(
            f"neurons: {type(problem.neurons).__name__} pays {float(paid[worst]):.9g} for a neuron that costs "
            f"{float(formed[worst]):.9g} by its energy_root and height_sources; only a cost |R w|^2 + h(w)^2, "
            "which is homogeneous of degree two, can be solved"
        )


def _costs(problem: Any, weights: Array, encoder: Array) -> tuple[Array, Array]:
    """(n,) what neurons cost by the terms of their kind, and by its form."""
    activity = Activity.of(problem.sources, weights, problem.sources.support(weights))
    terms = problem.neurons.terms(problem, activity, encoder)
    return np.sum(list(terms.values()), axis=0), problem.neuron_cost(weights)


def require_fit_for_a_layer(problem: Any) -> None:
    """Raise InputError for a layer where some sources may have no neurons, or neurons must keep to their groups."""
    if not (problem.readout.exact and problem.readout.rank is None):
        raise InputError(
            "transitions: a readout that may err, or needs some of the sources only, leaves some without neurons, "
            "and a layer cannot carry along what is not coded; leave out the transitions, or decode all exactly"
        )
    if problem.groups is not None:
        raise InputError(
            "groups: the best separate code with a recurrent layer is not known; leave out the groups, or the "
            "transitions"
        )
