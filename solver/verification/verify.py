"""Theorems and conjectures against certified optima: the search for counterexamples.

1. Draw a problem. Reject it where the hypothesis does not hold.
2. Predict its code, solve it to a certificate, and compare: a judgement with a margin.
3. Steer the draws (hypothesis.target) to small margins, where a wrong claim fails first.
4. At the first disagreement let hypothesis shrink what it drew.
5. Then leave out sources and samples and round numbers, as long as what is left still refutes (`counterexamples`).
6. Pose the smallest again a few times: a claim that answers otherwise than before is refused.
7. Of a theorem that stands draw problems that just miss its hypothesis, and count those that go against it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.extras import require
from solver.plain import attributes
from solver.verification.conjectures import Conjecture, as_theorem
from solver.verification.counterexamples import integer_weights, readable, shrink
from solver.verification.judgement import AGREES, DISAGREES, UNDECIDED, Judgement, judge
from theory.errors import InputError
from theory.inputs import whole_number
from theory.neurons import Linear
from theory.problem import COSTS, Problem
from theory.readouts import Exact, Noisy, Soft
from theory.theorems import Theorem, is_registered
from theory.theorems.hypotheses import decodes_the_data
from theory.writing import free_name, written_whole

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


@dataclass
class Report:
    """The outcome of trying one theorem.

    Attributes:
        name: of the theorem or function.
        trials: problems that satisfied the hypothesis.
        agreements: trials that agree with the prediction.
        undecided: trials where the gap is larger than the margin, which count for nothing.
        inapplicable: problems drawn for which the hypothesis did not hold.
        near_misses: problems that just miss the hypothesis; none for theorems that speak of every problem.
        near_failures: how many of them go against the conclusion; none would mean that the hypothesis may not be
            needed.
        worst: the closest call that agreed, and its problem; its margin is `worst_margin` (see `Judgement`).
        counterexample: the smallest problem found that refutes it, and its judgement, if any.
        seconds: time taken.
        statement: what it claims, and of which codes.
        source: who showed it.

    Example:
        >>> report = verify("independence", trials=1, seed=0)
        >>> report.agreements, report.disagreements, report.counterexample
        (1, 0, None)
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
    statement: str = ""
    source: str = ""

    @property
    def disagreements(self) -> int:
        """One if it was refuted (the search ends there), else none."""
        return int(self.counterexample is not None)

    @property
    def worst_margin(self) -> float:
        """Margin of the closest call; NaN if there was none."""
        return float("nan") if self.worst is None else self.worst[1].margin

    def to_dict(self) -> dict[str, Any]:
        """Numbers, strings and lists, for JSON.

        Example:
            >>> verify("range-independence", trials=2, seed=0).to_dict()["disagreements"]
            0
        """
        counterexample = None
        if self.counterexample is not None:
            problem, judgement = self.counterexample
            counterexample = {
                "said": judgement.said,
                "activation": problem.neurons.name,
                "sources": problem.sources.points.tolist(),
                **attributes(problem.sources, "probabilities"),
                **attributes(problem, "mixing", *COSTS),
            }
        counts = ("trials", "agreements", "disagreements", "undecided", "inapplicable", "near_misses", "near_failures")
        return attributes(self, "name", *counts, "worst_margin", "seconds") | {"counterexample": counterexample}

    def __str__(self) -> str:
        if self.counterexample is not None:
            problem, judgement = self.counterexample
            refuted = f"{self.name}: refuted after {self.trials} trials: {judgement.said}."
            return f"{refuted} The sources:\n{_listed(problem)}"
        if not self.trials:
            return f"{self.name}: nothing was tried; the hypothesis holds for none of {self.inapplicable} problems"
        return f"{self.name}: {self.agreements} of {self.trials} agree, {self.undecided} undecided, none disagrees"


def _listed(problem: Problem) -> str:
    """The samples, their weights if they differ, and a mixing and costs if they are not one."""
    table, header = problem.sources.points, [*problem.sources.names]
    if problem.sources.probabilities is not None:
        table = np.column_stack([table, integer_weights(problem.sources.probabilities)])
        header = [*header, "probability"]
    listed = [" ".join(f"{name:>12}" for name in header), *_rows(table)]
    if not np.array_equal(problem.mixing, np.eye(problem.dimension)):
        listed += ["seen through the mixing", *_rows(problem.mixing)]
    costs = {name: getattr(problem, name) for name, usual in COSTS.items() if getattr(problem, name) != usual}
    listed += [f"{name.replace('_', ' ')} {cost:.10g}" for name, cost in costs.items()]
    if type(problem.neurons) is not Linear:
        listed.append(f"{problem.neurons!r}" if problem.neurons.linear else f"{problem.neurons.name} neurons")
    if not decodes_the_data(problem):
        listed.append(f"read out by {problem.given_readout!r}")
    return "\n".join(listed)


