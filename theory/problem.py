"""The problem itself: sources, mixing and costs, and from them the cost of a neuron and of a readout.

    loss = E||z||^2 + encoder_cost ||W_in||^2 + decoder_cost ||W_out||^2
         = sum_i f(w_i) + g(sum_i w_i w_i')

with ``f(w) = w'M w + h(w)^2`` (energy: a neuron's own cost) and ``g(G) = decoder_cost tr(K G^-1)`` (readout: the
cheapest exact decoder). Derived in docs/mathematics.md, "The problem". The weights of a recurrent layer have a cost
too, which depends on G alone (`theory.dynamics`). Which arguments are refused is in `theory.inputs.problem`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from theory.arrays import Array, ArrayLike, Indices
from theory.coordinates import ProofCoordinates
from theory.dependent.readout import ReadoutOnHull
from theory.dependent.spans import Span, spans_of
from theory.dynamics import Recurrence, Transitions
from theory.geometry.affine_hull import AffineHull
from theory.geometry.polygon import Polygon
from theory.geometry.pricing import Pricing
from theory.geometry.symmetry import Symmetry
from theory.geometry.whitening import Whitening, scaled_inverse
from theory.groups import Groups, checked_groups, is_shared
from theory.immutable import FixedDict, Immutable, derived
from theory.inputs import as_rows, require_plain
from theory.inputs.problem import (
    NO_BEST_SIZE,
    checked_cost,
    checked_mixing,
    checked_neurons,
    checked_readout,
    checked_sources,
    checked_transitions,
    is_identity,
    require_fit_for_data,
    require_solvable,
)
from theory.modular.code import ModularCode
from theory.neurons import Activity, Neurons
from theory.neurons.sample_readout import SampleReadout
from theory.principal import PrincipalCoordinates
from theory.readouts import Readout, Reads
from theory.reductions import AFFINE_HULL, CANONICAL, GROUP_BY_GROUP, IN_ORDER, WHITENED, WITHOUT_LAYER, SomeSamples
from theory.reductions.reduction import LastReduced
from theory.sources import Sources

COSTS = {"encoder_cost": 1.0, "decoder_cost": 1.0, "activity_cost": 1.0, "bias_cost": 0.0}
"""Arguments of `Problem` that are costs, and what they are if not given."""


class Problem(Immutable):
    """Sources that nonnegative, energy-saving neurons must encode so that a linear readout recovers the data.

    It does not change once it is made; `replaced` makes another one. A matrix that is given is copied, unless nobody
    can write to it.

    Args:
        sources: (T, d) array-like, one row per sample (a DataFrame keeps its column names; arrays and DataFrames of
            dask are summarised where their blocks are), or `theory.Sources`. They may depend on each other linearly.
        mixing: (dx, d) matrix A of full column rank; the network sees x = A s. Identity if not given.
        probabilities: (T,) nonnegative weights of the samples; equal if not given.
        encoder_cost: cost of ||W_in||^2; zero (a recurrent layer has no encoder) where no combination of sources is
            nearly constant, since then every neuron costs activity; positive otherwise.
        decoder_cost: cost of ||W_out||^2, positive, or the best weights would have no size.
        activity_cost: cost of the mean squared activity, E||z||^2; zero only with a cost of the bias and of the
            encoder, so that neurons pay for their squared mean activity.
        bias_cost: cost of the squared bias of each neuron beyond its share in the activity, counted on centred data
            (so that it is the mean activity).
        readout: what is decoded and how (`theory.readouts`); the data, exactly, if not given.
        groups: a name for each group of sources, and its members by index or name, such as
            ``{"position": [0, 1], "object": [2, 3]}``; a source in none is a group of its own, one may be in several.
        separate: whether every neuron must read one group only. If not, groups change no optimum; they are what codes
            are compared with and described by.
        transitions: where sources go next, for a recurrent layer that updates the code: (d, d) matrices about the
            mean, one for each action, or `theory.dynamics.Transitions`; none if not given.
        recurrent_cost: cost of the squared weights of that layer.
        neurons: the kind of neuron (`theory.neurons`), which says what is paid for; `Linear` if not given.
        activation: the name of one of the program's own kinds instead: "linear", "rectified" or "free".

    Attributes:
        sources: `theory.Sources`.
        mixing: (dx, d) A.
        encoder_cost: as passed; so are decoder_cost, activity_cost, bias_cost and recurrent_cost.
        separate: whether every neuron must read one group only.
        transitions: `theory.dynamics.Transitions`, or None.
        neurons: the kind of neuron.
        groups: the members of every group, by index, or None.

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
        _known: Mapping[str, Any] | None = None,
    ) -> None:
        known = _known or {}
        self._know(**known)
        self.sources = checked_sources(sources, probabilities)
        self.encoder_cost = checked_cost("encoder_cost", encoder_cost)
        self.decoder_cost = checked_cost("decoder_cost", decoder_cost, positive=NO_BEST_SIZE)
        self.activity_cost = checked_cost("activity_cost", activity_cost)
        self.bias_cost = checked_cost("bias_cost", bias_cost)
        self.mixing = checked_mixing(mixing, self.sources)
        self.given_readout = checked_readout(readout)
        self.groups: Groups | None = None if groups is None else FixedDict(checked_groups(groups, self.sources.names))
        self.separate = bool(separate)
        self.recurrent_cost = checked_cost("recurrent_cost", recurrent_cost)
        self.neurons = checked_neurons(neurons, activation)
        self.transitions = checked_transitions(transitions, self.sources, fitting="recurrence" in known)
        if "column_order" not in known:  # it is known of a problem that was held to this
            require_solvable(self)
        self._finish()

    def __init_subclass__(cls, **_: Any) -> None:
        raise TypeError(
            "Problem: what a neuron or a readout costs is known to every method and proof; give a kind of neuron "
            "(theory.neurons) or a readout (theory.readouts) instead of a subclass"
        )

    @classmethod
    def knowing(cls, known: Mapping[str, Any], **arguments: Any) -> Problem:
        """The problem with these arguments, of which derived properties are known beforehand, by name.

        Transitions whose `recurrence` is known fit.

        Example:
            >>> rows = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> Problem.knowing({"gram": np.eye(2)}, sources=rows).gram.tolist()
            [[1.0, 0.0], [0.0, 1.0]]
        """
        return cls(**arguments, _known=known)

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
            data: (T, dx) array-like, one row per sample and one column per channel (a DataFrame or a table of pynapple
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
        require_fit_for_data(costs)
        sources = PrincipalCoordinates.of(data, dimension, variance, probabilities)
        return cls(sources, mixing=sources.axes, **costs)

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return self.sources.dimension

    def __repr__(self) -> str:
        seen = f", seen through {self.mixing.shape[0]} channels" if len(self.mixing) != self.dimension else ""
        layer = "" if self.transitions is None else f", recurrent layer of {len(self.transitions)} transition(s)"
        costs = f"encoder_cost={self.encoder_cost:g}, decoder_cost={self.decoder_cost:g}"
        kind = "" if self.neurons.linear else f", {self.neurons.name} neurons"
        return f"Problem({self.sources!r}{seen}{layer}, {costs}{kind})"

    def _repr_html_(self) -> str:
        from theory.writing import problem_block

        return problem_block(self, [*COSTS, "recurrent_cost"] if self.transitions else COSTS)

    # ---- recurrent layer --------------------------------------------------------------------------------------

    @derived
    def recurrence(self) -> Recurrence | None:
        """What recurrent weights cost; None without transitions."""
        moves = self.transitions
        return None if moves is None else Recurrence(moves.matrices, self.recurrent_cost, moves.about(self.sources))

    @property
    def least_recurrent(self) -> float:
        """What recurrent weights cost at least, whatever the code."""
        return 0.0 if self.recurrence is None else self.recurrence.least

    # ---- dependent sources ------------------------------------------------------------------------------------

    spans: derived[tuple[Span, ...]] = derived(spans_of)
    """What neurons of each group can be (`theory.dependent.spans`), or of each source."""

    @derived
    def hull(self) -> AffineHull | None:
        """The affine hull of dependent sources; that of all where groups share sources; None where there is neither."""
        if self.sources.hull is None and self.groups is not None and is_shared(self.groups):
            return AffineHull.whole(self.dimension)
        return self.sources.hull

    @property
    def dependent(self) -> bool:
        """Whether some sources are told by others, or in several groups (docs/mathematics.md, "Dependent sources")."""
        return self.hull is not None

    # ---- the quadratic forms ----------------------------------------------------------------------------------

    @derived
    def gram(self) -> Array:
        """K = A'A, (d, d)."""
        return self.mixing.T @ self.mixing

    @derived
    def readout(self) -> Readout:
        """What reading a code out costs."""
        if self.hull is not None:
            return ReadoutOnHull.of(self)
        return self.given_readout.price(self.sources, self.mixing, self.decoder_cost)

    sample_readout: derived[SampleReadout] = derived(SampleReadout.of_problem)
    """What reading activity on the samples out costs, for neurons that are not linear."""

    @derived
    def pseudoinverse(self) -> Array:
        """(A'A)^-1 A', (d, dx): the encoder with source weights w is W_in = w (A'A)^-1 A', of least norm.

        Of dependent sources it reads of the data what varies: W_in = w U (U'A'A U)^-1 U'A'.
        """
        if self.hull is not None:
            return self.hull.basis @ self.on_hull.pseudoinverse
        return self.mixing if is_identity(self.mixing) else scaled_inverse(self.mixing)

    @derived
    def encoder_metric(self) -> Array:
        """(A'A)^-1, (d, d): ||W_in||^2 = w'(A'A)^-1 w."""
        return self.pseudoinverse @ self.pseudoinverse.T

    @derived
    def energy_matrix(self) -> Array:
        """(d, d) M, the part of a neuron's cost that is quadratic in w everywhere: w'M w."""
        if self.hull is not None:
            return self.hull.form(self.on_hull.energy_matrix)
        return self.neurons.energy_matrix(self)

    @property
    def height_cost(self) -> float:
        """What the squared bias of a linear neuron costs: activity_cost + bias_cost."""
        return self.activity_cost + self.bias_cost

    @derived
    def height_sources(self) -> Sources:
        """Sources whose support function is the height h of a neuron, of which h^2 is the rest of its cost."""
        if self.hull is not None:
            vertices = self.on_hull.height_sources.vertices @ self.hull.basis.T
            return Sources.transformed(self.sources, self.sources.covariance_root, vertices)
        return self.neurons.height_sources(self)

    # ---- coordinates that suit it, and what is known in them --------------------------------------------------

    @derived
    def energy_root(self) -> Array:
        """(k, d) R with M = R'R, as accurate as the samples are: `energy_matrix`, a product, is not always."""
        if self.hull is not None:
            return self.on_hull.energy_root @ self.hull.basis.T
        return self.neurons.energy_root(self)

    @derived
    def whitening(self) -> Whitening:
        """The coordinates in which a neuron's energy is its squared length: see `theory.geometry.whitening`."""
        if self.hull is not None:
            return self.on_hull.whitening.of_dependent(self.hull)
        return Whitening.of(self.energy_root, self.readout.targets, np.sqrt(self.modular_costs))

    proving: derived[ProofCoordinates] = derived(ProofCoordinates.of_problem)
    """The coordinates in which bounds are proven: `whitening`, but where samples are huge in it."""

    @derived
    def pricing(self) -> Pricing:
        """Exact pricing on the faces of the hull, for at most five sources, or a few samples of six or seven.

        Raises:
            InputError: the hull has too many faces.
        """
        inside = self.on_hull.feedforward
        return Pricing.of(self.height_sources.faces, self.whitening) if inside is self else inside.pricing

    @derived
    def polygon(self) -> Polygon | None:
        """The hull of two sources in whitened coordinates; None of others, or if its corners are not known in turn."""
        faces = self.height_sources.faces_if_few if self.dimension == 2 else None
        return Polygon.of(self.whitening.samples(faces.vertices)) if faces is not None and faces.in_turn else None

    symmetry: derived[Symmetry] = derived(WHITENED.symmetry)
    """Permutations of the vertices that leave what neurons and readout cost as it is, in whitened coordinates."""

    # ---- the modular code, the point of comparison everywhere -------------------------------------------------

    modular: derived[ModularCode] = derived(ModularCode)
    """The best modular code: what the cheapest neuron of each source alone costs, weights, loss."""

    @property
    def modular_costs(self) -> Array:
        """(d,) M_ii + m_i^2: cost of the cheapest neuron that reads source i alone with unit weight."""
        return self.modular.costs

    @property
    def modular_weights(self) -> Array:
        """(k, d) the best modular code, w_i = +-alpha_i e_i (docs/mathematics.md, "The modular code")."""
        return self.modular.weights

    @property
    def modular_loss(self) -> float:
        """Loss of the best modular code."""
        return self.modular.loss

    # ---- the easier problems that it comes to, each by one of `theory.reductions` --------------------------------

    in_order: derived[Problem] = derived(IN_ORDER.apply)
    """The problem with its sources in an order of their own, and channels and targets in one that follows."""

    column_order: derived[Indices] = derived(IN_ORDER.order)
    """(d,) the sources in that order; as given where the problem cannot be written in another."""

    channel_order: derived[Indices] = derived(IN_ORDER.channels)
    """(dx,) the channels in the order that they have there, which is that of what they carry."""

    target_order: derived[Indices] = derived(IN_ORDER.targets)
    """(r,) the targets in the order that they have there, likewise."""

    on_hull: derived[Problem] = derived(AFFINE_HULL.apply)
    """The problem of as many of the sources as tell the others, which is this one where none is told by others."""

    canonical: derived[Problem] = derived(CANONICAL.apply)
    """The problem in the form in which it is solved: f(w) = w'M w + h(w)^2, with h that of its own sources."""

    feedforward: derived[Problem] = derived(WITHOUT_LAYER.apply)
    """The problem without its recurrent layer."""

    whitened: derived[Problem] = derived(WHITENED.apply)
    """The problem in whitened coordinates, where correlated sources cost no digits: the same loss for a code."""

    @derived
    def separated(self) -> Problem:
        """The problem in which every neuron must read one group of sources only.

        Raises:
            InputError: there are no groups.
        """
        if self.separate:
            return self
        # Sources that tie keep the order that they have.
        return Problem.knowing({"column_order": self.column_order}, **(self.arguments | {"separate": True}))

    blocks: derived[tuple[Problem, ...]] = derived(GROUP_BY_GROUP.blocks)
    """The problem of the neurons of each group, which cost what they cost here. Empty where there are no groups."""

    parts: derived[tuple[Problem | None, ...]] = derived(GROUP_BY_GROUP.apply)
    """The groups by themselves, read out while the others are silent; None where no target needs one."""

    separable: derived[bool] = derived(GROUP_BY_GROUP.separable)
    """Whether it is plain that nothing is gained by neurons that read several groups."""

    _reduced: derived[LastReduced] = derived(LastReduced)

    # ---- others like it ---------------------------------------------------------------------------------------

    def part(self, members: Sequence[int]) -> Problem:
        """The problem of some of the sources by themselves, seen and decoded through their columns of the matrices.

        Without transitions, which may take these sources to others.

        Example:
            >>> Problem([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).part([0, 1]).dimension
            2
        """
        part: Problem = GROUP_BY_GROUP.part(self, members)
        return part

    def replaced(self, **changes: Any) -> Problem:
        """The problem with other values of some arguments of its constructor.

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
        names = ("sources", "mixing", *COSTS, "groups", "separate", "transitions", "recurrent_cost", "neurons")
        return {name: getattr(self, name) for name in names} | {"readout": self.given_readout}

    def among(self, rows: ArrayLike, *, listed: bool = True) -> Problem:
        """The problem if only some samples had to be encoded without going below zero: see `Sources.among`.

        Its optimum is no higher, and any lower bound on it is one here.

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
        reduced: Problem = self._reduced.by(SomeSamples(np.asarray(rows), listed))
        return reduced

    def terms(self, activity: Activity, encoder: Array) -> dict[str, Array]:
        """What neurons with this activity on the samples, and encoder weights (n, dx), pay by name: (n,) each.

        Example:
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> weights = np.array([[1.0, 0.0]])
            >>> activity = Activity.of(problem.sources, weights, np.array([1.0]))
            >>> {name: float(paid[0]) for name, paid in problem.terms(activity, weights).items()}
            {'activity': 2.0, 'encoder': 1.0}
        """
        return self.on_hull.neurons.terms(self.on_hull, activity, encoder)

    # ---- costs of any code ------------------------------------------------------------------------------------

    def neuron_cost(self, weights: ArrayLike) -> Array:
        """f(w) = w'M w + h(w)^2 for each row of weights (n, d).

        Example:
            >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> Problem(square, encoder_cost=0.5).neuron_cost([[1, 0], [1, 1]]).round(12).tolist()
            [2.5, 7.0]
        """
        rows = as_rows(weights, "weights", self.dimension)
        neurons = self.whitening.neurons(rows)
        return np.asarray(np.einsum("ni,ni->n", neurons, neurons) + self.height_sources.support(rows) ** 2)

    def readout_cost(self, gram_of_code: ArrayLike) -> float:
        """g(G) of a code's G (d, d); infinite where no decoder produces the targets.

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
        recurrent = 0.0 if self.recurrence is None else self.recurrence.value(rows.T @ rows)
        return float(self.neuron_cost(rows).sum()) + self.readout.value_of(rows) + recurrent
