"""What is given and returned does not change: no array can be written to, no attribute set, and answers stay theirs."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theory
from solver import Problem, Sources, audit, certify, solve, solve_many
from solver.certificate import lower_bound
from solver.comparison import compared
from solver.questions.neuron_budget import budget
from theory import modularity
from theory.dynamics import Transitions
from theory.immutable import Frozen, Immutable
from theory.principal import PrincipalCoordinates
from theory.readouts import Exact, Noisy, Soft
from theory.summary import Summary

POINTS = np.array([[-1.0, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]])
TURN = np.array([[0.0, -1], [1, 0]])


def asked(problem):
    """A problem with all its derived properties."""
    solve(problem)
    for name in ("whitened", "canonical", "recurrence", "blocks", "parts", "modular_weights", "pricing"):
        getattr(problem, name)
    return problem


MADE = {
    "sources": lambda: Sources(POINTS.copy(), np.arange(1.0, 9)),
    "sources by moments": lambda: Sources.from_moments(np.eye(2) / 3, POINTS.copy(), np.zeros(2)),
    "sources of a summary": lambda: Sources.from_chunks([POINTS.copy(), POINTS.copy()]),
    "principal coordinates": lambda: PrincipalCoordinates.of(POINTS.copy()),
    "problem": lambda: asked(Problem(POINTS.copy(), mixing=[[1, 1], [0, 1.0]], groups={"a": [0]})),
    "problem in prices": lambda: asked(Problem(POINTS.copy(), activity_cost=2, bias_cost=1, readout=Soft(3.0))),
    "problem with a layer": lambda: asked(
        Problem([[1, 1], [-1, 1], [-1, -1], [1, -1]], transitions=TURN.copy(), bias_cost=1)
    ),
    "transitions": lambda: Transitions(TURN.copy()),
    "readout": lambda: Soft(1.0, np.eye(2), np.ones(8)),
    "readout of lists": lambda: Noisy(1.0, 0.1, [[1.0, 0.0]]),
    "summary": lambda: Summary.of(POINTS.copy()),
    "verdict": lambda: modularity(POINTS.copy()),
    "exact verdict": lambda: modularity(POINTS.astype(int).tolist(), exact=True),
    "answer": lambda: solve(Problem(POINTS.copy(), groups={"a": [0], "b": [1]})),
    "silent answer": lambda: solve(Problem(POINTS.copy(), readout=Soft(1e-3))),
    "certificate": lambda: certify(PROBLEM, solve(PROBLEM)),
    "bound": lambda: lower_bound(PROBLEM, np.eye(2)),
    "budget": lambda: budget(PROBLEM),
    "audit": lambda: audit(PROBLEM, solve(PROBLEM).activity()),
    "comparison": lambda: compared(solve(PROBLEM).activity(), {"side": list("aabbccdd")}),
}
PROBLEM = Problem(POINTS)


def held(thing, seen=None):
    """All arrays and dictionaries that an object of ours holds, at any depth, by where they are."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    for name, value in vars(thing).items():
        for part in value if isinstance(value, tuple) else [value]:
            if isinstance(part, np.ndarray | dict | list):
                yield f"{type(thing).__name__}.{name}", part
            elif isinstance(part, Frozen | Immutable):
                yield from held(part, seen)


@pytest.fixture(params=MADE, scope="module")
def made(request):
    return MADE[request.param]()


def test_no_array_can_be_written_to(made):
    writable = [where for where, part in held(made) if isinstance(part, np.ndarray) and part.flags.writeable]
    assert not writable
    for _, part in held(made):
        if isinstance(part, dict) and part:
            with pytest.raises(TypeError, match="does not change"):
                part[next(iter(part))] = 0.0
        if isinstance(part, list):
            with pytest.raises(TypeError, match="does not change"):
                part.append(0.0)


def test_no_attribute_can_be_set(made):
    names = [item.name for item in fields(made)] if is_dataclass(made) else ["points", "mixing", "encoder_cost", "new"]
    for name in names:
        with pytest.raises(AttributeError):
            setattr(made, name, 1.0)
        with pytest.raises(AttributeError):
            delattr(made, name)


def test_what_is_made_of_the_same_is_equal(made):
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert other == made and hash(other) == hash(made) and {made: 1}[other] == 1
        assert not [where for where, part in held(other) if isinstance(part, np.ndarray) and part.flags.writeable]
    assert made != 3 and made not in [None, "made"]


def test_a_copy_of_a_problem_can_be_asked_about_its_samples_again():
    asked_before = Problem(POINTS)
    asked_before.among([0, 2, 5, 6])
    for other in (copy.copy(asked_before), copy.deepcopy(asked_before), pickle.loads(pickle.dumps(asked_before))):
        for rows in ([0, 2, 5, 6], [0, 2, 7], [1, 2, 6], [0, 2, 5, 6]):
            assert other.among(rows).modular_loss == Problem(POINTS).among(rows).modular_loss


def test_a_changed_problem_is_another_problem():
    problem = Problem(POINTS)
    first = solve(problem)
    with pytest.raises(AttributeError, match=r"encoder_cost: a Problem does not change .* `replaced\(encoder_cost="):
        problem.encoder_cost = 0.01
    cheaper = problem.replaced(encoder_cost=0.01)
    assert cheaper != problem and problem == Problem(POINTS.tolist()) and problem in {Problem(POINTS)}
    assert solve(cheaper).loss == solve(Problem(POINTS, encoder_cost=0.01)).loss < first.loss


