"""Conjectures of one's own: functions and theorems from a user's file.

They can raise, answer with words, or answer otherwise than before: each is an error of one line that names the
conjecture.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from theory.errors import InputError, unknown_name
from theory.problem import Problem
from theory.sources import Sources
from theory.theorems import Prediction, Theorem, is_registered, theorem

Conjecture = Callable[[Sources], bool | None]


def as_theorem(claim: str | Theorem | Conjecture) -> Theorem:
    """A theorem of the registry by name; one's own, or a function of the sources, with its answers checked.

    Raises:
        InputError: an unknown name, or nothing that can be asked.
    """
    if isinstance(claim, str):
        return theorem(claim)
    if isinstance(claim, Theorem):
        return claim if is_registered(claim) else _guarded(claim)
    if not callable(claim):
        raise InputError(f"claim: expected a name, a Theorem or a function, got {type(claim).__name__}")
    name = getattr(claim, "__name__", type(claim).__name__)
    last: list[tuple[Problem, bool | None]] = []

    def ask(problem: Problem) -> bool | None:
        # Once per problem: hypothesis and prediction are one answer.
        if not (last and last[0][0] is problem):
            answer = _answer(claim, problem.sources, name)
            if not (answer is None or isinstance(answer, (bool, np.bool_))):
                raise InputError(f"{name}: returned {_shown(answer)}; return True (modular), False (mixed) or None")
            last[:] = [(problem, None if answer is None else bool(answer))]
        return last[0][1]

    statement = f"The optimal code is modular where {name} says so, and mixed where it denies it."
    return Theorem(
        name,
        statement,
        "",
        "a conjecture",
        "",
        hypothesis=lambda problem: ask(problem) is not None,
        prediction=lambda problem: Prediction(modular=ask(problem)),
    )


def _guarded(claim: Theorem) -> Theorem:
    def speaks(problem: Problem) -> bool:
        answer = _answer(claim.hypothesis, problem, f"{claim.name}: its hypothesis")
        if not isinstance(answer, (bool, np.bool_)):
            raise InputError(f"{claim.name}: its hypothesis returned {_shown(answer)}; return True or False")
        return bool(answer)

    def predicted(problem: Problem) -> Prediction:
        answer = _answer(claim.prediction, problem, f"{claim.name}: its prediction")
        if not isinstance(answer, Prediction):
            raise InputError(f"{claim.name}: its prediction returned {_shown(answer)}; return a Prediction")
        return answer

    return replace(claim, hypothesis=speaks, prediction=predicted)


def _answer(claim: Callable[[Any], Any], data: Problem | Sources, name: str) -> Any:
    from hypothesis.errors import HypothesisException

    try:
        return claim(data)
    except HypothesisException:
        raise  # assume() and target() are for hypothesis
    except (Exception, SystemExit) as error:
        raise InputError(f"{name}: raised {_said(error)}{_where(claim, error)}") from error


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _shown(answer: Any) -> str:
    text = " ".join(repr(answer).split())
    return f"{type(answer).__name__} {text if len(text) <= 40 else text[:39] + '…'}"


def _where(claim: Callable[[Any], Any], error: BaseException) -> str:
    """The deepest line of the claim's own file, if it got that far."""
    file = getattr(getattr(claim, "__code__", None), "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" (line {lines[-1]} of {Path(str(file)).name})" if lines else ""


def load_conjecture(target: str) -> Theorem | Conjecture:
    """The function or `Theorem` that "path/to/file.py::name" names.

    The file is run as a module, and may import from its own folder.

    Raises:
        InputError: no such file or name, or the file fails to run.
    """
    path, _, name = target.partition("::")
    if not name:
        raise InputError(f"target: {target!r} names no function; write path/to/file.py::name")
    if not Path(path).is_file():
        raise InputError(f"target: there is no file {path!r}")
    module = _run(Path(path))
    if not hasattr(module, name):
        claims = [key for key, value in vars(module).items() if _is_claim(value) and _is_of(module, value)]
        if claims:
            raise InputError(unknown_name(f"target: {path}", name, claims))
        raise InputError(f"target: {path} defines no {name!r}")
    claim = getattr(module, name)
    if not _is_claim(claim):
        raise InputError(f"target: {name} in {path} is no function and no Theorem")
    return claim


def _is_claim(value: Any) -> bool:
    return isinstance(value, Theorem) or (callable(value) and not isinstance(value, type))


def _is_of(module: ModuleType, value: Any) -> bool:
    return isinstance(value, Theorem) or getattr(value, "__module__", None) == module.__name__


def _run(path: Path) -> ModuleType:
    # A name of its own, so that a file called numpy.py replaces nothing.
    module = ModuleType(f"conjectures_in_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise InputError(f"target: {path} fails to run ({_said(error)})") from error
    return module
