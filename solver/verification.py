"""Theorems and conjectures against certified optima: draw, predict, solve, compare, and shrink what fails.

from solver.verification import verify

def my_conjecture(sources): return abs(sources.covariance[0, 1]) < 1e-12
print(verify(my_conjecture))        # refuted, with the smallest data set that was found
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.draws import draws_for, sources_for_conjectures
from solver.judging import AGREES, DISAGREES, UNDECIDED, Judgement, judge
from theory.errors import InputError
from theory.problem import Problem
from theory.sources import Sources
from theory.theorems import THEOREMS, Prediction, Theorem, theorem
from theory.writing import written_whole

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Conjecture", "Report", "load_conjecture", "save_problem", "verify", "verify_all"]

TRIALS = 100
SEED = 0

NEAR_SHARE = 2
"""One problem that just misses the hypothesis for this many that satisfy it."""

Conjecture = Callable[[Sources], bool | None]


@dataclass
class Report:
    """What came of trying one theorem.

    Attributes:
        name: of the theorem or function.
        trials, agreements, undecided: problems that satisfied the hypothesis; undecided are those where the gap is
            larger than the margin, which count for nothing.
        inapplicable: problems drawn for which the hypothesis did not hold.
        near_misses: problems that just miss the hypothesis;  near_failures: how many of them go against the
            conclusion: none would mean that the hypothesis may not be needed. For sharp theorems that speak of every
            problem there are no near misses.
        worst: the closest call, and its problem.
        counterexample: the smallest problem found that refutes it, and its judgement, if any.
        seconds: time taken.
    """

    name: str
    trials: int = 0
    agreements: int = 0
    undecided: int = 0
    inapplicable: int = 0
    near_misses: int = 0
    near_failures: int = 0
    worst: tuple[Problem, Judgement] | None = None
    counterexample: tuple[Problem, Judgement] | None = None
    seconds: float = 0.0

    @property
    def disagreements(self) -> int:
        """One if it was refuted (the search ends there), else none."""
        return int(self.counterexample is not None)

    @property
    def worst_margin(self) -> float:
        """Margin of the closest call, relative to the loss; NaN if there was none."""
        return float("nan") if self.worst is None else self.worst[1].margin

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        names = ("name", "trials", "agreements", "disagreements", "undecided", "inapplicable", "near_misses")
        plain: dict[str, Any] = {
            name: getattr(self, name) for name in (*names, "near_failures", "worst_margin", "seconds")
        }
        plain["counterexample"] = None
        if self.counterexample is not None:
            problem, judgement = self.counterexample
            weights = problem.sources.probabilities
            plain["counterexample"] = {
                "said": judgement.said,
                "sources": problem.sources.points.tolist(),
                "probabilities": None if weights is None else weights.tolist(),
                "mixing": problem.mixing.tolist(),
                "encoder_cost": problem.encoder_cost,
                "decoder_cost": problem.decoder_cost,
            }
        return plain

    def __str__(self) -> str:
        if self.counterexample is not None:
            problem, judgement = self.counterexample
            found = f"{self.name}: refuted after {self.trials} trials: {judgement.said}."
            return f"{found} The sources:\n{_listed(problem)}"
        return f"{self.name}: {self.agreements} of {self.trials} agree, {self.undecided} undecided, none disagrees"


def _listed(problem: Problem) -> str:
    """The samples, their weights if they differ, and a mixing if there is one."""
    table, header = problem.sources.points, [*problem.sources.names]
    if problem.sources.probabilities is not None:
        table, header = np.column_stack([table, problem.sources.probabilities]), [*header, "probability"]
    lines = [" ".join(f"{value:>12.6g}" for value in row) for row in table]
    listed = [" ".join(f"{name:>12}" for name in header), *lines]
    if not np.array_equal(problem.mixing, np.eye(problem.dimension)):
        listed += ["seen through the mixing", *(" ".join(f"{value:>12.6g}" for value in row) for row in problem.mixing)]
    return "\n".join(listed)


def verify(
    claim: str | Theorem | Conjecture,
    *,
    trials: int = TRIALS,
    seed: int = SEED,
    draws: SearchStrategy[Problem] | None = None,
) -> Report:
    """Try a theorem of the registry, a `Theorem` of one's own, or a function from sources to "modular?".

    Args:
        claim: name, `Theorem`, or function that takes `Sources` (without mixing) and says whether the optimal code is
            modular: True, False, or None where it says nothing.
        trials: problems that satisfy the hypothesis.
        seed: the same seed draws the same problems.
        draws: strategy of problems to try it on; chosen to suit the theorem if not given.

    Returns:
        A `Report`. If the claim is wrong on some problem, it ends there, with the problem shrunk.

    Raises:
        InputError: an unknown theorem, or arguments out of range.

    Example:
        >>> verify("range-independence", trials=5).agreements
        5
    """
    if not (isinstance(trials, int) and trials >= 1):
        raise InputError(f"trials: {trials!r} is not a positive whole number")
    if not (isinstance(seed, int) and seed >= 0):
        raise InputError(f"seed: {seed!r} is not a nonnegative whole number")
    entry = _as_theorem(claim)
    usual, near = draws_for(entry.name) if entry.name in THEOREMS else (sources_for_conjectures(), None)
    search = _Search(entry)
    started = time.perf_counter()
    search.run(usual if draws is None else draws, trials, seed)
    if near is not None and draws is None and search.report.counterexample is None:
        search.run_near(near, max(1, trials // NEAR_SHARE), seed)
    search.report.seconds = time.perf_counter() - started
    return search.report


def verify_all(*, trials: int = TRIALS, seed: int = SEED) -> Iterator[Report]:
    """Every theorem of the registry, one report after the other."""
    for name in THEOREMS:
        yield verify(name, trials=trials, seed=seed)


def _as_theorem(claim: str | Theorem | Conjecture) -> Theorem:
    if isinstance(claim, str):
        return theorem(claim)
    if isinstance(claim, Theorem):
        return claim
    if not callable(claim):
        raise InputError(f"claim: expected a name, a Theorem or a function, got {type(claim).__name__}")
    name = getattr(claim, "__name__", "conjecture")

    def predicted(problem: Problem) -> Prediction:
        return Prediction(modular=bool(claim(problem.sources)))

    def speaks(problem: Problem) -> bool:
        return claim(problem.sources) is not None

    said = f"The optimal code is modular where {name} says so, and mixed where it denies it."
    return Theorem(name, said, "", "a conjecture", "", speaks, predicted)


class _DisagreementError(Exception):
    """Raised inside the search so that hypothesis shrinks what led to it."""


@dataclass
class _Search:
    """One theorem's trials, counted until the first disagreement; what follows is shrinking."""

    entry: Theorem
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        self.report = Report(self.entry.name)

    def run(self, draws: SearchStrategy[Problem], trials: int, seed: int) -> None:
        """Draw until so many problems satisfied the hypothesis, or one disagreed."""
        import hypothesis
        from hypothesis import HealthCheck, Phase, settings

        def trial(problem: Problem) -> None:
            if not self.entry.hypothesis(problem):
                self.report.inapplicable += self.report.counterexample is None
                hypothesis.reject()
            judgement = judge(problem, self.entry.prediction(problem))
            if self.report.counterexample is None:
                self._count(problem, judgement)
            if np.isfinite(judgement.margin):
                hypothesis.target(-float(np.log10(judgement.margin + 1e-16)), label="closeness of the call")
            if judgement.outcome == DISAGREES:
                # The last one raised is the smallest.
                self.report.counterexample = problem, judgement
                raise _DisagreementError

        search = settings(
            max_examples=trials,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.target, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=hypothesis.Verbosity.quiet,
        )(hypothesis.seed(seed)(hypothesis.given(draws)(trial)))
        try:
            search()
        except _DisagreementError:
            self._reduce()
        except hypothesis.errors.Unsatisfiable:
            pass  # nothing drawn satisfied the hypothesis, and the report says so

    def _count(self, problem: Problem, judgement: Judgement) -> None:
        report = self.report
        report.trials += 1
        report.agreements += judgement.outcome == AGREES
        report.undecided += judgement.outcome == UNDECIDED
        if judgement.outcome == AGREES and not judgement.margin >= report.worst_margin:
            report.worst = problem, judgement

    def _reduce(self) -> None:
        """Leave out samples, probabilities, mixing and costs as long as what is left still refutes."""
        assert self.report.counterexample is not None
        shorter = True
        while shorter:
            shorter = False
            for smaller in _smaller(self.report.counterexample[0]):
                if self.entry.hypothesis(smaller):
                    judgement = judge(smaller, self.entry.prediction(smaller))
                    if judgement.outcome == DISAGREES:
                        self.report.counterexample = smaller, judgement
                        shorter = True
                        break

    def run_near(self, draws: SearchStrategy[Problem], trials: int, seed: int) -> None:
        """Problems next to the hypothesis, held to what it would have said."""
        import hypothesis
        from hypothesis import HealthCheck, Phase, settings

        conclusion = _conclusion(self.entry)
        if conclusion is None:
            return

        def trial(problem: Problem) -> None:
            if self.entry.hypothesis(problem):
                hypothesis.reject()
            judgement = judge(problem, conclusion)
            self.report.near_misses += judgement.outcome != UNDECIDED
            self.report.near_failures += judgement.outcome == DISAGREES

        search = settings(
            max_examples=trials,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            verbosity=hypothesis.Verbosity.quiet,
        )(hypothesis.seed(seed)(hypothesis.given(draws)(trial)))
        with suppress(hypothesis.errors.Unsatisfiable):
            search()


