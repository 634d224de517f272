"""A theorem: a hypothesis about problems and a prediction about their optimal code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from theory.arrays import Array
from theory.conditions import decide
from theory.errors import InputError
from theory.immutable import Frozen
from theory.problem import Problem
from theory.sources import EXACT_DIMENSION, Sources
from theory.theorems.hypotheses import Blocks, decodes_the_data

CITED_2023 = "Whittington, Dorrell, Ganguli, Behrens (ICLR 2023)"
CITED_2025 = "Dorrell et al. (ICLR 2025)"
CITED_2026 = "Dorrell et al. (ICLR 2026)"
SECTION = "this project; docs/mathematics.md, section 18"
NONLINEAR_KINDS = ("rectified", "free")


@dataclass(frozen=True, eq=False)
class Prediction(Frozen):
    """What a theorem says about the optimal code of one problem; None where it says nothing.

    Attributes:
        modular: whether the best modular code is optimal.
        only_modular: whether every optimal code is modular.
        most_price: the price of modularity is at most this.
        least_price: and at least this.
        parts: the problems of blocks of sources.
        separable: whether their optimal codes together are optimal, so that the losses add up.
        equal: another problem, and its optimal loss as a multiple of this one's.
        larger: another problem, and by how much this one's optimal loss is larger.
        silent: the sources that no neuron reads.
        limit: the problem without errors, whose optimal loss is larger by tr(Y G0), with G0 of this problem and Y
            between the two multipliers.
        loss: the optimal loss.
        most_loss: the optimal loss is at most this.
        modular_loss: the loss of the best modular code.
        floors: problems whose optimal loss is no larger than this one's.
        multiplier: (T, k) N, whose bound no code undercuts.
        falling: whether some neuron is less active where the one variable is larger.
        margin: distance from the data at which the prediction changes, without unit; NaN if there are none.

    Example:
        >>> Prediction(modular=True, most_price=0.0).only_modular
    """

    modular: bool | None = None
    only_modular: bool | None = None
    most_price: float | None = None
    least_price: float | None = None
    parts: tuple[Problem, ...] | None = None
    separable: bool | None = None
    equal: tuple[Problem, float] | None = None
    larger: tuple[Problem, float] | None = None
    silent: tuple[int, ...] | None = None
    limit: Problem | None = None
    loss: float | None = None
    most_loss: float | None = None
    modular_loss: float | None = None
    floors: tuple[Problem, ...] | None = None
    multiplier: Array | None = None
    falling: bool | None = None
    margin: float = float("nan")


@dataclass(frozen=True)
class Theorem:
    """A statement about optimal codes.

    Attributes:
        name: short, with hyphens.
        statement: one or two plain sentences.
        latex: the formula.
        source: paper and theorem, or "this project".
        proof: why it holds, in a paragraph.
        hypothesis: whether it applies to a problem.
        prediction: what it says, where the hypothesis holds.
        recurrent: whether it applies to problems with a recurrent layer; all others do not.
        exact: whether it applies to the exact decoder of the data alone.
        activations: the kinds of neurons of which it speaks; of others it says nothing.
        dependent: whether it speaks of sources that others tell, and of no others; all else speaks of none of these.

    Example:
        >>> from theory.theorems import THEOREMS
        >>> THEOREMS["independence"].source
        'Whittington, Dorrell, Ganguli, Behrens (ICLR 2023), theorems 1 and 2'
    """

    name: str
    statement: str
    latex: str
    source: str
    proof: str
    hypothesis: Callable[[Problem], bool]
    prediction: Callable[[Problem], Prediction]
    recurrent: bool = False
    exact: bool = False
    activations: tuple[str, ...] = ("linear",)
    dependent: bool = False

    def __post_init__(self) -> None:
        for name in ("statement", "latex", "proof"):  # written over several lines
            object.__setattr__(self, name, " ".join(getattr(self, name).split()))

    @property
    def scope(self) -> str:
        """The codes it applies to: their neurons, how they are read out, and whether there is a recurrent layer.

        Example:
            >>> from theory.theorems import THEOREMS
            >>> THEOREMS["independence"].scope
            'linear neurons, an exact decoder of the data, and no recurrent layer'
        """
        readout = "an exact decoder of the data" if self.exact else "any readout that the statement allows"
        neurons = " or ".join(self.activations)
        return f"{neurons} neurons, {readout}, and {'a' if self.recurrent else 'no'} recurrent layer"

    def applies(self, data: Problem | Sources) -> bool:
        """Whether the hypothesis holds, for sources alone with costs of one and no mixing.

        Of sources that are told by others most theorems say nothing.

        Example:
            >>> from theory import Sources
            >>> from theory.theorems import THEOREMS
            >>> box, triangle = Sources([[0, 0], [0, 1], [1, 0], [1, 1]]), Sources([[0, 0], [0, 1], [1, 0]])
            >>> [THEOREMS["range-independence"].applies(sources) for sources in (box, triangle)]
            [True, False]
        """
        problem = _posed(data)
        in_scope = problem.transitions is None or self.recurrent
        if problem.neurons.name not in self.activations or problem.dependent != self.dependent:
            return False
        return in_scope and (decodes_the_data(problem) or not self.exact) and self.hypothesis(problem)

    def predict(self, data: Problem | Sources) -> Prediction:
        """The prediction.

        Raises:
            InputError: the hypothesis does not hold.

        Example:
            >>> from theory import Sources
            >>> from theory.theorems import THEOREMS
            >>> THEOREMS["range-independence"].predict(Sources([[0, 0], [0, 1], [1, 0], [1, 1]])).modular
            True
        """
        problem = _posed(data)
        if not self.applies(problem):
            raise InputError(f"theorem {self.name}: its hypothesis does not hold for {problem!r}")
        return self.prediction(problem)


def _posed(data: Problem | Sources) -> Problem:
    return data if isinstance(data, Problem) else Problem(data)


# ---- hypotheses and predictions of several theorems ----------------------------------------------------------------


def decidable(problem: Problem) -> bool:
    """Whether there are few enough sources for the condition to be checked on every face of the hull."""
    return problem.dimension <= EXACT_DIMENSION


def is_modular(_: Problem) -> Prediction:
    """The best modular code is optimal."""
    return Prediction(modular=True)


def is_mixed(_: Problem) -> Prediction:
    """The best modular code is not optimal."""
    return Prediction(modular=False)


def as_decided(problem: Problem) -> Prediction:
    """What the condition says, and by what margin."""
    verdict = decide(problem)
    return Prediction(modular=verdict.modular, margin=abs(verdict.margin))


def in_parts(problem: Problem, blocks: Blocks, *, separable: bool = True) -> Prediction:
    """Blocks of sources have separate neurons, or share some."""
    return Prediction(parts=tuple(problem.part(block) for block in blocks), separable=separable)
