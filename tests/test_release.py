"""What is published: a wheel that holds all it needs and nothing else, a source archive that holds all there is.

Both are built from a clean copy and installed where nothing else of this project is in reach; then the wheel does its
first example there, and mypy checks what a user writes. `.ci/release` runs all tests in such a place.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("build", reason="needs the extra `dev`")

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="places of files as on POSIX"),
    pytest.mark.skipif(not (ROOT / "solver").is_dir() or not (ROOT / "LICENSE").exists(), reason="no checkout"),
]

LEFT_OUT = {".git", ".gitignore", "build", "dist", "site", "__pycache__"}

USER = '''
"""What a user writes, with the types to count on."""

from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from solver import (
    Audit,
    Bound,
    Budget,
    Certificate,
    Comparison,
    Problem,
    Progress,
    Report,
    Representation,
    Sources,
    Sweep,
    __version__,
    audit,
    budget,
    certify,
    examples,
    lower_bound,
    separation,
    solve,
    verify,
)
from solver.sklearn import OptimalCode
from theory import Verdict, modularity
from theory.readouts import Soft

Array = NDArray[np.float64]

points: Array = np.random.default_rng(0).uniform(size=(50, 2))
problem = Problem(points, readout=Soft(10.0), groups={"a": [0], "b": [1]})
assert_type(problem, Problem)
assert_type(Problem.from_data(points, dimension=2), Problem)
assert_type(Sources.from_moments(np.eye(2), points), Sources)
assert_type(examples.load("iris"), Sources)


def follow(progress: Progress) -> bool:
    return progress.gap < 1e-3


answer = solve(problem, callback=follow, rng=0)
assert_type(answer.status, str)
assert_type(answer.loss, float)
assert_type(answer.modular, bool | None)
assert isinstance(answer, Representation)
assert_type(answer.source_weights, Array)
assert_type(answer.activity(), Array)
assert_type(answer.energies, dict[str, float])
assert_type(answer.separate, Representation | None)
assert_type(answer.coded_sources(), list[tuple[str, ...]])
assert_type(answer.metrics(), dict[str, float])
assert_type(answer.compare([0] * 50), Comparison)
assert_type(answer.to_dict(), dict[str, Any])
answer.save(Path("code.npz"))
answer.to_html("code.html")
assert_type(Representation.load("code.npz"), Representation)
assert_type(certify(problem, answer), Certificate)
assert_type(certify(problem, answer).gap, float)
assert_type(lower_bound(problem, answer.multiplier), Bound)
assert_type(separation(problem), Verdict)
assert_type(modularity(points).modular, bool | None)
assert_type(budget(problem, (2, 4)), Budget)
assert_type(budget(problem).losses, Array)
found = audit(problem, points)
assert_type(found.excess, float)
assert isinstance(found, Audit)
assert_type(len(Sweep.of_family("opposite-corners", parameter=[0.1, 0.2])), int)
assert_type(verify(lambda sources: None), Report)
assert_type(OptimalCode(n_components=2).fit(points), OptimalCode)
assert_type(__version__, str)
solve(points)  # a problem is wanted
'''


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("release")


@pytest.fixture(scope="module")
def copy(place):
    """All files of the project, and nothing that was built or cached among them."""

    def left_out(_, names):
        return [
            name for name in names
            if name in LEFT_OUT or name.endswith((".egg-info", ".pyc")) or (name.startswith(".") and name != ".ci")
        ]  # fmt: skip

    return shutil.copytree(ROOT, place / "copy", ignore=left_out)


@pytest.fixture(scope="module")
def built(place, copy):
    """The wheel, made from the source archive, and the archive itself."""
    before = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    run(sys.executable, "-m", "build", "--outdir", place / "dist", copy)
    (wheel,), (archive,) = ((place / "dist").glob(pattern) for pattern in ("*.whl", "*.tar.gz"))
    return wheel, archive, before


@pytest.fixture(scope="module")
def installed(place, built):
    """Python with the wheel, and with the libraries of this one behind it."""
    environment = place / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", built[0])
    packages = next((environment / "lib").glob("python*/site-packages"))
    # Named in a file, so that what this Python has installed in place stays out of reach.
    beyond = [path for path in sys.path if path.endswith("-packages")]
    (packages / "beyond.pth").write_text("\n".join(beyond))
    return python


def clean():
    """The environment without ways back to the checkout."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}


def test_the_archive_holds_all_there_is(built):
    _, archive, files = built
    with tarfile.open(archive) as content:
        held = {name.split("/", 1)[1] for name in content.getnames() if "/" in name}
    assert not files - held
    assert {"README.md", "CHANGELOG.md", "CITATION.cff", "tests/test_release.py", "docs/mathematics.md"} <= held
    assert any(name.startswith("benchmarks/") for name in held) and ".ci/run" in held


def test_the_wheel_holds_all_it_needs_and_nothing_else(built):
    wheel, _, files = built
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {name for name in files if name.startswith(("solver/", "theory/", "modularity_solver.py"))}
    assert {"solver/py.typed", "theory/py.typed", "solver/__init__.pyi", "solver/examples/iris.csv"} <= held


def test_the_wheel_does_its_first_example(installed, place):
    room = place / "room"
    room.mkdir()
    options = {"cwd": room, "env": clean()}
    found = run(installed, "-c", "import solver; print(solver.__file__, solver.__version__)", **options)
    assert found.startswith(str(installed.parents[1]))
    assert "proven optimal" in run(installed.parent / "modularity", "solve", "--example", "iris", **options)
    assert found.split()[-1] in run(installed.parent / "modularity", "--version", **options)
    page = "from solver import *; solve(Problem(examples.load('corner_cut_square'))).to_html('a.html', stops=1)"
    run(installed, "-c", page, **options)
    assert (room / "a.html").stat().st_size > 1_000_000


def test_what_a_user_writes_is_typed(installed, place):
    pytest.importorskip("mypy")
    (place / "user.py").write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(installed), "user.py"]
    done = subprocess.run(command, cwd=place, env=clean(), capture_output=True, text=True, check=False)
    (said, summary) = done.stdout.strip().splitlines()
    # The one mistake in it, and nothing else.
    line = USER.splitlines().index("solve(points)  # a problem is wanted") + 1
    assert said.startswith(f"user.py:{line}: error: ") and "[arg-type]" in said
    assert summary.startswith("Found 1 error in 1 file")
