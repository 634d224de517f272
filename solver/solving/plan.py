"""Which way a problem is solved: one pure function of its size and form, and of the time that is left.

1. Neurons that are to keep to their groups, or gain nothing by reading several, are found group by group.
2. A code in closed form, the modular one or the best separate one, comes first where it may be optimal: the run looks
   whether its bound meets it, and asks for another plan where it does not.
3. Of too many samples some are looked at, and more where others are violated.
4. Where the faces of the hull are few and there is time to list them, neurons are priced exactly on them.
5. Where permutations of the samples change nothing, a neuron and a cell of directions stand for all their images.
6. Else a few sources are bounded cell by cell, and more of them by one relaxation; of too many samples it uses some.
7. Targets that leave sources out are decoded nearly exactly first, and a recurrent layer is added to the code that is
   best without one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from theory.geometry.face_lattice import FaceLattice
from theory.geometry.polytope import has_more_facets
from theory.problem import Problem
from theory.reductions import PartialTargets, Reduction, SomeSamples
from theory.sources import EXACT_DIMENSION

BoundBy = Literal["faces", "relaxation", "method"]


@dataclass(frozen=True)
class Sizes:
    """Sizes at which one way is left for another: all those of the program, but for what `theory` itself refuses.

    How many rows or numbers an algorithm holds at a time, and how many rounds it may take, is its own business.
    """

    exact_sources: int = EXACT_DIMENSION  # the faces of any hull of so many sources are listed
    few_sources: int = 7  # bounded cell by cell at the multiplier of the code, within a minute on most data
    first_bounded_sources: int = 16  # the lifted relaxation is sooner solved than a good code is found
    lifted_sources: int = 30  # it is solved at all: with 20 sources it takes seconds, with 30 a minute or two
    symmetric: int = 2  # elements of a symmetry for each source, from which on it pays to use it
    most_samples: int = 3_000  # all are looked at
    many_samples_from: int = 5  # sources; of fewer the vertices of a million samples are few enough
    # Of a hull of six or seven sources are listed at least: 40,000 of simplices alone, a third of these where many
    # samples lie on one.
    facets_per_second: float = 25_000
    share_of_hull: float = 0.5  # of the time that is left, which the list may take
    expensive_faces: int = 500_000  # take a second or two to price: first a good code comes from ascents
    faces_per_second: float = 250_000  # are priced at least
    conic_sources: int = 4  # largest order in which doubly nonnegative matrices are completely positive
    # With four sources, Clarabel and 2,700 cones it took 7 s to compile, 3 s to solve and 350 MB; with 6,600 cones
    # 20 s, 9 s and 680 MB. SCS takes five times as long to solve, CVXOPT a minute for 500 cones.
    conic_cones: int = 5_000
    box_corners: int = 1 << 14  # all of them samples, that are looked at first of many samples: they prove it modular
    cells: int = 10_000  # of directions that are bounded one by one, after which the bound is what it is
    cells_of_few: int = 1_000  # the same for few sources, where two hundred are usual, and then rounding is in the way
    symmetric_cells: int = 600  # that stand for their images, after which the lifted relaxation is tried
    relaxed_samples: int = 1_500  # whose inequalities a relaxation uses: every pair of these is looked at
    samples_together: int = 4_096  # of a problem that is posed and solved with others
    corners_of_two: int = 200  # of the hull of two sources that is searched with others
    corners_of_three: int = 120  # the same of three sources
    lines: int = 300  # of touching neurons, from which a mixed-integer program chooses few
    lines_at_once: int = 100  # the same where only a second or two may be taken
    orders: int = 20_000  # in which a root without negative entries is tried
    cone_sources: int = 3  # of rectified neurons, whose worth is bounded by cones; of more by a relaxation
    rectified_samples: int = 200  # for which this is solved: of more it proves little in its time
    interior_samples: int = 40  # up to which interior points solve it in seconds; of more a method of first order does
    free_neurons: int = 400  # among which fewer are sought by least squares: with more that takes long
    tuning_rank: int = 7  # of tuning curves, up to which the extreme rays of those with their similarities are listed
    tuning_rays: int = 400  # up to which these are looked at
    rays_in_pairs: int = 40  # up to which tuning curves between two of them are tried too
    network_variables: int = 300  # of a network in time that is improved: a step takes their number cubed


SIZES = Sizes()


@dataclass(frozen=True)
class Plan:
    """The way that a problem is solved.

    Attributes:
        method: what runs.
        why: the reason, in words for the message of the answer.
        reductions: kinds that are chosen ever finer as the search goes on, in this order; those of
            `theory.reductions.Chain` come before them.
        bound_by: what proves the bound: the faces of the hull, a relaxation, or whatever the method has.
        proof_first: the code in closed form that is the answer if its bound meets it; None where none is tried.

    Example:
        >>> from solver import Problem
        >>> plan(Problem([[0, 0], [0, 1], [1, 0]])).proof_first
        'modular'
        >>> plan(Problem([[0, 0], [0, 1], [1, 0]]), unproven=True).method
        'columns'
    """

    method: str
    why: str
    reductions: tuple[type[Reduction], ...] = ()
    bound_by: BoundBy = "method"
    proof_first: Literal["modular", "separate"] | None = None


def is_small(problem: Problem) -> bool:
    """Whether the faces of the hull are listed whatever it looks like: of more sources only if they are few."""
    return problem.dimension <= SIZES.exact_sources


def has_few_sources(problem: Problem) -> bool:
    """Whether the cells at the multiplier of the best code prove all there is."""
    return problem.dimension <= SIZES.few_sources


def is_lifted(problem: Problem) -> bool:
    """Whether the lifted relaxation is solved."""
    return problem.dimension <= SIZES.lifted_sources


def is_bounded_first(problem: Problem) -> bool:
    """Whether the lifted relaxation comes before the code."""
    return problem.dimension <= SIZES.first_bounded_sources


def is_symmetric(problem: Problem) -> bool:
    """Whether so many permutations of the samples change nothing that it pays to use them."""
    return len(problem.symmetry) >= SIZES.symmetric * problem.dimension


def has_many_samples(problem: Problem) -> bool:
    """Whether there are more samples than it pays to look at all together."""
    apart = problem.separate or problem.separable
    many = problem.dimension >= SIZES.many_samples_from and len(problem.sources.points) > SIZES.most_samples
    return many and not apart


def prices_slowly(faces: int) -> bool:
    """Whether to price so many faces once takes seconds."""
    return faces > SIZES.expensive_faces


def seconds_to_price(faces: int) -> float:
    """How long that takes at most."""
    return faces / SIZES.faces_per_second


def faces_in_time(problem: Problem, seconds: float) -> FaceLattice | None:
    """The faces of the hull, if they are few and known, or listed in the time that is left; of few sources always."""
    sources = problem.sources
    if not (is_small(problem) or math.isinf(seconds) or "faces_if_few" in vars(sources) or sources.hull is not None):
        most = SIZES.share_of_hull * SIZES.facets_per_second * max(seconds, 0.0)
        if not sources.has_few_vertices or has_more_facets(sources.vertices, most):
            return None
    return sources.faces_if_few


def most_cells(problem: Problem) -> int:
    """Into how many cells directions are cut at most."""
    return SIZES.cells_of_few if has_few_sources(problem) else SIZES.cells


def samples_relaxed(samples: int) -> int:
    """The number of these samples whose inequalities a relaxation uses; it is valid without the others, too."""
    return min(samples, SIZES.relaxed_samples)


def plan(problem: Problem, method: str = "auto", *, unproven: bool = False, seconds: float = math.inf) -> Plan:
    """Decide how to solve a problem.

    Args:
        problem: in canonical form.
        method: what was asked for; "auto" chooses.
        unproven: whether the code in closed form has been tried, and its bound does not meet it.
        seconds: time that is left.

    Example:
        >>> from solver import Problem
        >>> plan(Problem([[0, 0], [0, 1], [1, 0]]), "relaxation").why
        'as asked'
    """
    feedforward = problem.feedforward  # step 7: a recurrent layer comes last
    if method != "auto":
        return _plan_of(problem, method, "as asked", seconds)
    if feedforward.separate:  # step 1
        return _plan_of(problem, "groups", "every neuron is to read one group", seconds)
    if feedforward.separable:
        why = "the hull is a product over the groups, so that their own codes side by side are optimal"
        return _plan_of(problem, "groups", why, seconds)
    if feedforward.sources.identified and not unproven:  # step 2
        if problem.groups is None:
            return Plan("modular", "", _reductions(problem, "modular"), proof_first="modular")
        return Plan("groups", "", _reductions(problem, "groups"), proof_first="separate")
    return _searching(problem, seconds)


def _searching(problem: Problem, seconds: float) -> Plan:
    """Steps 3 to 6: the plan where no code in closed form is proven optimal."""
    feedforward = problem.feedforward
    few, identified = has_few_sources(feedforward), feedforward.sources.identified
    code = "modular" if feedforward.groups is None else "separate"
    unproven = f"the {code} code is not proven optimal; " if identified else ""
    if has_many_samples(feedforward):  # step 3
        bounded = "" if few else "; bounded by a relaxation; method='relaxation' tightens"
        count = feedforward.sources.count
        why = f"{unproven}of {count:,} samples those are looked at that matter{bounded}"
        return _plan_of(problem, "columns", why, seconds)
    faces = faces_in_time(feedforward, seconds)
    if faces is not None and faces.complete:  # step 4
        failed = "the modularity condition fails; " if is_small(feedforward) and identified else unproven
        why = f"{failed}priced exactly on up to {faces.most_faces:,} faces of the hull"
        return _plan_of(problem, "columns", why, math.inf)
    some = _samples_relaxed_in_words(feedforward)
    if is_symmetric(feedforward):  # step 5
        why = f"{unproven}{len(feedforward.symmetry):,} permutations of the samples change nothing{some}"
        return _plan_of(problem, "symmetric", why, seconds)
    if few:  # step 6
        return _plan_of(problem, "relaxation", f"{unproven}bounded cell by cell{some}", seconds)
    why = f"{feedforward.dimension} sources: priced by local ascent and bounded by a relaxation{some}"
    return _plan_of(problem, "columns", f"{why}; method='relaxation' tightens", seconds)


def _samples_relaxed_in_words(problem: Problem) -> str:
    """Words for the samples whose inequalities a relaxation uses; none where it uses those of all."""
    count = len(problem.sources.vertices)
    used = samples_relaxed(count)
    return "" if used == count else f", of {used:,} of {count:,} samples"


def _plan_of(problem: Problem, method: str, why: str, seconds: float) -> Plan:
    """The plan for a method that is chosen."""
    bound_by: BoundBy = "method"
    if method == "columns" and not has_many_samples(problem.feedforward):
        bound_by = "relaxation" if faces_in_time(problem.feedforward, seconds) is None else "faces"
    return Plan(method, why, _reductions(problem, method), bound_by)


def _reductions(problem: Problem, method: str) -> tuple[type[Reduction], ...]:
    """Steps 3 and 7: the reductions that a method chooses ever finer."""
    applied: list[type[Reduction]] = []
    if problem.readout.rank is not None and method not in ("modular", "groups"):
        applied.append(PartialTargets)
    if method in ("modular", "columns", "relaxation") and has_many_samples(problem.feedforward):
        applied.append(SomeSamples)
    return tuple(applied)