def _rows(table: Any) -> list[str]:
    return [" ".join(f"{readable(float(value)):>12}" for value in row) for row in table]


def verify(
    claim: str | Theorem | Conjecture,
    *,
    trials: int = 100,
    seed: int = 0,
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
        InputError: an unknown theorem, arguments out of range, a conjecture that raises, returns something else, or
            answers differently on the same sources; or hypothesis is not installed.

    Example:
        >>> verify("range-independence", trials=5).agreements
        5
    """
    trials, seed = whole_number(trials, "trials", 1), whole_number(seed, "seed")
    cases = _cases()
    entry = as_theorem(claim)
    if isinstance(claim, str | Theorem):
        # A theorem of one's own may speak of mixings and costs too.
        registered = is_registered(entry)
        anything = cases.sources_for_conjectures() | cases.ANYTHING
        usual, near = cases.draws_for(entry.name) if registered else (anything, None)
    else:
        usual, near = cases.sources_for_conjectures(), None
    search = _Trials(entry)
    started = time.perf_counter()
    with _without_traces(), _of_the_seed_alone():
        search.run(usual if draws is None else draws, trials, seed)
        if near is not None and draws is None and search.report.counterexample is None:
            search.run_near(near, max(1, trials // 2), seed)
    search.report.seconds = time.perf_counter() - started
    return search.report


def _cases() -> ModuleType:
    """Imported only where problems are drawn, so that the rest of this project does without hypothesis."""
    require("verify", "verify", "hypothesis")
    from solver.verification import cases

    return cases


@contextmanager
def _without_traces() -> Iterator[None]:
    """Keep hypothesis from writing a folder .hypothesis where the user works."""
    from tempfile import TemporaryDirectory

    from hypothesis import configuration

    before = getattr(configuration, "__hypothesis_home_directory", None)
    with TemporaryDirectory(prefix="modularity-verify-") as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(before)


@contextmanager
def _of_the_seed_alone() -> Iterator[None]:
    """Keep hypothesis from drawing numbers that stand in the code of whatever modules are loaded."""
    names = ("_get_local_constants", "CONSTANTS_CACHE")
    before: dict[str, Any] | None = None
    try:
        from hypothesis.internal.conjecture import providers
        from hypothesis.internal.constants_ast import Constants

        before = {name: getattr(providers, name) for name in names}
    except (ImportError, AttributeError):
        pass  # another version of hypothesis: what a seed draws may depend on what is loaded
    if before is None:
        yield
        return
    nothing = Constants()
    try:
        setattr(providers, names[0], lambda: nothing)
        # What may be drawn is kept by its range, whatever modules were there.
        setattr(providers, names[1], type(before[names[1]])(1024))
        yield
    finally:
        for name, value in before.items():
            setattr(providers, name, value)


class _DisagreementError(Exception):
    """Raised inside the search so that hypothesis shrinks what led to it."""


class _UnusableError(BaseException):
    """The claim raised, or answered with something else; no Exception, which hypothesis would shrink for long."""

    def __init__(self, why: InputError) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass
class _Trials:
    """Trials of one theorem, counted until the first disagreement; what follows is shrinking."""

    entry: Theorem
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        statement = f"{self.entry.statement.rstrip('.')}. It speaks of {self.entry.scope}."
        self.report = Report(self.entry.name, statement=statement, source=self.entry.source)

    def run(self, draws: SearchStrategy[Problem], trials: int, seed: int) -> None:
        """Draw until so many problems satisfied the hypothesis, or one disagreed."""
        import hypothesis
        from hypothesis import Phase

        def trial(problem: Problem) -> None:
            # Steps 1 and 2.
            try:
                judgement = self._judged(problem)
            except InputError as error:
                raise _UnusableError(error) from error
            if judgement is None:
                self.report.inapplicable += self.report.counterexample is None
                hypothesis.reject()
            if self.report.counterexample is None:
                self._count(problem, judgement)
            # Step 3.
            if np.isfinite(judgement.margin):
                hypothesis.target(-float(np.log10(judgement.margin + 1e-16)), label="closeness of the call")
            if judgement.outcome == DISAGREES:
                # Step 4: the last one raised is the smallest.
                self.report.counterexample = problem, judgement
                raise _DisagreementError

        try:
            _draw(trial, draws, trials, seed, (Phase.generate, Phase.target, Phase.shrink))
        except _DisagreementError:
            pass
        except hypothesis.errors.Flaky:
            raise self._inconsistent() from None
        except hypothesis.errors.Unsatisfiable:
            pass  # nothing drawn satisfied the hypothesis, and the report says so
        except _UnusableError as error:
            raise error.why from error.why.__cause__
        if self.report.counterexample is not None:
            self._reduce()

    def _judged(self, problem: Problem) -> Judgement | None:
        return judge(problem, self.entry.prediction(problem)) if self.entry.applies(problem) else None

    def _count(self, problem: Problem, judgement: Judgement) -> None:
        report = self.report
        report.trials += 1
        report.agreements += judgement.outcome == AGREES
        report.undecided += judgement.outcome == UNDECIDED
        if judgement.outcome == AGREES and not judgement.margin >= report.worst_margin:
            report.worst = problem, judgement

    def _reduce(self) -> None:
        """Steps 5 and 6."""
        assert self.report.counterexample is not None

        def refutes(problem: Problem) -> Judgement | None:
            try:
                judgement = self._judged(problem)
            except InputError:
                return None  # of problems unlike those drawn a conjecture may know nothing
            return judgement if judgement is not None and judgement.outcome == DISAGREES else None

        problem, _ = self.report.counterexample
        self.report.counterexample = shrink(problem, refutes) or self.report.counterexample
        smallest = self.report.counterexample[0]
        if any(refutes(smallest.replaced()) is None for _ in range(5)):
            raise self._inconsistent()

    def _inconsistent(self) -> InputError:
        return InputError(
            f"{self.entry.name}: answers differently on the same sources; it must depend on nothing but its argument"
        )

    def run_near(self, draws: SearchStrategy[Problem], trials: int, seed: int) -> None:
        """Step 7."""
        import hypothesis
        from hypothesis import Phase

        conclusion = _cases().CONCLUSIONS.get(self.entry.name)
        if conclusion is None:
            return

        def trial(problem: Problem) -> None:
            if self.entry.applies(problem):
                hypothesis.reject()
            judgement = judge(problem, conclusion(problem))
            self.report.near_misses += judgement.outcome != UNDECIDED
            self.report.near_failures += judgement.outcome == DISAGREES

        # There may be no such problem among those drawn.
        with suppress(hypothesis.errors.Unsatisfiable):
            _draw(trial, draws, trials, seed, (Phase.generate,))


def _draw(
    trial: Callable[[Problem], None], draws: SearchStrategy[Problem], trials: int, seed: int, phases: tuple[Any, ...]
) -> None:
    import hypothesis

    tried = hypothesis.settings(
        max_examples=trials,
        deadline=None,
        database=None,
        derandomize=False,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=hypothesis.Verbosity.quiet,
    )(hypothesis.seed(seed)(hypothesis.given(draws)(trial)))
    tried()


# ---- files of counterexamples -------------------------------------------------------------------------------------


def save_problem(problem: Problem, path: Path) -> list[str]:
    """Write the sources of a problem so that `modularity check` and `solve` accept them; the options to give with it.

    A last column "probability" holds weights that differ. A mixing, and targets, are files beside it.

    Raises:
        InputError: a problem that a table and options cannot hold.
    """
    sources, readout = problem.sources, problem.given_readout
    if not sources.from_samples:
        raise InputError(f"save: {problem!r} is known by its moments alone, which no table of samples can hold")
    costs = {name: getattr(problem, name) for name in COSTS}
    held = isinstance(readout, Exact | Soft | Noisy) and getattr(readout, "probabilities", None) is None
    kind = None if problem.neurons.linear else problem.neurons.name
    if not held or problem != Problem(sources, mixing=problem.mixing, readout=readout, activation=kind, **costs):
        raise InputError(
            f"save: {problem!r} has groups, transitions, errors on other samples or a kind of neuron, of which no file "
            "is written"
        )
    options: list[str] = []
    header, table = list(sources.names), sources.points
    if sources.probabilities is not None:
        header, table = [*header, "probability"], np.column_stack([table, integer_weights(sources.probabilities)])
        options += ["--probabilities", "probability"]
    _write_table(path, table, ",".join(header))
    if not np.array_equal(problem.mixing, np.eye(problem.dimension)):
        mixing = mixing_file(path)
        _write_table(mixing, problem.mixing, "")
        options += ["--mixing", str(mixing)]
    if isinstance(readout, Exact | Soft | Noisy) and readout.targets is not None:
        targets = free_name(path.with_name(f"{path.stem}_targets.csv"))
        _write_table(targets, np.asarray(readout.targets), "")
        options += ["--targets", str(targets)]
    for name in ("error_cost", "noise_variance"):
        if hasattr(readout, name):
            options += [f"--{name.replace('_', '-')}", repr(getattr(readout, name))]
    for name, usual in COSTS.items():
        cost = getattr(problem, name)
        options += [f"--{name.replace('_', '-')}", repr(cost)] if cost != usual else []
    return options if kind is None else [*options, "--activation", kind]


def mixing_file(path: Path) -> Path:
    """Where the mixing of a problem saved at a path goes: a new file beside it."""
    return free_name(path.with_name(f"{path.stem}_mixing.csv"))


def _write_table(path: Path, table: Any, header: str) -> None:
    with written_whole(path) as temporary:
        np.savetxt(temporary, table, delimiter=",", fmt="%.17g", header=header, comments="")
