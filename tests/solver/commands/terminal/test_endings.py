"""How the command ends: by a signal, by a reader that leaves, by a full disk; never by a traceback or a lost answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from solver import Problem, Representation, certify, solve
from solver.solving.solve import solve_one_of_many
from solver.stopping import Stopped, interruptible, noted, raise_if_stopped, watched
from tests.examples import CUT, IRIS, plainly, thorough
from tests.solver.commands.nursery import ROOT, Nursery

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the signals and pipes of POSIX")

SIGNALS = {
    signal.SIGINT: (130, "stopped from the keyboard"),
    signal.SIGTERM: (143, "stopped by SIGTERM"),
    signal.SIGHUP: (129, "stopped by SIGHUP"),
}

DURING = """
import contextlib, os, signal, sys
number = {number}
kill = lambda *_, **__: os.kill(os.getpid(), number)
# Whoever runs the tests may ignore some signals, as nohup does, and what is ignored is inherited.
signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
{setting}
from solver import __main__
__main__.main()
"""
"""The command with a real signal at a certain moment, whatever the machine's speed."""

SEARCHING = """
import solver.commands.cli, sys
module = sys.modules["solver.commands.solve"]

@contextlib.contextmanager
def progress():
    yield kill

module.progress_shown = progress
"""

CERTIFYING = """
from solver.solving.run import Run
answer = Run.answer
Run.answer = lambda run: kill() or answer(run)
"""

PRINTING = """
import solver.commands.cli, sys
module = sys.modules["solver.commands.solve"]
say = module.say
module.say = lambda *arguments, **named: kill() or say(*arguments, **named)
"""

SAVING = """
from solver import files
written = files.written_whole

@contextlib.contextmanager
def whole(path):
    with written(path) as partial:
        kill()
        yield partial

files.written_whole = whole
"""

READING = """
from solver import reading
reading.read_sources = kill
"""

IMPORTING = """
from solver import reading

def read(*_, **__):
    try:
        kill()
    except KeyboardInterrupt:
        raise ImportError("numpy.core.multiarray failed to import") from None

reading.read_sources = read
"""

IN_A_DESTRUCTOR = """
import solver.commands.cli, sys
module = sys.modules["solver.commands.solve"]

class Fragile:
    __del__ = kill

@contextlib.contextmanager
def progress():
    yield lambda _: Fragile() and None

module.progress_shown = progress
"""

TOGETHER = """
from solver.batches import codes
centred = codes.centred
codes.centred = lambda *arguments: kill() or centred(*arguments)
"""

JUDGING = """
from solver.solving.run import Run
from solver.verification import judgement as judging
follow = Run._follow
Run._follow = lambda run, steps: kill() or follow(run, steps)
"""

EXPLORING = """
from solver.pictures.pages import explorer
asked, calls = explorer.stop_requested, []

def counted():
    calls.append(None)
    assert len(calls) <= 4, "a problem is posed after the signal"
    said = asked()
    if len(calls) == 3:
        kill()
    return said

explorer.stop_requested = counted
"""

DESCENDING = """
from solver.generation import few_neurons
few_neurons.FewNeurons.drawn = kill
"""


NOISY = """
from solver.solving.run import Run
search = Run.search
Run.search = lambda *arguments: os.write(1, b"what a library prints\\n") and search(*arguments)
"""


def program(during, number):
    return DURING.format(number=int(number), setting=during)


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def command(nursery):
    """Start the command, with a signal at some moment if one is given."""

    def start(*arguments, during="", number=signal.SIGTERM, **options):
        return nursery.child(arguments, program(during, number), **options)

    return start


@pytest.fixture
def ended(command):
    """Run it to its end: exit code, output and errors."""

    def run(*arguments, **options):
        return command(*arguments, **options).ended()

    return run


def test_what_libraries_print_is_no_part_of_the_answer(ended):
    code, words, errors = ended("solve", CUT, "--json", during=NOISY)
    assert (code, errors) == (0, "what a library prints\n")
    assert json.loads(words)["status"] == "optimal"


