"""Files out: nothing that was there before is lost, a full disk is told with the file, and names command nothing."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from solver import Problem, examples, solve
from solver.commands.cli import main
from solver.pictures.pages.gallery import hang
from solver.pictures.style import styled, written
from solver.studies import registry
from solver.studies.registry import run_studies
from solver.studies.study import Finding
from solver.sweeps.journal import opened
from solver.verification.verify import save_problem
from tests.examples import plainly, share
from theory import InputError
from theory.writing import free_name, written_whole

SQUARE = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1.5]])


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "data.csv"
    np.savetxt(path, SQUARE, delimiter=",")
    return path


# ---- inputs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("option", ["--mixing", "--targets", "--transitions"])
def test_no_input_is_overwritten(tmp_path, table, option, suffix, linked):
    given_file = tmp_path / f"matrix{suffix}"
    matrix = np.eye(2)
    np.savetxt(given_file, matrix, delimiter=",") if suffix == ".csv" else np.savez(given_file, matrix)
    before = given_file.read_bytes()
    saved = tmp_path / f"link{suffix}"
    if linked:
        saved.symlink_to(given_file)
    done = run("solve", table, option, given_file, "--save", saved if linked else given_file)
    assert done.exit_code == 2 and "is the input itself; give another name" in done.stderr
    assert given_file.read_bytes() == before
    assert run("solve", table, "--save", table).exit_code == 2


def test_pictures_of_inputs_of_any_name_are_refused(tmp_path, table):
    """A file is read by what stands in it where it is a pipe; what ends in .png can be one."""
    for name, command in (("activity", "audit"), ("encoder", "audit"), ("decoder", "audit"), ("mixing", "budget")):
        given_file = tmp_path / f"{name}.png"
        given_file.write_bytes(b"1,0\n0,1\n")
        others = [given_file, table] if name == "activity" else [table, table] if command == "audit" else [table]
        options = [] if name == "activity" else [f"--{name}", given_file]
        done = run(command, *others, *options, "--plot", given_file)
        assert done.exit_code == 2 and "is the input itself" in done.stderr
        assert given_file.read_bytes() == b"1,0\n0,1\n"


# ---- names that nobody gave -----------------------------------------------------------------------------------------


CONJECTURE = """
from theory.theorems import Theorem

