"""`modularity doctor`: what is installed, what is missing, and how fast this machine is."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import Any

import click

from solver.commands.terminal.options import format_options
from solver.commands.terminal.output import say
from solver.extras import PROJECT, version_of

TRIED = ("corner_cut_square", "iris")  # examples whose solution is timed: two sources, and four
LINE_WIDTH = 100  # columns of a line at most


@click.command()
@format_options("text", "json")
def doctor(form: str) -> int:
    """Say what is installed, which solvers and libraries do the work, what is missing, and how fast all is."""
    import cvxpy

    report = {
        **_program(),
        "hiding": _hiding(),
        "packages": _packages(),
        "missing": _missing(),
        "conic_solvers": sorted(cvxpy.installed_solvers()),  # type: ignore[no-untyped-call]
        **_machine(),
        "seconds": _speed(),
    }
    say(form, text=lambda: click.echo("\n".join(_lines(report))), content=lambda: report)
    return 0


# ---- what is there ------------------------------------------------------------------------------------------------


def _program() -> dict[str, Any]:
    import solver

    return {
        "version": solver.__version__,
        "place": os.path.dirname(os.path.abspath(solver.__file__ or "")),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _hiding() -> list[str]:
    """Files and folders here that hide a package of this program from Python when it starts in this folder."""
    import solver
    import theory

    files = []
    for package in (solver, theory):
        home = os.path.dirname(os.path.abspath(package.__file__ or ""))
        for path in (os.path.abspath(f"{package.__name__}.py"), os.path.abspath(package.__name__)):
            there = os.path.isfile(path) or os.path.isfile(os.path.join(path, "__init__.py"))
            if there and not (os.path.isdir(path) and os.path.samefile(path, home)):
                files.append(path)
    return files


def _requirements() -> dict[str, list[Any]]:
    """What the package requires, by extra; "" is what it always does."""
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement

    try:
        lines = requires(PROJECT) or []
    except PackageNotFoundError:
        return {}
    requirements: dict[str, list[Any]] = {}
    for line in lines:
        requirement = Requirement(line)
        _, _, extra = str(requirement.marker or "").partition("extra ==")
        requirements.setdefault(extra.strip(" \"'"), []).append(requirement)
    return requirements


def _packages() -> dict[str, str]:
    """Versions of all that is there of what the package can use."""
    names = {requirement.name for listed in _requirements().values() for requirement in listed}
    versions = {name: version_of(name) for name in sorted(names, key=str.lower)}
    return {name: version for name, version in versions.items() if version is not None}


def _missing() -> dict[str, list[str]]:
    """What each extra lacks: not there, or too old."""
    lacking = {
        extra or "(required)": [
            f"{requirement.name}{requirement.specifier}"
            for requirement in listed
            if (version := version_of(requirement.name)) is None
            or not requirement.specifier.contains(version, prereleases=True)
        ]
        for extra, listed in _requirements().items()
        if extra not in ("test", "dev")  # only developers need them
    }
    return {extra: names for extra, names in lacking.items() if names}


def _machine() -> dict[str, Any]:
    """Cores that this process may use, and the libraries of linear algebra with their threads."""
    import numpy  # noqa: F401  # brings its library along
    import scipy.linalg  # noqa: F401  # and so does this one
    from threadpoolctl import threadpool_info

    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count()
    known = {
        (library["internal_api"], library.get("version"), library["num_threads"])
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    blas = [{"name": name, "version": version, "threads": threads} for name, version, threads in sorted(known, key=str)]
    return {"cores": cores, "blas": blas}


def _speed() -> dict[str, float]:
    """Seconds that a solution takes: of a small problem and a larger one, each once what is done but once has been."""
    from solver import Problem, solve
    from solver.examples import load

    durations = {}
    for name in TRIED:
        problem = Problem(load(name))
        solve(problem)
        start = time.perf_counter()
        solve(problem)
        durations[name] = time.perf_counter() - start
    return durations


# ---- in words -----------------------------------------------------------------------------------------------------


def _lines(report: dict[str, Any]) -> list[str]:
    blas = [f"{one['name']} {one['version'] or ''}, {one['threads']} thread(s)" for one in report["blas"]]
    pace = ", ".join(f"{name} in {1000 * seconds:.3g} ms" for name, seconds in report["seconds"].items())
    packages = ", ".join(f"{name} {version}" for name, version in report["packages"].items())
    rows = [
        ("modularity", f"{report['version']} in {report['place']}"),
        ("Python", f"{report['python']} on {report['system']}, {sys.executable}"),
        ("Packages", packages or "not known: the program runs from a folder and is not installed"),
        ("Conic solvers", ", ".join(report["conic_solvers"])),
        ("BLAS", "; ".join(blas) or "not known"),
        ("Speed", f"{pace}, on {report['cores']} core(s)"),
    ]
    hiding = [
        f"{path} hides a package of this program from a Python that starts in this folder: rename it."
        for path in report["hiding"]
    ]
    return [*(_folded(*row) for row in rows), *hiding, *_absent(report["missing"])]


def _folded(name: str, text: str) -> str:
    from shutil import get_terminal_size
    from textwrap import fill

    return fill(
        text,
        min(LINE_WIDTH, get_terminal_size((LINE_WIDTH, 0)).columns),
        initial_indent=f"{name:<15}",
        subsequent_indent=" " * 15,
        break_on_hyphens=False,
    )


def _absent(missing: dict[str, list[str]]) -> list[str]:
    if not missing:
        return ["Nothing is missing."]
    lines = ["", "Missing, where you want it:"]
    for extra, names in missing.items():
        how = PROJECT if extra == "(required)" else f"{PROJECT}[{extra}]"
        lines.append(f"    pip install '{how}'".ljust(46) + f"  {', '.join(names)}")
    return lines