def _conclusion(entry: Theorem) -> Prediction | None:
    """What the theorem says wherever it applies, if that is one thing."""
    fixed = {
        "range-independence": Prediction(modular=True),
        "independence": Prediction(modular=True),
        "face-condition": Prediction(modular=False),
        "uniqueness": Prediction(modular=True),
    }
    return fixed.get(entry.name)


def _smaller(problem: Problem) -> Iterator[Problem]:
    """The same with something left out."""
    points, weights = problem.sources.points, problem.sources.probabilities
    options: dict[str, Any] = {
        "mixing": problem.mixing,
        "encoder_cost": problem.encoder_cost,
        "decoder_cost": problem.decoder_cost,
    }
    plain: dict[str, Any] = {"mixing": np.eye(problem.dimension), "encoder_cost": 1.0, "decoder_cost": 1.0}
    for name, value in plain.items():
        if not np.array_equal(options[name], value):
            yield Problem(points, probabilities=weights, **(options | {name: value}))
    if weights is not None:
        yield Problem(points, **options)
    for row in range(len(points)):
        kept = np.delete(points, row, axis=0)
        try:
            yield Problem(kept, probabilities=None if weights is None else np.delete(weights, row), **options)
        except InputError:
            continue  # too few samples are left


# ---- conjectures in files, and counterexamples out ----------------------------------------------------------------


