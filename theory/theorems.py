"""The registry of theorems: what is assumed, what follows, why, and who showed it.

Each theorem is a predicate on problems and a prediction about their optimal code, so that `modularity theorems` can
print it and a solver can be held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from theory.conditions import CONDITION_TOLERANCE, decide, modular_multiplier
from theory.errors import InputError, unknown_name
from theory.frequencies import frequencies_of
from theory.hypotheses import (
    Blocks,
    faces_allow_modularity,
    independent_sources,
    is_range_independent,
    orthonormal_mixing,
    product_blocks,
)
from theory.problem import Problem
from theory.sources import EXACT_DIMENSION, Sources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["THEOREMS", "Prediction", "Theorem", "theorem"]


@dataclass(frozen=True)
class Prediction:
    """What a theorem says about the optimal code of one problem. What it is silent about is None.

    Attributes:
        modular: whether the best modular code is optimal.
        unique: whether no other code is.
        most_price: the price of modularity is at most this.
        parts: the problems of blocks of sources;  separable: whether their optimal codes together are optimal, so
            that the losses add up.
        equal: another problem, and the factor by which its optimal loss exceeds this one's.
        margin: how far the data are from where the prediction changes, without unit; NaN if there is no such place.
    """

    modular: bool | None = None
    unique: bool | None = None
    most_price: float | None = None
    parts: tuple[Problem, ...] | None = None
    separable: bool | None = None
    equal: tuple[Problem, float] | None = None
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
        hypothesis: whether it speaks about a problem.
        prediction: what it says; only to be asked where the hypothesis holds.
    """

    name: str
    statement: str
    latex: str
    source: str
    proof: str
    hypothesis: Callable[[Problem], bool]
    prediction: Callable[[Problem], Prediction]

    def applies(self, data: Problem | Sources) -> bool:
        """Whether the hypothesis holds, for sources alone with costs of one and no mixing."""
        return self.hypothesis(_problem(data))

    def predict(self, data: Problem | Sources) -> Prediction:
        """The prediction.

        Raises:
            InputError: the hypothesis does not hold.
        """
        problem = _problem(data)
        if not self.hypothesis(problem):
            raise InputError(f"theorem {self.name}: its hypothesis does not hold for {problem!r}")
        return self.prediction(problem)


def _problem(data: Problem | Sources) -> Problem:
    return data if isinstance(data, Problem) else Problem(data)


def theorem(name: str) -> Theorem:
    """The theorem of that name.

    Raises:
        InputError: unknown; the message lists the near names.

    Example:
        >>> theorem("range-independence").applies(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]))
        True
    """
    if name not in THEOREMS:
        raise InputError(unknown_name("theorem", name, THEOREMS))
    return THEOREMS[name]


# ---- hypotheses and predictions -----------------------------------------------------------------------------------


def _decidable(problem: Problem) -> bool:
    return problem.dimension <= EXACT_DIMENSION


def _modular(_: Problem) -> Prediction:
    return Prediction(modular=True)


def _mixed(_: Problem) -> Prediction:
    return Prediction(modular=False)


def _decided(problem: Problem) -> Prediction:
    verdict = decide(problem)
    return Prediction(modular=verdict.modular, margin=abs(verdict.margin))


def _condition(problem: Problem) -> Array:
    return modular_multiplier(problem) - problem.energy_matrix


def _ellipsoid_exists(problem: Problem) -> bool:
    if not (2 <= problem.dimension <= EXACT_DIMENSION):
        return False
    least = problem.sources.least_bias
    return bool(np.linalg.eigvalsh(_condition(problem) / np.outer(least, least))[0] > CONDITION_TOLERANCE)


def _inside_facets(problem: Problem) -> Prediction:
    facets = problem.sources.fan.facets
    reach = np.einsum("ri,ij,rj->r", facets, _condition(problem), facets)
    # Facets that cut an axis are always tight; the margin is that of the nearest other.
    loose = reach[np.abs(reach - 1) > CONDITION_TOLERANCE]
    margin = float(np.abs(loose - 1).min(initial=1.0))
    return Prediction(modular=bool(reach.max() <= 1 + CONDITION_TOLERANCE), margin=margin)


def _strict(problem: Problem) -> bool:
    return _decidable(problem) and problem.dimension > 1 and decide(problem).margin > UNIQUE


