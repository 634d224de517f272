"""What every code with a certificate has: a network, what it costs, and what is proven about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from solver.certificate.worth import optimality_gap, within_loss
from solver.codes.reads import scale_ratio
from solver.plain import attributes
from theory.conditions.practically import PRACTICALLY, excess, practically_modular
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs import as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from solver.ambiguity import Ambiguity
    from theory.arrays import Array
    from theory.problem import Problem

SAVED_TEXTS = ("status", "method", "message")  # words that a file or a JSON object holds of every code

NETWORK_ARRAYS = ("encoder", "encoder_bias", "decoder", "decoder_bias", "neuron_costs", "multiplier")
"""Arrays that a file or a JSON object holds of every code."""

SAVED_NUMBERS = ("loss", "lower_bound", "gap", "tolerance", "modular_loss", "iterations", "seconds")
"""Numbers that a file or a JSON object holds of every code."""

JUDGED = ("price_of_modularity", "price_bounds", "practically", "practically_modular", "modular")
"""What a JSON object says of modularity."""

UNPROVEN: dict[str, Any] = {"status": "unproven", "lower_bound": 0.0, "gap": 1.0}
"""The certificate of a code of which nothing is proven yet; `CertifiedCode.bounded_by` gives it one."""


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class CertifiedCode(Frozen):
    """A network with nonnegative neurons, its loss, and a proven lower bound; `Code` and `NonlinearCode` are of it.

    The fields are those that `Representation` and `NonlinearRepresentation` list, and share.
    """

    status: str
    method: str
    message: str
    loss: float
    lower_bound: float
    gap: float
    modular: bool | None
    modular_loss: float
    encoder: Array
    encoder_bias: Array
    decoder: Array
    decoder_bias: Array
    energies: dict[str, float]
    neuron_costs: Array
    multiplier: Array
    iterations: int
    seconds: float
    problem: Problem
    tolerance: float = float("nan")
    practically: float = PRACTICALLY

    def __len__(self) -> int:
        return len(self.encoder_bias)

    # ---- what a kind of code says itself ------------------------------------------------------------------------

    if TYPE_CHECKING:

        @property
        def modular_lower_bound(self) -> float:
            """Proven lower bound on the loss of any modular code; NaN for data without known sources."""
            raise NotImplementedError

        def activity(self, sources: ArrayLike | None = None) -> Any:
            """Activity z (T, n) >= 0 on the problem's samples, or on other sources (T, d)."""
            raise NotImplementedError

        def mostly_reads(self) -> list[tuple[str | None, float]]:
            """For each neuron the source that it mostly reads, or the group, and the share of all others together."""
            raise NotImplementedError

        def coded_groups(self) -> list[tuple[str, ...]]:
            """For each neuron the names of the groups it reads; of the sources where there are no groups."""
            raise NotImplementedError

        def ambiguity(self, *, quick: bool = False) -> Ambiguity:
            """Whether other neurons would do as well."""
            raise NotImplementedError

    # ---- what follows ---------------------------------------------------------------------------------------------

    @property
    def price_of_modularity(self) -> float:
        """How much more the best modular code found costs: modular_loss / loss - 1. See `price_bounds`.

        NaN where there is none to compare with.
        """
        return excess(self.modular_loss, self.loss) if not np.isnan(self.modular_loss) else float("nan")

    @property
    def price_bounds(self) -> tuple[float, float]:
        """What the price of modularity is proven to be at least and at most; infinite where no bound is known.

        NaN where there is no modular code to compare with, as of data without known sources.

        Example:
            >>> from solver import Problem, solve
            >>> least, most = solve(Problem([[0, 0], [0, 1], [1, 0]])).price_bounds
            >>> 0.0019 < least <= most < 0.002
            True
        """
        if np.isnan(self.modular_loss):
            return float("nan"), float("nan")
        return excess(self.modular_lower_bound, self.loss), excess(self.modular_loss, self.lower_bound)

    @property
    def practically_modular(self) -> bool | None:
        """Whether the price of modularity is proven to be at most `practically`; None where that is open.

        None too for data without known sources.

        Example:
            >>> from solver import Problem, solve
            >>> few, many = (np.random.default_rng(0).uniform(size=(count, 2)) for count in (100, 10_000))
            >>> [(answer.modular, answer.practically_modular) for answer in (solve(Problem(few)), solve(Problem(many)))]
            [(False, False), (False, True)]
        """
        return None if self.modular is None else practically_modular(*self.price_bounds, self.practically)

    def reconstruct(self, activity: ArrayLike) -> Any:
        """What is decoded, (T, r), from activity (T, n): the data, or other targets.

        Raises:
            InputError: activity with another number of columns than there are neurons.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> bool(np.allclose(answer.reconstruct(answer.activity()), answer.problem.sources.points))
            True
        """
        z = np.asarray(activity, dtype=np.float64) if not len(self) else as_matrix(activity, "activity")
        if z.ndim != 2 or z.shape[1] != len(self):
            raise InputError(f"activity: {z.shape[-1]} column(s), but the code has {len(self)} neurons")
        return np.asarray(z @ self.decoder.T + self.decoder_bias)

    def bounded_by(self, bound: float, unproven: str, **others: Any) -> Self:
        """The code with another lower bound, and the gap and status that follow from it.

        Args:
            bound: lower bound on the loss, proven up to rounding; above the loss it is lowered (`within_loss`).
            unproven: the status if the gap is beyond the tolerance.
            others: fields that change with it, such as the multiplier.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> answer.bounded_by(answer.loss / 2, "bounded").status, answer.bounded_by(answer.loss * 1.01, "").gap
            ('bounded', 0.01)
        """
        value = within_loss(bound, self.loss)
        gap = optimality_gap(self.loss, value)
        status = "optimal" if gap <= self.tolerance else unproven
        return replace(self, lower_bound=value, gap=gap, status=status, **others)

    def _plain(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What a JSON object says of every code, and the fields of these names, as numbers, words and lists.

        Args:
            names: of fields that only this kind of code has.
        """
        plain = attributes(self, *JUDGED, "energies", *SAVED_TEXTS, *SAVED_NUMBERS, *names)
        mostly = self.mostly_reads()
        plain |= {"mostly_reads": [name for name, _ in mostly], "shares_of_others": [share for _, share in mostly]}
        plain |= {"sources": list(self.problem.sources.names), "scale_ratio": scale_ratio(self.problem)}
        return plain | self.problem.sources.summary() | {"ambiguity": self.ambiguity(quick=True).to_dict()}