always = Theorem(
    name="always", statement="All codes are modular.", latex="1", source="nowhere", proof="none",
    predicts=lambda problem: True,
)
"""


@given(st.integers(0, 3))
def test_a_name_that_nobody_gave_is_new(tmp_path_factory, count):
    folder = tmp_path_factory.mktemp("names")
    for _ in range(count):
        free_name(folder / "claim.csv").write_text("mine")
    fresh = free_name(folder / "claim.csv")
    assert fresh.name == ("claim.csv" if not count else f"claim-{count + 1}.csv") and not fresh.exists()
    fresh.symlink_to(folder / "nowhere")
    assert free_name(folder / "claim.csv") != fresh


def test_a_counterexample_replaces_no_file(tmp_path, monkeypatch):
    from solver.commands.verify import _place

    monkeypatch.chdir(tmp_path)
    Path("claim.csv").write_text("mine")
    assert _place(None, "claim", alone=True) == Path("claim-2.csv")
    Path("out_claim.csv").write_text("mine")
    assert _place("out.csv", "claim", alone=False) == Path("out_claim-2.csv")
    # What was asked for by name is replaced, its mixing beside it is not.
    assert _place("claim.csv", "other", alone=True) == Path("claim.csv")
    Path("claim_mixing.csv").write_text("mine")
    options = save_problem(Problem(SQUARE, mixing=[[1, 0], [1, 1]]), Path("claim.csv"))
    assert options == ["--mixing", "claim_mixing-2.csv"]
    assert Path("claim_mixing.csv").read_text() == Path("out_claim.csv").read_text() == "mine"
    assert run("check", "claim.csv", *options).exit_code == 0


@pytest.mark.thorough
def test_a_gallery_replaces_its_own_pages_only(tmp_path, monkeypatch):
    pytest.importorskip("plotly")
    monkeypatch.setattr(examples, "EXAMPLES", {"corner_cut_square": "A square."})
    page = tmp_path / "corner_cut_square.html"
    page.write_text("<title>mine</title>")
    with pytest.raises(InputError, match=r"corner_cut_square.html' is there already, of another kind"):
        hang(tmp_path, stops=1)
    assert page.read_text() == "<title>mine</title>" and not (tmp_path / "index.html").exists()
    page.unlink()
    hang(tmp_path, stops=1)
    hang(tmp_path, stops=1)


def test_a_study_replaces_its_own_files_only(tmp_path, monkeypatch):
    found = Finding(True, "It holds.", [{"n": 1}], Figure())
    monkeypatch.setattr(registry, "_run", lambda *_: found)
    table = tmp_path / "one-corner-point.csv"
    table.write_text("mine")
    with pytest.raises(InputError, match=r"one-corner-point.csv' is there already"):
        next(run_studies("one-corner-point", folder=tmp_path, quick=True))
    assert table.read_text() == "mine"
    table.unlink()
    for _ in range(2):
        next(run_studies("one-corner-point", folder=tmp_path, quick=True))
    (tmp_path / "one-corner-point.png").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"one-corner-point.png' is there already"):
        next(run_studies("one-corner-point", folder=tmp_path, quick=True))


class _Sweep:
    fingerprint, coordinates = "of this", ()

    def describe(self):
        return {"n": 1}

    def __len__(self):
        return 1


@pytest.mark.parametrize("content", [b"mine", b"mine\n", b'{"fingerprint": "of another"}\n'])
def test_a_journal_begins_in_no_file_of_others(tmp_path, content):
    pytest.importorskip("pyarrow")
    journal = tmp_path / "table.parquet.journal"
    journal.write_bytes(content)
    with pytest.raises(InputError, match=r"holds (no|another) sweep"), opened(_Sweep(), tmp_path / "table.parquet"):
        pass
    assert journal.read_bytes() == content


# ---- written whole --------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444 | stat.S_IWUSR])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "code.csv"
    with written_whole(path) as temporary:
        temporary.write_text("first")
    ordinary = tmp_path / "ordinary"
    ordinary.write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)
    path.chmod(mode)
    with written_whole(path) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        temporary.write_text("second")
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_text() == "second"


SAVED = ("code.npz", "code.csv", "code.nc", "code.pdf", "code.png", "code.svg")


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
@pytest.mark.parametrize("name", plainly(SAVED, [name for name in SAVED if name not in ("code.pdf", "code.svg")]))
def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch, name):
    """The size of files is limited, which fails where a full disk would."""
    import resource
    import signal

    answer = solve(Problem([[0], [1], [3]]))
    path = tmp_path / name
    # What is imported meanwhile would leave half of its compiled code behind, and Python does not notice.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    figure = answer.plot() if name.endswith(("pdf", "png", "svg")) else None
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
        with pytest.raises(OSError, match="large") as error:
            answer.save(path) if figure is None else answer.plot(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert error.value.errno == errno.EFBIG and Path(error.value.filename).name == name
    assert not list(tmp_path.iterdir())


def test_errors_about_other_files_keep_their_names(tmp_path):
    with pytest.raises(FileNotFoundError) as error, written_whole(tmp_path / "code.csv"):
        (tmp_path / "other.csv").read_text()
    assert Path(error.value.filename).name == "other.csv"
    with pytest.raises(FileNotFoundError) as error, written_whole(tmp_path / "no" / "code.csv"):
        pass
    assert error.value.filename == str(tmp_path / "no" / "code.csv")


# ---- names that command a terminal ----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="such names are not allowed elsewhere")
@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown", "latex"])
def test_no_name_commands_a_terminal(tmp_path, form):
    bad = "a\x1b[31m\x9b2J\x07"
    path = tmp_path / f"{bad}.npy"
    np.save(path, np.rec.fromarrays(SQUARE.T, dtype=[(bad, "f8"), ("b", "f8")]))
    saved, picture = tmp_path / f"{bad}.csv", tmp_path / f"{bad}.svg"
    drawn = ("--plot", picture) if form == "text" else ()  # no picture asks in which form the answer is printed
    outputs = [
        run("solve", path, "--format", form, "--save", saved, *drawn, "--group", f"{bad}x=b"),
        run("check", path, "--format", form),
        run("check", tmp_path / f"{bad}.none"),
        run("check", tmp_path / f"{bad}.csv"),
    ]
    assert [done.exit_code for done in outputs[:2]] == [0, 0] and saved.exists() and picture.exists() is bool(drawn)
    for done in outputs:
        assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in done.output.replace("\n", ""))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8))
@share(1 / 2)
def test_a_picture_can_be_read_whatever_the_words(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("pictures") / "words.svg"
    figure = Figure((1, 1))
    figure.text(0, 0, words, parse_math=False)
    styled(written)(figure, path)
    ElementTree.parse(path)
