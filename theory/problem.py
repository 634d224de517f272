"""The problem itself: sources, mixing and costs, and from them the cost of a neuron and of a readout.

    loss = E||z||^2 + encoder_cost ||W_in||^2 + decoder_cost ||W_out||^2
         = sum_i f(w_i) + g(sum_i w_i w_i')

with ``f(w) = w'M w + h(w)^2`` (energy: a neuron's own cost) and ``g(G) = decoder_cost tr(K G^-1)`` (readout: the
cheapest exact decoder). Derived in docs/mathematics.md, "The problem". Where a recurrent layer carries the code along,
its weights cost something as well, of which only G is asked too (`theory.dynamics`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.dynamics import Recurrence, Transitions, as_stack
from theory.errors import InputError
from theory.formulas import modular_cost
from theory.geometry.pricing import Pricing
from theory.geometry.whitening import Whitening
from theory.groups import Groups, checked_groups, is_separate
from theory.immutable import FixedDict, Immutable, derived, locked
from theory.inputs import LARGEST, SMALLEST, as_matrix, as_rows, require_plain
from theory.neurons import ACTIVATIONS, Activity, Canonical, Linear, Neurons, Nonlinear
from theory.neurons.sample_readout import SampleReadout
from theory.readouts import Exact, Noisy, Readout, Reads, Soft
from theory.reductions import CANONICAL, GROUP_BY_GROUP, WHITENED, WITHOUT_LAYER, SomeSamples
from theory.sources import SOURCES, Sources

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from theory.arrays import Array

__all__ = ["PRICES", "Problem", "within_digits"]

PRICES = {"encoder_cost": 1.0, "decoder_cost": 1.0, "activity_cost": 1.0, "bias_cost": 0.0}
"""Arguments of `Problem` that are prices, and what they are if not given."""

RANK_TOLERANCE = 1e-10
"""Least singular value of the mixing, with its columns scaled to unit length, that counts as full rank."""


DEFINITE = 1e-7
"""Least singular value of the root of M, in units in which every source has variance one, that is told from zero.