def _price(problem: Problem) -> Prediction:
    return Prediction(most_price=decide(problem).price_bound)


def _in_blocks(problem: Problem) -> bool:
    blocks = product_blocks(problem)
    return len(blocks) > 1 and _mixing_keeps(problem, blocks)


def _mixing_keeps(problem: Problem, blocks: Blocks) -> bool:
    """Whether A'A has no entries between blocks."""
    block_of = np.empty(problem.dimension, dtype=int)
    for number, block in enumerate(blocks):
        block_of[list(block)] = number
    between = block_of[:, None] != block_of
    size = np.sqrt(np.outer(np.diag(problem.gram), np.diag(problem.gram)))
    return bool((np.abs(problem.gram / size)[between] <= 1e-12).all())


def _parts(problem: Problem, blocks: Blocks, *, separable: bool = True, margin: float = float("nan")) -> Prediction:
    parts = tuple(problem.part(block) for block in blocks)
    return Prediction(parts=parts, separable=separable, margin=margin)


def _frequencies(problem: Problem) -> Prediction:
    pair = frequencies_of(problem)
    assert pair is not None
    return _parts(problem, ((0, 1), (2, 3)), separable=not pair.harmonic, margin=abs(1 - pair.reach()))


def _other_units(problem: Problem) -> Prediction:
    """Sources in other units and another order, undone by the mixing; costs and data scaled together."""
    dimension = problem.dimension
    order = np.arange(dimension)[::-1]
    units = 2.0 ** (1 + np.arange(dimension) % 3) * np.where(np.arange(dimension) % 2, -1, 1)
    sources = problem.sources
    if sources.from_samples:
        moved = Sources(sources.points[:, order] * units + 1.0, sources.probabilities)
    else:
        covariance = sources.covariance[np.ix_(order, order)] * np.outer(units, units)
        moved = Sources.from_moments(covariance, sources.points[:, order] * units, sources.mean[order] * units)
    mixing = problem.mixing[:, order] / units
    other = Problem(moved, mixing=mixing, encoder_cost=problem.encoder_cost, decoder_cost=4 * problem.decoder_cost)
    return Prediction(equal=(other, 2.0))


UNIQUE = 1e-6
"""Margin from which a numerical optimum can be told from its competitors."""

CITED_2023 = "Whittington, Dorrell, Ganguli, Behrens (ICLR 2023)"
CITED_2025 = "Dorrell et al. (ICLR 2025)"