# ---- signals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", plainly(SIGNALS, (signal.SIGINT, signal.SIGTERM)), ids=lambda number: number.name)
def test_a_signal_gives_the_best_certified_answer(ended, tmp_path, number):
    saved, drawn = tmp_path / "answer.npz", tmp_path / "answer.svg"
    # A picture takes as long as all the rest, and does not ask which signal it was; a page is drawn after one below.
    pictured = number == signal.SIGHUP
    outputs = ("--save", saved, "--plot", drawn) if pictured else ("--save", saved)
    code, words, errors = ended("solve", CUT, "--json", *outputs, during=SEARCHING, number=number)
    expected, said = SIGNALS[number]
    assert code == expected, errors
    answer = json.loads(words)
    assert answer["status"] == "interrupted"
    assert answer["message"].endswith(said)
    assert answer["lower_bound"] < 5.7631832 < answer["loss"]
    loaded = Representation.load(saved)
    assert loaded.loss == answer["loss"]
    assert certify(loaded.problem, loaded).gap == pytest.approx(answer["gap"])
    assert drawn.exists() is pictured
    assert "Traceback" not in errors


@pytest.mark.thorough
def test_a_signal_from_outside():
    # From the very start, as a user's own.
    waiting = SEARCHING.replace("yield kill", "yield lambda _: (print('ready', file=sys.stderr), time.sleep(100))")
    code = program(f"import time{waiting}", signal.SIGTERM)
    child = subprocess.Popen(
        [sys.executable, "-c", code, "solve", IRIS, "--json"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr.readline() == "ready\n"
    child.send_signal(signal.SIGTERM)
    words, errors = child.communicate(timeout=100)
    assert child.returncode == 143
    assert errors == ""
    assert json.loads(words)["status"] == "interrupted"


@pytest.mark.parametrize(
    "moment", plainly([CERTIFYING, PRINTING, SAVING], [SAVING]), ids=["certifying", "printing", "saving"]
)
def test_a_signal_after_the_search_loses_nothing(ended, tmp_path, moment):
    saved = tmp_path / "answer.npz"
    code, words, errors = ended("solve", CUT, "--json", "--save", saved, during=moment)
    assert code == 143, errors
    assert json.loads(words)["status"] == "optimal"
    assert Representation.load(saved).status == "optimal"
    assert os.listdir(tmp_path) == ["answer.npz"]


def test_a_signal_ends_the_further_problems_of_a_page(ended, tmp_path):
    code, words, errors = ended("solve", CUT, "--json", "--page", tmp_path / "code.html", during=EXPLORING)
    assert code == 143, errors
    assert json.loads(words)["status"] == "optimal"
    assert (tmp_path / "code.html").read_text().count('"factor": ') == 4


@pytest.mark.thorough
def test_a_signal_ends_a_gallery(ended, tmp_path):
    code, _, _ = ended("gallery", tmp_path / "pages", during=EXPLORING)
    assert code == 143
    assert len(os.listdir(tmp_path / "pages")) == 1


def test_a_second_signal_ends_at_once(ended, tmp_path):
    saved = tmp_path / "answer.npz"
    code, words, errors = ended("solve", IRIS, "--save", saved, during=SEARCHING + CERTIFYING)
    assert (code, words, errors) == (-signal.SIGTERM, "", "")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("moment", [READING, thorough(IMPORTING)], ids=["reading", "importing"])
def test_a_signal_before_the_search_is_one_line(ended, moment):
    code, words, errors = ended("solve", CUT, during=moment)
    assert (code, words, errors) == (143, "", "modularity: error: stopped by SIGTERM before the end\n")


def test_a_signal_in_a_destructor_is_not_lost(ended):
    code, words, errors = ended("solve", IRIS, "--json", during=IN_A_DESTRUCTOR)
    assert (code, errors) == (143, "")
    assert json.loads(words)["message"].endswith("stopped by SIGTERM")


def test_signals_that_are_ignored_stay_so(ended):
    ignore = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code, words, errors = ended("solve", IRIS, "--json", during=ignore + SEARCHING, number=signal.SIGHUP)
    assert (code, errors) == (0, "")
    assert json.loads(words)["status"] == "optimal"


@pytest.mark.parametrize(
    ("arguments", "moment"),
    [
        (["phase", "joint-table", "--points", "3", "--plot", "phase.svg"], TOGETHER),
        thorough(["verify", "--theorem", "range-independence", "--trials", "3", "--json"], JUDGING),
        thorough(["budget", ROOT / CUT, "--plot", "budget.svg"], DESCENDING),
        pytest.param(["reproduce", "one-corner-point", "--quick"], JUDGING, marks=pytest.mark.slow),
    ],
    ids=["phase", "verify", "budget", "reproduce"],
)
def test_a_signal_ends_a_series(ended, tmp_path, arguments, moment):
    code, _, errors = ended(*arguments, during=moment, number=signal.SIGINT, cwd=tmp_path)
    assert (code, errors) == (130, "modularity: error: stopped from the keyboard before the end\n")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_interrupt_ends_a_series_but_shortens_a_single_answer(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("solver.solving.run.plan", interrupt)
    problem = Problem([[0, 0], [0, 1], [1, 0]])
    answer = solve(problem)
    assert (answer.status, answer.message.split("; ")[-1]) == ("interrupted", "stopped from the keyboard")
    with pytest.raises(KeyboardInterrupt):
        solve_one_of_many(problem)


def test_a_library_takes_no_signals():
    before = [signal.getsignal(number) for number in SIGNALS]
    seen = []
    solve(Problem([[0, 0], [0, 1], [1, 0]]), callback=lambda _: seen.extend(map(signal.getsignal, SIGNALS)))
    assert seen[:3] == before
    with noted(), interruptible():
        raise_if_stopped()
    with watched():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_noted_signal_is_raised_where_it_may():
    with watched() as watch, noted():
        os.kill(os.getpid(), signal.SIGTERM)
        assert watch.exit_code == 143
        with pytest.raises(Stopped, match="stopped by SIGTERM"), interruptible():
            pytest.fail("the search was begun")
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_fan_that_nobody_waited_for_is_not_built_after_an_interrupt(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("solver.solving.run.plan", interrupt)
    monkeypatch.setattr("theory.sources.normal_fan", pytest.fail)
    answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
    assert 0 < answer.lower_bound <= answer.loss


# ---- readers that leave -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        thorough(["solve", CUT]),
        thorough(["check", CUT, "--json"]),
        pytest.param(["phase", "joint-table", "--points", "2"], marks=pytest.mark.slow),
        pytest.param(["verify", "--theorem", "independence", "--trials", "1"], marks=pytest.mark.slow),
        thorough(["--help"]),
    ],
    ids=" ".join,
)
def test_a_reader_that_leaves_is_no_error(command, arguments):
    child = command(*arguments)
    child.stdout.close()
    assert child.ended() == (141, "", "")


@pytest.mark.parametrize("outputs", [["--save"], thorough(["--save", "--plot"])], ids=" ".join)
def test_an_answer_is_saved_though_its_reader_left(command, tmp_path, outputs):
    paths = [tmp_path / name for name in ("answer.npz", "answer.svg")][: len(outputs)]
    child = command("solve", CUT, *(word for pair in zip(outputs, paths, strict=True) for word in pair))
    child.stdout.close()
    assert child.ended() == (141, "", "")
    assert Representation.load(tmp_path / "answer.npz").status == "optimal"
    assert all(path.exists() for path in paths)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
@pytest.mark.parametrize("arguments", [["solve", CUT], thorough(["--help"])], ids=" ".join)
def test_a_full_disk_is_one_line(ended, arguments):
    with open("/dev/full", "w") as full:
        code, _, errors = ended(*arguments, stdout=full)
    assert (code, errors.count("\n")) == (2, 1)
    assert "No space left" in errors


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["--version"], 0), (["sweep", "absent.toml"], 2), thorough(["check", CUT], 0)],
    ids=["version", "no file", "answer"],
)
def test_errors_that_are_closed_cost_no_answer(arguments, expected):
    # Neither is there a word of them in what is opened next, which gets the number of what is closed.
    child = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m solver {' '.join(map(str, arguments))} 2>&-"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == expected
    assert bool(child.stdout) == (expected == 0)


def test_an_output_that_is_closed_is_refused():
    child = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m solver solve {CUT} >&-"],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 2
    assert child.stderr == "modularity: error: standard output is closed; send it to a file or to /dev/null\n"


def test_one_failure_does_not_cost_the_other_outputs(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from solver.commands.cli import main

    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savez", fail)
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(
        main, ["solve", CUT, "--save", str(tmp_path / "answer.npz"), "--plot", str(tmp_path / "answer.svg")]
    )
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert "Saved" not in result.stdout and "Picture in" in result.stdout
    assert os.listdir(tmp_path) == ["answer.svg"]
