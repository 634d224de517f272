"""Whatever a problem was asked before, in whatever order, and whether it was copied since: its answers are the same."""

import copy
import pickle
from dataclasses import is_dataclass

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver import Problem, certify, solve, solve_many
from solver.strategies import problems
from tests.examples import plainly, share
from tests.properties.test_orders import UNCERTAIN
from theory import Sources, modularity
from theory.errors import InputError
from theory.readouts import Exact, Soft

QUESTIONS = {
    "vertices": lambda problem: problem.sources.vertices,
    "faces": lambda problem: problem.sources.faces.levels,
    "coordinates": lambda problem: [problem.sources.on_hull.identified, problem.sources.on_hull.covariance_root],
    "pricing": lambda problem: problem.pricing.maximise(np.diag(problem.on_hull.modular_costs)),
    "modular": lambda problem: [problem.modular_weights, problem.modular_loss],
    "order": lambda problem: [problem.column_order, problem.in_order.mixing, problem.in_order.modular_loss],
    "separated": lambda problem: problem.separated.modular_loss,
    "parts": lambda problem: [part is not None and part.modular_loss for part in problem.on_hull.parts],
    "some samples": lambda problem: problem.among(np.arange(problem.dimension + 1)).modular_loss,
    "verdict": modularity,
    "solve": lambda problem: solve(problem).to_dict(),
    "solve many": lambda problem: [answer.to_dict() for answer in solve_many([problem, problem])],
    "ambiguity": lambda problem: solve(problem).ambiguity(),
    "certificate": lambda problem: certify(problem, solve(problem)),
}
"""What a problem may be asked."""

COPIES = {
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "pickled": lambda problem: pickle.loads(pickle.dumps(problem)),
}
"""What may become of a problem between two questions."""

FORMS = {
    "as drawn": lambda problem: problem,
    "errors": lambda problem: problem.replaced(readout=Soft(4.0)),
    "targets": lambda problem: problem.replaced(readout=Exact([[1.0] * problem.dimension])),
    "groups": lambda problem: problem.replaced(groups={"first": [0]}),
    "costs": lambda problem: problem.replaced(activity_cost=2.0, bias_cost=3.0),
    "layer": lambda problem: problem.replaced(transitions=0.5 * np.eye(problem.dimension)),
    "moments": lambda problem: problem.replaced(sources=by_moments(problem.sources)),
    "summary": lambda problem: problem.replaced(sources=Sources.from_summary(problem.sources.summarised())),
    "dependent": lambda problem: Problem(with_sum(problem.sources)),
    "dependent in groups": lambda problem: Problem(with_sum(problem.sources), groups={"sum": [0, problem.dimension]}),
}
"""Other problems with the samples of one."""


def by_moments(sources):
    return Sources.from_moments(sources.covariance, sources.points, sources.mean)


def with_sum(sources):
    """The sources and, as one more, their sum."""
    return np.column_stack([sources.points, sources.points.sum(axis=1)])


def afresh(problem):
    """The problem as it was made, of which nothing has been asked."""
    return problem.replaced(sources=problem.sources.afresh())


def answer_to(question, problem):
    """An answer, or why there is none, with every digit."""
    try:
        return plain(QUESTIONS[question](problem))
    except InputError as error:
        return str(error)


def plain(value):
    """Lists and numbers in place of arrays and objects, without what the problem does not tell."""
    if is_dataclass(value):
        return plain(vars(value))
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in UNCERTAIN}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return "NaN" if isinstance(value, float) and np.isnan(value) else value


def require_same_answers(problem, asked):
    for name in asked:
        if name in COPIES:
            problem = COPIES[name](problem)
        else:
            assert answer_to(name, problem) == answer_to(name, afresh(problem)), name


posed = st.builds(lambda problem, form: FORMS[form](problem), problems(st.integers(1, 3)), st.sampled_from(list(FORMS)))


@given(posed, st.lists(st.sampled_from([*QUESTIONS, *COPIES]), min_size=2, max_size=6))
@example(Problem(np.eye(3)), ["coordinates", "solve", "pickled", "coordinates", "certificate"])
@example(Problem([[0, 0], [0, 3], [5, 0], [2, 2]]), ["solve", "copied", "order", "separated", "solve many", "solve"])
def test_answers_do_not_depend_on_what_was_asked_before(problem, asked):
    require_same_answers(problem, asked)


@pytest.mark.parametrize("form", plainly(FORMS, {"as drawn", "summary"}))
@given(st.permutations(list(QUESTIONS)), st.sampled_from(list(COPIES)))
@share(1 / 2)
def test_questions_may_come_in_any_order(form, asked, copied):
    rows = np.array([[3, 4], [1, -2], [-2, -4], [-4, -3], [-3, 3]])
    require_same_answers(FORMS[form](Problem(rows)), [*asked, copied, *asked[:2]])
