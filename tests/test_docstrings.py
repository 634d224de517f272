"""Every public name says what it is and shows it; the doctests run what it shows."""

import inspect
import re
import subprocess
import sys
import tomllib
from functools import cached_property
from pathlib import Path
from pkgutil import resolve_name

import pytest

import solver
import solver.methods
import solver.methods.iterate
import solver.metrics
import theory
import theory.families
import theory.readouts
import theory.theorems

ROOT = Path(theory.__file__).parents[1]

NAMES = [(package, name) for package in (solver, theory) for name in package.__all__]
OTHERS = [
    (module, name)
    for module in (
        solver.methods,
        solver.methods.iterate,
        solver.metrics,
        theory.families,
        theory.readouts,
        theory.theorems,
    )
    for name in module.__all__
    if callable(getattr(module, name))
]


def members(thing):
    """What a class adds to those it inherits from: its methods, and its properties, by name."""
    for name, member in vars(thing).items():
        if not name.startswith("_"):
            if isinstance(member, property):
                yield name, member.fget, False
            elif isinstance(member, cached_property):
                yield name, member.func, False
            elif isinstance(member, (classmethod, staticmethod)):
                yield name, member.__func__, True
            elif inspect.isfunction(member):
                yield name, member, True


@pytest.mark.parametrize(("package", "name"), NAMES, ids=lambda value: getattr(value, "__name__", value))
def test_every_public_name_has_an_example(package, name):
    thing = getattr(package, name)
    assert ">>>" in (thing.__doc__ or "")
    if inspect.isclass(thing):
        ours = [
            (of, *member)
            for of in thing.__mro__
            if of.__module__.split(".")[0] in ("solver", "theory")
            for member in members(of)
        ]
        wanting = [
            f"{of.__name__}.{name}"
            for of, name, member, called in ours
            if not member.__doc__ or (called and ">>>" not in member.__doc__)
        ]
        assert not wanting


@pytest.mark.parametrize(("module", "name"), OTHERS, ids=lambda value: getattr(value, "__name__", value))
def test_what_else_the_reference_lists_has_an_example(module, name):
    assert ">>>" in getattr(module, name).__doc__


def test_the_estimator_has_an_example_for_all_it_does():
    pytest.importorskip("sklearn")
    from solver.sklearn import OptimalCode

    assert all(">>>" in member.__doc__ for _, member, called in members(OptimalCode) if called)


def test_the_reference_lists_all_public_names():
    pages = Path(__file__).parents[1] / "docs" / "reference"
    listed = "\n".join(page.read_text() for page in pages.glob("*.md"))
    on_pages = set(re.findall(r"^::: ([\w.]+)$", listed, re.M))
    # What the theory states is on its own pages, whoever hands it on.
    readouts = {f"theory.readouts.{name}" for name in ("Exact", "Soft", "Noisy")}
    stated = [resolve_name(name) for name in on_pages | readouts if name.startswith("theory.")]
    things = [*stated, solver.Problem]
    missing = {f"{package.__name__}.{name}" for package, name in NAMES} - on_pages
    assert not [name for name in missing if not any(resolve_name(name) is thing for thing in things)]


@pytest.mark.thorough
def test_every_public_name_is_there_without_any_extra():
    """As in a plain install: whatever is only needed by what nobody asked for is not imported."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {re.match(r"[\w-]+", one).group(0) for extra in extras.values() for one in extra}
    blocked = sorted({"scikit-learn": "sklearn"}.get(name, name) for name in wanted - {"pytest", "modularity-solver"})
    program = f"""
import pydoc, sys
sys.modules.update(dict.fromkeys({blocked}))
for name in ("solver", "theory"):
    exec(f"from {{name}} import *")
    assert len(pydoc.render_doc(name)) > 10_000
from theory import InputError
try:
    verify("range-independence", trials=1)
except InputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "verify: needs hypothesis; pip install 'modularity-solver[verify]'", done.stderr