The root is good to about 1e-16 of that unit, so that no neuron's cost is off by more than about 1e-9 of itself, which
is below the gap at which a code counts as optimal."""


FORM_TOLERANCE = 1e-6
"""Relative difference up to which what a neuron pays is what the form of its kind gives."""


DEAREST_ERRORS = 1e18
"""Price of the variance of the sources, in units of a modular code's loss, up to which errors are told from rounding:
one of the last digit costs 1e-14 of the loss."""


FAR_APART = 1e6
"""Ratio of the sizes of two sources from which on it may be their units that exhaust the digits, and not a defect."""


@contextmanager
def within_digits(problem: Problem) -> Iterator[None]:
    """No number that is none within: where the units of a problem exhaust the digits, say so.

    Raises:
        InputError: sources whose sizes lie too far apart for floating point.
    """
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            yield
    except (np.linalg.LinAlgError, FloatingPointError) as error:
        deviation = np.sqrt(np.diag(problem.sources.covariance))
        sizes = [deviation, np.linalg.norm(problem.mixing, axis=0), np.sqrt(problem.modular_costs)]
        if max(size.max() / size.min() for size in sizes) < FAR_APART:
            raise
        raise InputError(
            f"sources: their sizes, or those of the mixing's columns, lie too far apart for floating point ({error}); "
            "choose units in which they are alike"
        ) from None


class Problem(Immutable):
    """Sources that nonnegative, energy-saving neurons must encode so that a linear readout recovers the data.

    It does not change once it is made; `replaced` makes another one. A matrix that is given is copied, unless nobody
    can write to it.

    Args:
        sources: (T, d) array-like, one row a sample (a DataFrame keeps its column names; arrays and DataFrames of dask
            are summarised where their blocks are), or `theory.Sources`.
        mixing: (dx, d) matrix A of full column rank; the network sees x = A s. Identity if not given.
        probabilities: (T,) nonnegative weights of the samples; equal if not given.
        encoder_cost: price of ||W_in||^2; zero (a recurrent layer has no encoder) where no combination of sources is
            nearly constant, since then every neuron costs activity; positive otherwise.
        decoder_cost: price of ||W_out||^2, positive, or the best weights would have no size.
        activity_cost: positive price of the mean squared activity, E||z||^2.
        bias_cost: price of the squared bias of each neuron beyond its share in the activity, counted on centred data
            (so that it is the mean activity).
        readout: what is decoded and how (`theory.readouts`); the data, exactly, if not given.
        groups: a name for each group of sources, and its members by index or name, such as
            ``{"position": [0, 1], "object": [2, 3]}``; a source in none is a group of its own.
        separate: whether every neuron must read one group only. If not, groups change no optimum; they are what codes
            are compared with and described by.
        transitions: where sources go next, for a recurrent layer that carries the code along: (d, d) matrices about
            the mean, one for each action, or `theory.dynamics.Transitions`; none if not given.
        recurrent_cost: price of the squared weights of that layer.
        neurons: the kind of neuron (`theory.neurons`), which says what is paid for; `Linear` if not given.
        activation: the name of one of the program's own kinds instead: "linear", "rectified" or "free".

    Attributes:
        sources, mixing (dx, d), encoder_cost, decoder_cost, separate, transitions, recurrent_cost, neurons.
        groups: the members of every group, by index, or None.
        energy_matrix: (d, d) M = C + encoder_cost (A'A)^-1.
        gram: (d, d) K = A'A.

    Raises:
        InputError: (a ValueError) for any argument that cannot be used; the message names it and the place.

    Source: docs/mathematics.md, "The problem"; loss of Dorrell et al. (ICLR 2025) with weight costs.

    Example:
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> round(float(problem.neuron_cost([[1.0, 0.0]])[0]), 12)
        3.0
    """

    _remedy = "`replaced({name}=...)` makes another one"

    def __init__(
        self,
        sources: ArrayLike | Sources,
        *,
        mixing: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        encoder_cost: float = 1.0,
        decoder_cost: float = 1.0,
        activity_cost: float = 1.0,
        bias_cost: float = 0.0,
        readout: Reads | None = None,
        groups: Mapping[str, Sequence[int | str]] | None = None,
        separate: bool = False,
        transitions: ArrayLike | Transitions | None = None,
        recurrent_cost: float = 1.0,
        neurons: Neurons | None = None,
        activation: str | None = None,
    ) -> None:
        if isinstance(sources, Sources):
            if probabilities is not None:
                raise InputError("probabilities: already part of the Sources given; set them there instead")
            self.sources = sources
        else:
            self.sources = Sources(sources, probabilities)
        self.encoder_cost = _cost("encoder_cost", encoder_cost)
        self.decoder_cost = _cost("decoder_cost", decoder_cost)
        if not self.decoder_cost > 0:
            raise InputError(
                f"decoder_cost: {self.decoder_cost:g} is not positive; without a price of the decoder ever weaker "
                "neurons cost ever less, and none is best"
            )
        self.activity_cost = _cost("activity_cost", activity_cost)
        if not self.activity_cost > 0:
            raise InputError(f"activity_cost: {self.activity_cost:g} is not positive; give the activity a price")
        self.bias_cost = _cost("bias_cost", bias_cost)
        self.mixing = _check_mixing(mixing, self.sources.dimension)
        self.given_readout: Reads = Exact() if readout is None else readout
        if not isinstance(self.given_readout, Reads):
            raise InputError(f"readout: expected one of `theory.readouts`, got {type(readout).__name__}")
        self.groups: Groups | None = None if groups is None else FixedDict(checked_groups(groups, self.sources.names))
        self.separate = bool(separate)
        if self.separate and self.groups is None:
            raise InputError("separate: nothing says what is to be kept apart; give groups")
        self.recurrent_cost = _cost("recurrent_cost", recurrent_cost)
        self.neurons = _check_neurons(neurons, activation)
        self.transitions = _check_transitions(transitions, self.sources, fitting="recurrence" in vars(self))
        if self.transitions is None and self.recurrent_cost != 1:
            raise InputError("recurrent_cost: there is no recurrent layer to be paid for; give transitions as well")
        if isinstance(self.neurons, Nonlinear):
            self.neurons.require_fitting(self)
        elif self.transitions is None:
            self._require_representable()
            self._require_definite_energy()
        else:
            _ = self.feedforward  # is held to these
            self._require_fit_for_a_layer()
        if self.neurons.linear and type(self.neurons) not in (Linear, Canonical):
            self._require_consistent_neurons()
        self._problems_among: dict[tuple[bytes, bool], Problem] = {}
        self._finish()

    def __init_subclass__(cls, **_: Any) -> None:
        raise TypeError(
            "Problem: what a neuron or a readout costs is known to every method and proof; give a kind of neuron "
            "(theory.neurons) or a readout (theory.readouts) instead of a subclass"
        )

    @classmethod
    def knowing(cls, known: Mapping[str, Any], **arguments: Any) -> Problem:
        """The problem with these arguments, of which some derived properties are known, to more digits or for less.

        Args:
            known: derived properties by name. Transitions whose `recurrence` is known fit.
            arguments: of the constructor.

        Example:
            >>> rows = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> Problem.knowing({"gram": np.eye(2)}, sources=rows).gram.tolist()
            [[1.0, 0.0], [0.0, 1.0]]
        """
        self = cls.__new__(cls)
        vars(self).update(known)
        Problem.__init__(self, **arguments)
        return self

    def _require_consistent_neurons(self) -> None:
        """What a kind of neuron says that it pays must be what its form gives."""
        weights = np.random.default_rng(0).standard_normal((4 * self.dimension, self.dimension))
        weights /= np.sqrt(np.diag(self.sources.covariance))
        activity = Activity.of(self.sources, weights, self.sources.support(weights))
        terms = self.neurons.terms(self, activity, weights @ self.pseudoinverse)
        paid = np.sum(list(terms.values()), axis=0)
        formed = self.neuron_cost(weights)
        apart = np.abs(paid - formed) / formed
        worst = int(np.argmax(apart))
        if not apart[worst] <= FORM_TOLERANCE:
            raise InputError(
                f"neurons: {type(self.neurons).__name__} pays {float(paid[worst]):.9g} for a neuron that costs "
                f"{float(formed[worst]):.9g} by its energy_root and height_sources; only a cost |R w|^2 + h(w)^2, "
                "which is homogeneous of degree two, can be solved"
            )

    def _require_fit_for_a_layer(self) -> None:
        if not (self.readout.exact and self.readout.rank is None):
            raise InputError(
                "transitions: a readout that may err, or needs some of the sources only, leaves some without neurons, "
                "and a layer cannot carry along what is not coded; leave out the transitions, or decode all exactly"
            )
        if self.groups is not None:
            raise InputError(
                "groups: the best separate code with a recurrent layer is not known; leave out the groups, or the "
                "transitions"
            )

    @classmethod
    def from_data(
        cls,
        data: ArrayLike,
        dimension: int | None = None,
        variance: float | None = None,
        *,
        probabilities: ArrayLike | None = None,
        **costs: Any,
    ) -> Problem:
        """The problem of data whose sources are not known: their principal coordinates, seen through the axes.

        Neurons see the data about their mean. What lies outside the axes that are kept is dropped; `sources.kept` says
        what share of the variance is left. The axes mean nothing by themselves, so that codes are neither modular nor
        mixed, and have no price of modularity.

        Args:
            data: (T, dx) array-like, one row a sample and one column a channel (a DataFrame or a table of pynapple
                keeps its column names); more channels than samples are allowed.
            dimension: number of axes to keep.
            variance: or the share of the variance, above zero and at most one, that the fewest axes are to keep.
                Neither: all axes along which the data vary by more than rounding.
            probabilities: (T,) nonnegative weights of the samples; equal if not given.
            costs: what else `Problem` takes but the mixing.

        Raises:
            InputError: data, a dimension or a share that cannot be used.

        Source: docs/mathematics.md, "Data without known sources".

        Example:
            >>> problem = Problem.from_data([[0, 0, 0], [4, 4, 0], [1, 0, 1], [0, 1, 1]], variance=0.95)
            >>> problem.dimension, round(problem.sources.kept, 3)
            (2, 0.966)
        """
        from theory.principal import PrincipalCoordinates

        if "mixing" in costs:
            raise InputError("mixing: data are seen as they are; leave it out, or give the sources to Problem itself")
        if costs.get("groups") is not None:
            raise InputError("groups: the axes of data mean nothing by themselves, nor do groups of them")
        sources = PrincipalCoordinates.of(data, dimension, variance, probabilities)
        return cls(sources, mixing=sources.axes, **costs)

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return self.sources.dimension

    def __repr__(self) -> str:
        seen = f", seen through {self.mixing.shape[0]} channels" if len(self.mixing) != self.dimension else ""
        carried = "" if self.transitions is None else f", carried along {len(self.transitions)} transition(s)"
        prices = f"encoder_cost={self.encoder_cost:g}, decoder_cost={self.decoder_cost:g}"
        kind = "" if self.neurons.linear else f", {self.neurons.name} neurons"
        return f"Problem({self.sources!r}{seen}{carried}, {prices}{kind})"

    # ---- carried along ----------------------------------------------------------------------------------------

    @derived
    def recurrence(self) -> Recurrence | None:
        """What recurrent weights cost; None without transitions."""
        given = self.transitions
        return None if given is None else Recurrence(given.matrices, self.recurrent_cost, given.about(self.sources))

    @derived
    def feedforward(self) -> Problem:
        """The same problem without a recurrent layer.

        Example:
            >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> problem = Problem(square, transitions=[[0, -1], [1, 0]], recurrent_cost=3)
            >>> round(problem.modular_loss - problem.feedforward.modular_loss, 9)
            6.0
        """
        return WITHOUT_LAYER.apply(self)

    @property
    def least_recurrent(self) -> float:
        """What recurrent weights cost at least, whatever the code."""
        return 0.0 if self.recurrence is None else self.recurrence.least

    # ---- the quadratic forms ----------------------------------------------------------------------------------

    @derived
    def gram(self) -> Array:
        """K = A'A, (d, d)."""
        return self.mixing.T @ self.mixing

    @derived
    def readout(self) -> Readout:
        """What reading a code out costs."""
        return self.given_readout.price(self.sources, self.mixing, self.decoder_cost)

    @derived
    def sample_readout(self) -> SampleReadout:
        """What reading activity on the samples out costs, for neurons that are not linear.

        Example:
            >>> Problem([[-1, -1], [-1, 1], [1, -1]], readout=Soft(10)).sample_readout.targets.shape
            (3, 2)
        """
        errors = self.readout.errors
        counted = None if errors is None else errors.probabilities
        if counted is None:
            counted = self.sources.probabilities
        weights = np.full(self.sources.count, 1 / self.sources.count) if counted is None else np.asarray(counted)
        targets = self.sources.about_mean(self.sources.points) @ self.readout.targets.T
        cost = np.inf if errors is None else errors.cost
        return SampleReadout(targets - weights @ targets, weights, self.readout.decoder_cost, cost)

    @derived
    def pseudoinverse(self) -> Array:
        """(A'A)^-1 A', (d, dx): the encoder with source weights w is W_in = w (A'A)^-1 A', of least norm."""
        scale = np.linalg.norm(self.mixing, axis=0)
        return np.linalg.pinv(self.mixing / scale) / scale[:, None]

    @derived
    def encoder_metric(self) -> Array:
        """(A'A)^-1, (d, d): ||W_in||^2 = w'(A'A)^-1 w."""
        return self.pseudoinverse @ self.pseudoinverse.T

    @derived
    def energy_matrix(self) -> Array:
        """(d, d) M, the part of a neuron's cost that is quadratic in w everywhere: w'M w."""
        return self.neurons.energy_matrix(self)

    @property
    def height_cost(self) -> float:
        """What the squared bias of a linear neuron costs: activity_cost + bias_cost."""
        return self.activity_cost + self.bias_cost

    @derived
    def height_sources(self) -> Sources:
        """Sources whose support function is the height h of a neuron, of which h^2 is the rest of its cost."""
        return self.neurons.height_sources(self)

    @derived
    def canonical(self) -> Problem:
        """The problem in the form in which it is solved: f(w) = w'M w + h(w)^2, with h that of its own sources.

        Weights, multiplier and loss of a code are those of this problem, which is its own canonical form where neurons
        are linear and pay for their activity alone.

        Example:
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]], activity_cost=2, bias_cost=3)
            >>> weights = np.array([[1.0, 0.0], [1.0, 1.0]])
            >>> bool(np.isclose(problem.loss(weights), problem.canonical.loss(weights)))
            True
        """
        return CANONICAL.apply(self)

    def with_its_layer(self, alone: Problem) -> Problem:
        """A problem without transitions with the layer of this one, which costs what it costs here.

        Args:
            alone: of sources that go where these go.

        Example:
            >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> problem = Problem(square, transitions=[[0, -1], [1, 0]])
            >>> problem.with_its_layer(problem.feedforward).loss(np.eye(2)) == problem.loss(np.eye(2))
            True
        """
        layer = {"transitions": self.transitions, "recurrent_cost": self.recurrent_cost}
        return Problem.knowing({"recurrence": self.recurrence, "feedforward": alone}, **(alone.arguments | layer))

    def _require_representable(self) -> None:
        """Units and prices that are each within bounds may go beyond them together."""
        with np.errstate(all="ignore"):
            cost, gram = self.modular_costs, self.readout.demand
            gram = np.where(gram > 0, gram, gram.max())  # of a source that no target asks for
            encoder = self.encoder_cost * np.diag(self.encoder_metric) / np.diag(self.sources.covariance)
            sizes = [cost, gram, cost * gram * self.decoder_cost, gram / cost * self.decoder_cost, 1 + encoder]
        for size in sizes:
            beyond = np.flatnonzero(~((size >= SMALLEST**2) & (size <= LARGEST**2)))
            if len(beyond):
                raise InputError(
                    f"sources: the units of {self.sources.names[beyond[0]]!r}, of the mixing and of the costs together "
                    "go beyond the numbers of floating point; choose units nearer to one"
                )
        errors = self.readout.errors
        if errors is not None:
            asked = float(np.sqrt(cost * gram * self.decoder_cost).sum())
            most = DEAREST_ERRORS * asked / float((gram * np.diag(errors.covariance)).max())
            if errors.cost > most:
                raise InputError(
                    f"error_cost: {errors.cost:g} is so much that errors of rounding alone would count; give at most "
                    f"{0.9 * most:.2g}, or allow no errors"
                )

    def _require_definite_energy(self) -> None:
        """Every neuron must cost enough for rounding not to decide how much: M is definite in the sources' units."""
        deviation = np.sqrt(np.diag(self.sources.covariance))
        _, sizes, directions = np.linalg.svd(self.energy_root / deviation, full_matrices=False)
        if sizes[-1] > DEFINITE:
            return
        metric = np.linalg.eigvalsh(self.encoder_metric / np.outer(deviation, deviation))
        # With a mixing that is nearly singular too there may be no such price.
        enough = DEFINITE**2 / metric[0] if metric[0] > np.finfo(float).eps * metric[-1] else np.inf
        remedy = f"give at least {1.1 * enough:.2g}, or " if enough < LARGEST else ""
        raise InputError(
            f"encoder_cost: {self.encoder_cost:g} is too small for sources of which "
            f"{self.sources.combination_text(directions[-1] / deviation)} hardly varies: rounding would decide what "
            f"a neuron that reads it costs; {remedy}remove one of these sources"
        )

    # ---- coordinates that suit it -----------------------------------------------------------------------------

    @derived
    def energy_root(self) -> Array:
        """(k, d) R with M = R'R, as accurate as the samples are: `energy_matrix`, a product, is not always."""
        return self.neurons.energy_root(self)

    @derived
    def whitening(self) -> Whitening:
        """The coordinates in which a neuron's energy is its squared length: see `theory.geometry.whitening`."""
        return Whitening.of(self.energy_root, self.readout.targets, np.sqrt(self.modular_costs))

    @derived
    def whitened(self) -> Problem:
        """The same problem in those coordinates, where correlated sources cost no digits: the same loss for a code.

        Its sources are known by their moments and vertices, in the order of the problem's own. Which neurons are
        modular is another question there.

        Example:
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
            >>> weights = np.array([[1.0, 0.0], [1.0, 1.0]])
            >>> neurons = problem.whitening.neurons(weights)
            >>> bool(np.isclose(problem.loss(weights), problem.whitened.loss(neurons)))
            True
        """
        return WHITENED.apply(self)

    @derived
    def whitened_recurrence(self) -> Recurrence | None:
        """What recurrent weights cost in those coordinates; None without transitions."""
        if self.recurrence is None:
            return None
        return self.recurrence.in_coordinates(self.whitening.matrix, self.whitening.inverse)

    # ---- the modular code, the point of comparison everywhere -------------------------------------------------

    @derived
    def modular_costs(self) -> Array:
        """(d,) M_ii + m_i^2: cost of the cheapest neuron that reads source i alone with unit weight."""
        return np.asarray(modular_cost(np.diag(self.energy_matrix), self.height_sources.least_bias))

    @property
    def own_sizes(self) -> Array:
        """(d,) weight of a neuron of each source alone that costs one."""
        return np.asarray(1 / np.sqrt(self.modular_costs))

    @property
    def own_neurons(self) -> Array:
        """(d, d) the cheapest neuron of each source alone, scaled to f = 1."""
        return np.diag(self.height_sources.bias_sides * self.own_sizes)

    @derived
    def modular_weights(self) -> Array:
        """(d, d) the best modular code, w_i = +-alpha_i e_i (docs/mathematics.md, "The modular code").

        Fewer rows where errors are cheap enough for some sources to be worth no neuron.
        """
        strengths = self._modular_strengths
        return np.diag(self.height_sources.bias_sides * np.sqrt(strengths))[strengths > 0]

    @derived
    def modular_loss(self) -> float:
        """Loss of the best modular code: 2 sum_i sqrt(decoder_cost K_ii (M_ii + m_i^2)), or more if it is carried."""
        strengths = self._modular_strengths
        if self.recurrence is None:
            if self.readout.errors is None:
                return self.readout.modular_loss(self.modular_costs)
            # What its network costs: of dependent sources g(G), of which G0 is the inverse of a covariance, is lost.
            weights = self.modular_weights
            read = self.readout.costs_of(self.readout.decoder(weights), weights)
            return float(self.modular_costs @ strengths) + sum(read.values())
        asked = self.decoder_cost * self.readout.demand / strengths
        return float(self.modular_costs @ strengths + asked.sum()) + self.recurrence.value(np.diag(strengths))

    @derived
    def _modular_strengths(self) -> Array:
        """(d,) squared weights of the best modular code."""
        alone = self.readout.modular_strengths(self.modular_costs)
        if self.recurrence is None:
            return alone
        asked = self.decoder_cost * self.readout.demand
        return self.recurrence.modular_strengths(self.modular_costs, asked, alone)

    @derived
    def pricing(self) -> Pricing:
        """Exact pricing on the faces of the hull, for at most five sources, or a few samples of six or seven.

        Raises:
            InputError: the hull has too many faces.
        """
        if self.transitions is not None:
            return self.feedforward.pricing
        return Pricing(self.height_sources.faces, self.whitening)

    # ---- groups and parts -------------------------------------------------------------------------------------

    @derived
    def separated(self) -> Problem:
        """The same problem, but every neuron must read one group of sources only.

        Raises:
            InputError: there are no groups.

        Example:
            >>> problem = Problem([[0, 0], [1, 0], [0, 1]], groups={"first": [0]})
            >>> problem.separated.separate, problem.separated.groups
            (True, {'first': (0,), 's2': (1,)})
        """
        return self if self.separate else self.replaced(separate=True)

    @derived
    def blocks(self) -> tuple[Problem, ...]:
        """The neurons of each group by themselves: see `alone`. Empty where there are no groups."""
        return tuple(self.alone(members) for members in (self.groups or {}).values())

    @derived
    def parts(self) -> tuple[Problem | None, ...]:
        """The groups by themselves, read out as they are while the others are silent; None where none is asked for.

        Where no errors are allowed, or those of one group tell nothing of another (see `coupled`), the best code whose
        neurons read one group each is made of the best codes of these, and its loss is the sum of theirs.

        Example:
            >>> problem = Problem([[0, 0], [1, 0], [0, 1]], mixing=[[1, 1], [0, 1]], groups={})
            >>> losses = [part.modular_loss for part in problem.parts]
            >>> bool(np.isclose(sum(losses), problem.modular_loss))
            True
        """
        return GROUP_BY_GROUP.apply(self)

    @derived
    def coupled(self) -> bool:
        """Whether errors of one group tell of another, so that what one asks of its neurons depends on the others'."""
        ridge = self.readout.ridge
        return self.groups is not None and ridge is not None and not is_separate(ridge, self.groups)

    @derived
    def separable(self) -> bool:
        """Whether it is plain that nothing is gained by neurons that read several groups.

        The hull is a product over the groups, and neither the encoder's metric nor the readout has entries between
        them; correlations do not matter (docs/mathematics.md, "Groups").

        Example:
            >>> box = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> Problem(box, probabilities=[4, 1, 1, 4], groups={}).separable, Problem(box[:3], groups={}).separable
            (True, False)
        """
        return GROUP_BY_GROUP.separable(self)

    def alone(self, members: Sequence[int]) -> Problem:
        """The problem of the neurons that read only some of the sources: they cost what they cost here.

        It differs from `part` where A'A has entries between these sources and others: M holds a block of (A'A)^-1,
        which is not the inverse of a block. How they are read out is another matter (`Readout.alone`).

        Args:
            members: indices of the sources.

        Example:
            >>> problem = Problem([[0, 0], [1, 0], [0, 1]], mixing=[[1, 1], [0, 1]])
            >>> bool(np.isclose(problem.alone([1]).neuron_cost([[2.0]]), problem.neuron_cost([[0.0, 2.0]])))
            True
            >>> bool(np.isclose(problem.part([1]).neuron_cost([[2.0]]), problem.neuron_cost([[0.0, 2.0]])))
            False
        """
        return GROUP_BY_GROUP.alone(self, members)

    def part(self, members: Sequence[int]) -> Problem:
        """The problem of some of the sources by themselves, seen and decoded through their columns of the matrices.

        Without transitions, which may take these sources to others.

        Args:
            members: indices of the sources.

        Example:
            >>> Problem([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).part([0, 1]).dimension
            2
        """
        chosen, readout = list(members), self.given_readout
        if isinstance(readout, (Exact, Soft, Noisy)) and readout.targets is not None:
            readout = replace(readout, targets=self.readout.targets[:, chosen])
        return self.feedforward.replaced(
            sources=self.sources.of_columns(chosen),
            mixing=self.mixing[:, chosen],
            readout=readout,
            groups=None,
            separate=False,
        )

    def replaced(self, **changes: Any) -> Problem:
        """The same problem but for some arguments of its constructor.

        Args:
            changes: new values by name; probabilities belong to the sources.

        Example:
            >>> Problem([[0, 0], [1, 0], [0, 1]], encoder_cost=2).replaced(mixing=[[1, 1], [0, 1]]).encoder_cost
            2.0
        """
        arguments = self.arguments
        if changes.get("activation") is not None:
            del arguments["neurons"]
        return Problem(**(arguments | changes))

    def _made_of(self) -> dict[str, Any]:
        return self.arguments

    @property
    def arguments(self) -> dict[str, Any]:
        """What the problem was made of, by the names of the constructor's arguments."""
        return {
            "sources": self.sources,
            "mixing": self.mixing,
            "encoder_cost": self.encoder_cost,
            "decoder_cost": self.decoder_cost,
            "activity_cost": self.activity_cost,
            "bias_cost": self.bias_cost,
            "readout": self.given_readout,
            "groups": self.groups,
            "separate": self.separate,
            "transitions": self.transitions,
            "recurrent_cost": self.recurrent_cost,
            "neurons": self.neurons,
        }

    def among(self, rows: ArrayLike, *, listed: bool = True) -> Problem:
        """The same problem if only some samples had to be encoded without going below zero: see `Sources.among`.

        Its optimum is no higher, and any lower bound on it is one here. The last two are remembered.

        Args:
            rows: (k,) indices of the points of the sources.
            listed: whether the faces of their hull may be listed, if they are few; that takes seconds.

        Raises:
            InputError: rows that are none.

        Example:
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1], [0, 0]])
            >>> problem.among([0, 1, 2, 3]).modular_loss == problem.modular_loss
            True
        """
        require_plain(rows, "rows")
        chosen, remembered = np.asarray(rows), self._problems_among
        key = str(chosen.dtype).encode() + chosen.tobytes(), bool(listed)
        some = remembered.pop(key, None)
        if some is None:
            some = SomeSamples(chosen, listed).apply(self)
            for oldest in list(remembered)[: len(remembered) - 1]:
                del remembered[oldest]
        remembered[key] = some
        return some

    # ---- costs of any code ------------------------------------------------------------------------------------

    def neuron_cost(self, weights: ArrayLike) -> Array:
        """f(w) = w'M w + h(w)^2 for each row of weights (n, d).

        Example:
            >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> Problem(square, encoder_cost=0.5).neuron_cost([[1, 0], [1, 1]]).round(12).tolist()
            [2.5, 7.0]
        """
        rows = as_rows(weights, "weights", self.dimension)
        energy = (self.whitening.neurons(rows) ** 2).sum(axis=1)
        return np.asarray(energy + self.height_sources.support(rows) ** 2)

    def readout_cost(self, gram_of_code: ArrayLike) -> float:
        """g(G) of a code's G (d, d); infinite where no decoder does what is asked for.

        Example:
            >>> Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]], decoder_cost=3).readout_cost(np.diag([1.0, 2.0]))
            4.5
        """
        return self.readout.value(as_rows(gram_of_code, "gram_of_code", self.dimension))

    def multiplier(self, gram_of_code: ArrayLike) -> Array:
        """Y = -grad g(G), (d, d): what one unit of w'w is worth to the readout.

        Example:
            >>> Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]], decoder_cost=3).multiplier(np.diag([1.0, 2.0])).tolist()
            [[3.0, 0.0], [0.0, 0.75]]
        """
        return self.readout.multiplier(as_rows(gram_of_code, "gram_of_code", self.dimension))

    def loss(self, weights: ArrayLike) -> float:
        """Loss of the code with these source weights (n, d), the cheapest biases, decoder and recurrent weights.

        Example:
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> round(problem.loss(np.eye(2)), 12)
            8.0
            >>> bool(np.isclose(problem.loss(problem.modular_weights), problem.modular_loss))
            True
        """
        rows = as_rows(weights, "weights", self.dimension)
        code = rows.T @ rows
        carried = 0.0 if self.recurrence is None else self.recurrence.value(code)
        return float(self.neuron_cost(rows).sum()) + self.readout_cost(code) + carried


def _check_transitions(given: ArrayLike | Transitions | None, sources: Sources, *, fitting: bool) -> Transitions | None:
    if given is None:
        return None
    transitions = given if isinstance(given, Transitions) else Transitions(as_stack(given))
    if not fitting:
        transitions.require_fitting(sources)
    return transitions


def _check_neurons(neurons: Neurons | None, activation: str | None) -> Neurons:
    if activation is None:
        if neurons is not None and not isinstance(neurons, Neurons):
            raise InputError(f"neurons: expected one of `theory.neurons`, got {type(neurons).__name__}")
        return Linear() if neurons is None else neurons
    if neurons is not None:
        raise InputError("activation: the kind of neuron is given already; leave out one of neurons and activation")
    if activation not in ACTIVATIONS:
        raise InputError(f"activation: {activation!r} is unknown; choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[activation]()


def _cost(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}: {value!r} is not a number") from None
    if not (np.isfinite(number) and number >= 0):
        raise InputError(f"{name}: {number:g} is not a price, which is finite and not negative")
    if number and not SMALLEST <= number <= LARGEST:
        raise InputError(f"{name}: {number:g} is out of range; give a price from {SMALLEST:g} to {LARGEST:g}")
    return abs(number)  # minus zero is zero


def _check_mixing(mixing: ArrayLike | None, dimension: int) -> Array:
    if mixing is None:
        return np.eye(dimension)
    matrix = as_matrix(mixing, "mixing")
    if matrix.shape[1] != dimension:
        raise InputError(
            f"mixing: shape {matrix.shape} does not fit {dimension} source(s); give one column a source, x = mixing @ s"
        )
    if len(matrix) < dimension:
        raise InputError(f"mixing: {len(matrix)} row(s) cannot carry {dimension} sources; give at least {dimension}")
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
    if singular[-1] <= RANK_TOLERANCE:
        share = np.abs(directions[-1])
        kept = [i for i in np.argsort(-share, kind="stable") if share[i] > SOURCES.term * share.max()]
        named = ", ".join(str(i) for i in sorted(kept[: SOURCES.terms_shown]))
        more = f" and {len(kept) - SOURCES.terms_shown} more" if len(kept) > SOURCES.terms_shown else ""
        raise InputError(
            f"mixing: not of full column rank; columns {named}{more} are linearly dependent, "
            "so those sources cannot be told apart"
        )
    return locked(matrix)