_REGISTERED = (
    Theorem(
        name="exact-condition",
        statement="The optimal code is modular if and only if no direction `w` has `w'Fw > h(w)^2`.",
        latex=r"h(w)^2 \ge w^\top F w \quad \text{for every } w, \qquad h(w) = \max_t\, (-w^\top s_t)",
        source=f"{CITED_2025}, modularity theorem; with mixing and weight costs: this project",
        proof=(
            "The loss is convex in the measure over neurons, so a code is optimal if and only if no neuron earns "
            "more than it costs at its multiplier `Y`, `w'Yw <= f(w) = w'Mw + h(w)^2`. At the best modular code "
            "`Y - M = F`. The command modularity derive shows every step."
        ),
        hypothesis=_decidable,
        prediction=_decided,
    ),
    Theorem(
        name="ellipsoid",
        statement=(
            "Where `F` is positive definite, the optimal code is modular if and only if the ellipsoid `y'F^-1 y "
            "<= 1` lies inside the hull of `-S`: one test `a'Fa <= 1` for each facet `a.y <= 1`."
        ),
        latex=r"\{y : y^\top F^{-1} y \le 1\} \subseteq \operatorname{conv}(-S) \iff a^\top F a \le 1 "
        r"\text{ for every facet } \{a^\top y \le 1\}",
        source=f"{CITED_2025}, figure 1; facet by facet: this project",
        proof=(
            "The support function of the ellipsoid is `sqrt(w'Fw)` and that of the hull is `h(w)`, and one convex"
            " set lies in another if and only if its support function is nowhere larger. A polytope is the "
            "intersection of its facets' half-spaces, and the ellipsoid lies in the half-space `a.y <= 1` if and "
            "only if `sqrt(a'Fa) <= 1`."
        ),
        hypothesis=_ellipsoid_exists,
        prediction=_inside_facets,
    ),
    Theorem(
        name="range-independence",
        statement=(
            "If every source reaches its ends whatever the others do (the hull is a box) and the mixing is "
            "orthonormal, the optimal code is modular, whatever the correlations."
        ),
        latex=r"\operatorname{conv}(S) = \prod_i [\ell_i, u_i],\; A^\top A = 1 \;\Longrightarrow\; \text{modular}",
        source=f"{CITED_2025}, range independence",
        proof=(
            "In a box `h(w) = sum_i h_i |w_i|` with `h_i >= m_i`, so `h(w)^2 - w'Fw >= sum_{i != j} (h_i h_j |w_i"
            " w_j| + w_i w_j C_ij)`. A variable `x >= -a` of mean zero and a variable `y >= -b` of mean zero have"
            " `E[xy] >= -ab`, because `E[(x + a)(y + b)] >= 0`; applied to `x = w_i s_i` and `y = w_j s_j`, every"
            " term is nonnegative."
        ),
        hypothesis=lambda problem: orthonormal_mixing(problem) and is_range_independent(problem),
        prediction=_modular,
    ),
    Theorem(
        name="independence",
        statement="If the sources are independent and the mixing is orthonormal, the optimal code is modular.",
        latex=r"p(s) = \prod_i p_i(s_i),\; A^\top A = 1 \;\Longrightarrow\; \text{modular}",
        source=f"{CITED_2023}, theorem 1",
        proof="Independent sources have a product support, whose hull is a box: range independence.",
        hypothesis=lambda problem: orthonormal_mixing(problem) and independent_sources(problem),
        prediction=_modular,
    ),
    Theorem(
        name="face-condition",
        statement=(
            "Modularity needs, for each source, that the point `F_i / m_i` (row `i` of `F`) lies in the hull of "
            "the samples that are at the nearer end of that source. So generic clouds, with a single sample "
            "there, are never exactly modular."
        ),
        latex=r"\text{modular} \;\Longrightarrow\; \tfrac{1}{m_i} F_{i\cdot} \in \operatorname{conv}\{-s_t : "
        r"s_{t,i} = -m_i\} \text{ for every } i",
        source=f"{CITED_2025}, corollary; general mixing: this project",
        proof=(
            "On the axis `e_i` both sides of the condition are `m_i^2`. Leaving it towards `v`, the left side "
            "rises at `2 m_i` times the largest `y.v` over the face, the right side at `2 F_i.v`; so `F_i / m_i` "
            "must not reach beyond the face's hull in any direction `v`."
        ),
        hypothesis=lambda problem: problem.dimension > 1 and not faces_allow_modularity(problem),
        prediction=_mixed,
    ),
    Theorem(
        name="general-mixing",
        statement=(
            "Under any mixing of full column rank the condition is the same with another `F`; a box-shaped "
            "support is then no longer enough."
        ),
        latex=r"F_{ij} = K_{ij}\sqrt{\frac{(M_{ii}+m_i^2)(M_{jj}+m_j^2)}{K_{ii}K_{jj}}} - M_{ij}, \qquad K = A^\top A",
        source="this project; special cases in Dorrell et al. (ICLR 2025), appendix",
        proof=(
            "The readout costs `mu tr(K G^-1)`, so its multiplier at a diagonal `G` is `mu K_ij / (G_ii G_jj)`, "
            "and stationarity gives `G_ii`. The command modularity derive --mixing general shows every step."
        ),
        hypothesis=lambda problem: _decidable(problem) and not orthonormal_mixing(problem),
        prediction=_decided,
    ),
    Theorem(
        name="uniqueness",
        statement="If the inequality is strict off the axes, the best modular code is the only optimal code.",
        latex=r"h(w)^2 > w^\top F w \text{ for every } w \text{ with two nonzero entries} \;\Longrightarrow\; "
        r"\text{every optimal code is modular}",
        source="this project",
        proof=(
            "`g` is strictly convex, so all optimal codes share `G` and hence `Y`, and every neuron of an optimal"
            " code earns exactly what it costs, `w'Yw = f(w)`. If only the axes do, all neurons are modular; and "
            "the strength of a source's neurons is fixed by `G_ii`."
        ),
        hypothesis=_strict,
        prediction=lambda problem: Prediction(modular=True, unique=True, margin=decide(problem).margin),
    ),
    Theorem(
        name="price-of-modularity",
        statement="Insisting on a modular code costs at most the share `sqrt(rho) - 1`, `rho = max_w w'Yw / f(w)`.",
        latex=r"\frac{L_{\text{modular}}}{L^*} - 1 \le \sqrt{\rho} - 1, \qquad \rho = \max_w \frac{w^\top Y w}{f(w)}",
        source="this project",
        proof=(
            "`Y / rho` is feasible in the dual, so `L* >= 2 sqrt(mu) tr((K^1/2 Y K^1/2)^1/2) / sqrt(rho)`; and at"
            " the multiplier of the best modular code the numerator is its loss, `L_modular`."
        ),
        hypothesis=_decidable,
        prediction=_price,
    ),
    Theorem(
        name="block-modularity",
        statement=(
            "If the hull of the support is a product over groups of sources and `A'A` has no entries between the "
            "groups, then the groups' optimal codes side by side are optimal, whatever the correlations between "
            "groups."
        ),
        latex=r"\operatorname{conv}(S) = \prod_b \operatorname{conv}(S_b) \;\Longrightarrow\; L^*(S) = \sum_b L^*(S_b)",
        source="this project; for groups of one source it is range independence",
        proof=(
            "Let `Y` be block diagonal, made of the groups' multipliers. Then `f(w) - w'Yw >= sum_{b != c} (w_b' "
            "C_bc w_c + h_b(w_b) h_c(w_c))`, and each term is nonnegative because `x = w_b.s_b >= -h_b` and `y = "
            "w_c.s_c >= -h_c` have mean zero, so `E[(x + h_b)(y + h_c)] >= 0`."
        ),
        hypothesis=_in_blocks,
        prediction=lambda problem: _parts(problem, product_blocks(problem)),
    ),
    Theorem(
        name="frequency-pairs",
        statement=(
            "Two oscillations (a cosine and a sine of each of two frequencies, sampled evenly) have their own "
            "neurons if neither frequency is a multiple of the other, and share neurons if one is."
        ),
        latex=r"\omega_2 = k\,\omega_1,\; k \in \{2, 3, \dots\} \iff L^* < L^*_1 + L^*_2",
        source=f"{CITED_2025}, figure 3; as a statement about time on the circle: this project",
        proof=(
            "By symmetry each oscillation's best code has `G` proportional to the identity, and the condition for"
            " both together becomes `h(w) >= |w|` (amplitudes and costs cancel). If `omega_2 = k omega_1`, take "
            "`w = (e cos theta, u sin theta)`, `e` and `u` unit vectors such that the second wave is at its "
            "lowest where the first peaks: `h(w) = cos theta - sin theta + O(theta^2) < 1`. Otherwise the faster "
            "wave sees the peaks of the slower at phases spread over the circle (and the other way round), so at "
            "one of them it does not push down to first order; where it is zero there, moving along the flank "
            "wins to second order; for directions in between, `h(w) >= |w|` is checked on a grid by the program. "
            "Incommensurate frequencies fill the torus, a product support."
        ),
        hypothesis=lambda problem: frequencies_of(problem) is not None,
        prediction=_frequencies,
    ),
    Theorem(
        name="invariances",
        statement=(
            "The optimal loss does not change with the units, signs, order and offsets of the sources if the "
            "mixing undoes them, nor with rotations of the data; it grows like the root of the decoder cost, and "
            "so the verdict does not depend on it."
        ),
        latex=r"L^*(SD, AD^{-1}, \lambda, \mu) = L^*(S, A, \lambda, \mu), \qquad "
        r"L^*(\dots, c\mu) = \sqrt{c}\, L^*(\dots, \mu)",
        source="this project",
        proof=(
            "The data `x = As` are the same, and a neuron is a function of the data; only `A'A` enters. Scaling "
            "all weights by `r` turns the energy `E` and the readout `g` into `r^2 E + g / r^2`, whose minimum "
            "over `r` is `2 sqrt(E g)`."
        ),
        hypothesis=_decidable,
        prediction=_other_units,
    ),
)

THEOREMS: Mapping[str, Theorem] = MappingProxyType({entry.name: entry for entry in _REGISTERED})
"""All theorems by name, in the order in which they build on each other."""