def test_answers_do_not_depend_on_what_was_asked_before(monkeypatch):
    def drawn():
        return [Problem(np.random.default_rng(seed).standard_normal((20, d))) for seed in range(4) for d in (2, 3)]

    known = drawn()
    for problem in known:
        solve(problem)
    for fresh, other in zip(solve_many(drawn()), solve_many(known), strict=True):
        assert fresh.loss == other.loss and fresh.source_weights.tolist() == other.source_weights.tolist()
    sources = Sources(POINTS)
    assert sources.on_hull.identified and not sources.of_columns([0, 1], identified=False).on_hull.identified
    answer = solve(PROBLEM)
    monkeypatch.setattr("solver.ambiguity.touching_neurons.prices_slowly", lambda _: True)
    before = str(answer)
    assert answer.ambiguity().unique is not None and str(answer) == before and "not decided" in before


MAY_SET = re.compile(r"(?<!\bself)(?<!\bcls)\._(?!_)|\bvars\b|__dict__|__setattr__")
"""What a text must hold, if anything in it sets a hidden state of another."""


def sets_hidden_state(node):
    """What a statement or call sets behind the back of an object: a private attribute, or one that is refused."""
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in [one for whole in targets for one in getattr(whole, "elts", [whole])]:
            if isinstance(target, ast.Attribute) and target.attr[0] == "_" != target.attr[1]:
                yield ast.unparse(target.value)
            elif isinstance(target, ast.Subscript):
                yield from behind(target.value)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "object.__setattr__":
        yield ast.unparse(node.args[0])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("update", "pop"):
        yield from behind(node.func.value)


def behind(node):
    """The object of which an expression is the dictionary of attributes."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "vars":
        yield ast.unparse(node.args[0])
    elif isinstance(node, ast.Attribute) and node.attr == "__dict__":
        yield ast.unparse(node.value)


@pytest.mark.parametrize("line", ["vars(a)['b'] = 1", "vars(a).update(b=1)", "a.c, a._b = 1, 2", "a.__dict__.pop('b')"])
def test_what_sets_hidden_state_is_seen(line):
    assert [one for node in ast.walk(ast.parse(line)) for one in sets_hidden_state(node)] == ["a"]
    assert MAY_SET.search(line)


def test_only_an_object_itself_sets_its_hidden_state():
    house = Path(theory.__file__).parents[1]
    for path in [*house.glob("theory/**/*.py"), *house.glob("solver/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if MAY_SET.search(text) else ():
            strangers = set(sets_hidden_state(node)) - {"self", "cls"}
            assert not strangers, f"{path}:{node.lineno}"


def test_what_is_known_beforehand_is_a_derived_property():
    assert Problem.knowing({"gram": np.eye(2) * 3}, sources=POINTS).gram.tolist() == [[3.0, 0.0], [0.0, 3.0]]
    for name in ("mixing", "none"):
        with pytest.raises(AttributeError, match=f"{name}: no derived property of a Problem"):
            Problem.knowing({name: 1.0}, sources=POINTS)
    with pytest.raises(AttributeError, match="does not change"):
        PROBLEM._know(gram=np.eye(2))


@given(st.randoms(use_true_random=False))
def test_data_that_change_later_change_no_answer(random):
    """Whatever array was given is another one than that which is kept."""
    points, mixing = POINTS * 2.0, np.array([[1.0, 1], [0, 1]])
    probabilities, targets = np.arange(1.0, 9), np.array([[1.0, 0.5]])
    problem = Problem(points, mixing=mixing, probabilities=probabilities, readout=Exact(targets))
    before = solve(problem)
    given = random.choice([points, mixing, probabilities, targets])
    given *= random.choice([5.0, -1.0, 0.0])
    again = solve(problem)
    assert again.loss == before.loss and again.problem == before.problem
    assert certify(problem, before).gap <= 1e-8
    expected = Problem(POINTS * 2.0, mixing=[[1, 1], [0, 1]], probabilities=np.arange(1, 9), readout=Exact([[1, 0.5]]))
    assert problem == expected


@pytest.mark.parametrize("layout", ["whole", "columns", "transposed", "reversed", "locked view"])
def test_views_are_copied_unless_nobody_can_write(layout):
    whole = np.random.default_rng(0).uniform(size=(20, 4))
    view = {
        "whole": whole,
        "columns": whole[:, :2],
        "transposed": np.asfortranarray(whole)[:, 1:3],
        "reversed": whole[::-1],
        "locked view": whole[:, 1:],
    }[layout]
    if layout == "locked view":
        view.setflags(write=False)  # what it is a view of can still be written to
    sources = Sources(view)
    kept = sources.points.copy()
    whole *= 3
    np.testing.assert_array_equal(sources.points, kept)


def test_locked_data_are_not_copied():
    data = np.random.default_rng(0).uniform(size=(20, 2))
    data.setflags(write=False)
    assert Sources(data).points is data and Problem(Sources(data)).sources.points is data