def load_conjecture(target: str) -> Theorem | Conjecture:
    """The function or `Theorem` that "path/to/file.py::name" names.

    Raises:
        InputError: no such file or name, or the file fails to run.
    """
    path, _, name = target.partition("::")
    if not name:
        raise InputError(f"target: {target!r} names no function; write path/to/file.py::name")
    if not Path(path).is_file():
        raise InputError(f"target: there is no file {path!r}")
    from runpy import run_path

    try:
        names = run_path(path)
    except Exception as error:
        raise InputError(f"target: {path} fails to run ({type(error).__name__}: {error})") from None
    if name not in names:
        from theory.errors import unknown_name

        known = [key for key, value in names.items() if callable(value) or isinstance(value, Theorem)]
        raise InputError(unknown_name(f"target: {path}", name, known))
    claim = names[name]
    if not (isinstance(claim, Theorem) or callable(claim)):
        raise InputError(f"target: {name} in {path} is no function and no Theorem")
    return claim


def save_problem(problem: Problem, path: Path) -> list[str]:
    """Write the sources of a problem so that `modularity check` and `solve` accept them; the options to give with it.

    A last column "probability" holds weights that differ; a mixing goes to a file of its own.
    """
    sources, options = problem.sources, []
    header, table = list(sources.names), sources.points
    if sources.probabilities is not None:
        header, table = [*header, "probability"], np.column_stack([table, sources.probabilities])
        options += ["--probabilities", "probability"]
    _write_table(path, table, ",".join(header))
    if not np.array_equal(problem.mixing, np.eye(problem.dimension)):
        mixing = path.with_name(f"{path.stem}_mixing.csv")
        _write_table(mixing, problem.mixing, "")
        options += ["--mixing", str(mixing)]
    for option, cost in (("--encoder-cost", problem.encoder_cost), ("--decoder-cost", problem.decoder_cost)):
        options += [option, repr(cost)] if cost != 1 else []
    return options


def _write_table(path: Path, table: Any, header: str) -> None:
    with written_whole(path) as temporary:
        np.savetxt(temporary, table, delimiter=",", fmt="%.17g", header=header, comments="")
