"""What is shown while a command works: soon enough, on a terminal alone, and never between an answer and its reader."""

import io
import json
import os
import sys
import time
from contextlib import contextmanager, redirect_stdout

import pytest

from solver.commands.cli import main
from solver.commands.terminal import progress
from solver.solving import solve as door
from tests.examples import CUT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


@contextmanager
def terminal(monkeypatch):
    """A terminal as stderr, and in the end what was written on it."""
    import pty

    ours, theirs = pty.openpty()
    seen = []
    with open(theirs, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        yield seen
        screen.write("END")
    while not "".join(seen).endswith("END"):
        seen.append(os.read(ours, 1 << 16).decode())
    os.close(ours)


@pytest.fixture
def slow(monkeypatch):
    """Long rounds, and another stream in the place of stdout meanwhile, as some conic solvers make it."""
    solve = door.solve

    def slowed(*arguments, callback=None, **options):
        def wait(found):
            time.sleep(0.15)
            return callback(found)

        with redirect_stdout(io.StringIO()):
            return solve(*arguments, callback=wait, **options)

    monkeypatch.setattr(door, "solve", slowed)


@pytest.mark.usefixtures("slow")
def test_a_line_with_bound_and_gap(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    with terminal(monkeypatch) as seen:
        assert main(["solve", CUT, "--json"], standalone_mode=False) == 0
    assert "neurons: loss 5.7" in "".join(seen) and "bound 5.7" in "".join(seen) and "gap" in "".join(seen)
    assert json.loads(capsys.readouterr().out)["status"] == "optimal"


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize(("asked", "patience"), [(["--quiet"], 0.05), ([], 60)])
def test_no_line_where_it_is_not_wanted_or_over_soon(asked, patience, monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", patience)
    with terminal(monkeypatch) as seen:
        assert main(["solve", CUT, *asked], standalone_mode=False) == 0
    assert "".join(seen) == "END" and bool(capsys.readouterr().out) is not bool(asked)
