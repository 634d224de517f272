"""The command line: what it says, what it leaves behind, and with which exit code it leaves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from solver import Representation, certify
from solver.commands.cli import main
from tests.examples import CUT, IRIS
from tests.solver.commands.nursery import ROOT

COMMAND = [sys.executable, "-c", "from solver.commands.cli import main; main()"]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def accepted(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result


def refused(*arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(r"modularity: error: [^\n]+\n", result.stderr)
    return result.stderr


@pytest.fixture
def box(tmp_path):
    path = tmp_path / "box.npy"
    np.save(path, [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    return path


# ---- what it says -------------------------------------------------------------------------------------------------


def test_solve_in_words():
    words = accepted("solve", CUT).stdout
    assert words.startswith("Price of modularity: one source per neuron would cost 0.225 % more: mixed.\n")
    assert "3 neurons code 2 sources (66 samples); 2 of them one source each, 1 several." in words
    assert "Neuron 1 codes horizontal; neuron 2 codes vertical; neuron 3 mixes horizontal and vertical." in words
    assert "Loss 5.7631832, proven optimal" in words
    assert re.search(r"3 +-0\.2162 +-0\.2162 +0\.1622 +5\.9 % +-horizontal -vertical", words)


def test_check_in_words(box):
    assert "Modular: the optimal code of 2 sources (s1, s2)" in accepted("check", box).stdout
    words = accepted("check", CUT).stdout
    assert "Mixed: the best modular code of 2 sources (horizontal, vertical) is not optimal" in words
    assert "at most 7.43 %" in words


def test_solve_as_json():
    result = accepted("solve", CUT, "--json")
    answer = json.loads(result.stdout, parse_constant=pytest.fail)
    assert result.stdout.count("\n") == 1
    assert {
        "status", "method", "loss", "lower_bound", "gap", "modular", "price_of_modularity", "modular_loss",
        "source_weights", "encoder", "encoder_bias", "decoder", "decoder_bias", "energies", "multiplier", "iterations",
        "seconds", "message", "sources",
    } <= set(answer)  # fmt: skip
    assert answer["status"] == "optimal"
    assert answer["modular"] is False
    assert answer["loss"] == pytest.approx(5.763183, abs=1e-6)
    assert answer["modular_loss"] == pytest.approx(5.776126, abs=1e-6)
    assert answer["sources"] == ["horizontal", "vertical"]
    assert sum(answer["energies"].values()) == pytest.approx(answer["loss"])


def test_check_as_json(box):
    verdict = json.loads(accepted("check", CUT, "--json").stdout)
    assert verdict["modular"] is False
    assert len(verdict["witness"]) == 2
    one = box.with_name("one.csv")
    one.write_text("0\n1\n3\n")
    # The margin of a single source is infinite, which JSON cannot say.
    assert json.loads(accepted("check", one, "--json").stdout)["margin"] is None


def test_help_and_version():
    assert "solve" in accepted("--help").stdout
    assert "--weight-cost" in accepted("solve", "--help").stdout
    assert accepted("--version").stdout.startswith("modularity")
    assert run().exit_code == 2


def test_solve_by_a_conic_program():
    answer = json.loads(accepted("solve", CUT, "--method", "conic", "--solver", "SCS", "--json").stdout)
    assert answer["status"] == "optimal" and answer["loss"] == pytest.approx(5.763183201438)
    assert "solved by SCS" in answer["message"]
    assert "solver: method 'auto' needs no conic solver" in refused("solve", CUT, "--solver", "SCS")
    assert "'Fantasia' is not installed or unknown" in refused(
        "solve", CUT, "--method", "conic", "--solver", "Fantasia"
    )


def test_a_conic_solver_that_fails_is_named(monkeypatch):
    monkeypatch.setattr("solver.conic_solvers._settings", lambda solver, tolerance: {"max_iter": 1})
    words = accepted("solve", CUT, "--method", "conic").stdout
    assert "Best loss found" in words
    assert "Why not optimal: conic: as asked; CLARABEL stopped at its limit" in words


# ---- options ------------------------------------------------------------------------------------------------------


def loss(*arguments):
    return json.loads(accepted("solve", *arguments, "--json").stdout)["loss"]


def test_costs(box):
    # A box is modular: loss 2 sum_i sqrt(decoder_cost (1 + encoder_cost + 1)).
    assert loss(box) == pytest.approx(4 * 3**0.5)
    assert loss(box, "--encoder-cost", 0) == pytest.approx(4 * 2**0.5)
    assert loss(box, "--encoder-cost", 2) == pytest.approx(4 * 4**0.5)
    assert loss(box, "--decoder-cost", 4) == pytest.approx(8 * 3**0.5)
    assert loss(box, "--weight-cost", 7) == pytest.approx(4 * (7 * 9) ** 0.5)
    assert "--weight-cost sets both" in refused("solve", box, "--weight-cost", 1, "--decoder-cost", 1)
    assert "--weight-cost: the cost of the decoder cannot be zero" in refused("solve", box, "--weight-cost", 0)
    assert "decoder_cost: 0 is not positive" in refused("solve", box, "--decoder-cost", 0)
    assert "encoder_cost: -1 is not a cost" in refused("check", box, "--encoder-cost", -1)
    assert "decoder_cost: nan is not a cost" in refused("check", box, "--decoder-cost", "nan")


def test_mixing_and_probabilities(box, tmp_path):
    np.savetxt(tmp_path / "mixing.csv", [[0, 1], [1, 0], [0, 0]], delimiter=",")
    assert loss(box, "--mixing", tmp_path / "mixing.csv") == pytest.approx(loss(box))
    np.savetxt(tmp_path / "wrong.csv", np.eye(3), delimiter=",")
    assert "mixing: shape (3, 3) does not fit 2" in refused("solve", box, "--mixing", tmp_path / "wrong.csv")
    weighted = tmp_path / "weighted.csv"
    weighted.write_text("a,b,chance\n-1,-1,2\n-1,1,2\n1,-1,2\n1,1,2\n0,0,0\n")
    assert loss(weighted, "--probabilities", "chance") == pytest.approx(loss(box))
    assert "did you mean 'chance'" in refused("solve", weighted, "--probabilities", "chanec")


def test_limits(tmp_path):
    assert "tolerance" in refused("solve", CUT, "--tolerance", 3)
    assert "max_iterations" in refused("solve", CUT, "--max-iterations", 0)
    assert "time_limit" in refused("solve", CUT, "--time-limit", -1)
    assert "--method" in refused("solve", CUT, "--method", "adam")
    answer = json.loads(accepted("solve", IRIS, "--max-iterations", 1, "--json").stdout)
    assert answer["status"] == "bounded"
    assert answer["lower_bound"] < 14.8833626 < answer["loss"]


def test_standard_input(box, tmp_path):
    def piped(*arguments, content=None):
        content = Path(CUT).read_bytes() if content is None else content
        return CliRunner().invoke(main, [str(argument) for argument in arguments], input=content)

    assert "0.225 % more: mixed" in piped("solve", "-").stdout
    proof = tmp_path / "proof.json"
    assert "Shown in rational arithmetic" in piped("check", "-", "--exact", "--proof", proof).stdout
    assert "The proof holds" in piped("check-proof", proof, "-").stdout
    mixed = piped("solve", box, "--mixing", "-", "--json", content=b"2,0\n0,2\n").stdout
    assert json.loads(mixed)["decoder"] != json.loads(accepted("solve", box, "--json").stdout)["decoder"]
    assert "cannot be both" in piped("solve", "-", "--mixing", "-").stderr
    assert piped("solve", "-", content=b"1,2\n2\n").stderr.startswith("modularity: error: standard input: line 2 has 1")


# ---- files out ----------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_saved_answer_certifies(tmp_path):
    words = accepted("solve", IRIS, "--save", tmp_path / "iris.npz", "--plot", tmp_path / "iris.png").stdout
    assert "Saved to" in words
    answer = Representation.load(tmp_path / "iris.npz")
    assert answer.problem.sources.names[0] == "sepal_length"
    assert certify(answer.problem, answer).gap < 1e-7
    assert sorted(path.name for path in tmp_path.iterdir()) == ["iris.npz", "iris.png"]


def test_json_is_alone_on_stdout(tmp_path):
    result = accepted("check", CUT, "--json", "--plot", tmp_path / "cut.svg")
    json.loads(result.stdout)
    assert (tmp_path / "cut.svg").exists()


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--save", "no/answer.npz", "no folder"),
        ("--save", "answer.txt", "must end in .npz"),
        ("--save", "folder.npz", "is a folder"),
        ("--save", "data.npz", "is the input itself"),
        ("--plot", "answer.jpeg", "must end in .png or .pdf or .svg"),
        ("--plot", "no/answer.png", "no folder"),
    ],
)
def test_outputs_are_refused_before_the_work(tmp_path, monkeypatch, option, name, said):
    monkeypatch.setattr("solver.reading.read_sources", pytest.fail)
    (tmp_path / "folder.npz").mkdir()
    np.savez(tmp_path / "data.npz", np.eye(2))
    before = sorted(tmp_path.iterdir())
    message = refused("solve", tmp_path / "data.npz", option, tmp_path / name)
    assert option in message
    assert said in message
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_folder_without_permission(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    assert "cannot write into" in refused("solve", CUT, "--save", folder / "answer.npz")


def test_failure_while_saving_leaves_nothing(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savez", fail)
    result = run("solve", CUT, "--save", tmp_path / "answer.npz")
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert "3 neurons" in result.stdout  # the answer itself is not lost
    assert list(tmp_path.iterdir()) == []


# ---- errors -------------------------------------------------------------------------------------------------------


def test_bad_files_are_one_line(tmp_path):
    assert "none.csv: No such file" in refused("solve", tmp_path / "none.csv")
    assert "Is a directory" in refused("check", _folder(tmp_path))
    for name, content, said in [
        ("empty.csv", "", "empty"),
        ("text.csv", "a,b\n1,2\n2,x\n", "line 3, column 2 ('b')"),
        ("one.csv", "1,2\n", "only one row"),
        ("constant.csv", "a,b\n1,2\n2,2\n", "'b' (column 1) is constant"),
        ("odd.xls", "1,2\n", "unknown kind of file"),
    ]:
        (tmp_path / name).write_text(content)
        assert said in refused("solve", tmp_path / name)


def _folder(tmp_path):
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    return folder


def test_long_errors_are_cut_short(tmp_path):
    (tmp_path / "long.csv").write_text("n" * 100_000 + ",b\n1,2\n1,3\n")
    message = refused("check", tmp_path / "long.csv")
    assert len(message) < 1_100
    assert message.endswith("is constant at 1; remove it, since the bias alone represents it\n")


@pytest.mark.thorough
def test_pictures_of_names_that_no_font_has(tmp_path):
    (tmp_path / "names.csv").write_text("\u5f62,\U0001f600\n0,0\n0,1\n1,0\n", encoding="utf-8")
    assert accepted("solve", tmp_path / "names.csv", "--plot", tmp_path / "names.svg").stderr == ""


def test_usage_errors_are_one_line():
    assert "FILE" in refused("solve")
    assert "No such option" in refused("solve", CUT, "--colour")
    assert "not a valid float" in refused("solve", CUT, "--tolerance", "small")
    assert "No such command" in refused("solv", CUT)


def test_defects_are_not_hidden(monkeypatch):
    def defect(*arguments, **options):
        raise ValueError("a defect")

    monkeypatch.setattr("solver.reading.read_sources", defect)
    assert isinstance(run("solve", CUT).exception, ValueError)


# ---- as a process -------------------------------------------------------------------------------------------------


def process(*arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=ROOT, **options)


@pytest.mark.thorough
def test_no_progress_in_a_pipe():
    assert process("solve", IRIS, "--json").communicate()[1] == ""


def test_interrupt_before_any_answer(monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("solver.reading.read_sources", interrupt)
    result = run("solve", CUT)
    assert result.exit_code == 130
    assert "interrupted before" in result.stderr


def test_starts_without_heavy_imports():
    code = (
        "import sys; from solver.commands.cli import main; main(['--help'], standalone_mode=False); "
        "sys.exit(bool({'numpy', 'scipy', 'matplotlib', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_check_draws_on_few_imports():
    code = (
        f"import sys; from solver.commands.cli import main; main(['check', {CUT!r}], standalone_mode=False); "
        "sys.exit(bool({'matplotlib', 'sympy', 'pandas', 'cvxpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# ---- exact verdicts -----------------------------------------------------------------------------------------------


def test_exact_verdict_and_its_proof(box, tmp_path):
    proof = tmp_path / "proof.json"
    words = accepted("check", CUT, "--exact", "--proof", proof).stdout
    assert "w = (-1, -1)" in words and "h(w)^2 = 19321/17424" in words and "w'F w  = 29023/17424" in words
    assert "The proof holds: the optimal code is mixed." in accepted("check-proof", proof, CUT).stdout
    assert json.loads(accepted("check-proof", proof, CUT, "--json").stdout)["valid"] is True
    assert "for other data" in refused("check-proof", proof, box)
    assert "for other data" in refused("check-proof", proof, CUT, "--encoder-cost", 2)
    accepted("check", CUT, "--encoder-cost", 0, "--proof", proof.with_name("free.json"))
    assert "The proof holds" in accepted("check-proof", proof.with_name("free.json"), CUT, "--encoder-cost", 0).stdout
    assert "19321/17424 = 1.10887" in words
    proof.write_text(proof.read_text().replace("29023", "29024"))
    assert "altered" in refused("check-proof", proof, CUT)
    assert "not a JSON file" in refused("check-proof", CUT, CUT)
    for content, said in (
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5_000, "an integer has 5,000 digits"),
        ("\x00", "not a JSON"),
    ):
        proof.write_text(content)
        assert said in refused("check-proof", proof, CUT)
    proof.write_text('{"format": "modularity proof 1", "modular": 1, "digest": ""}')
    assert "`modular` must be true or false" in refused("check-proof", proof, CUT)
    assert "must end in .json" in refused("check", CUT, "--proof", tmp_path / "proof.txt")
    proof.write_text("[" * 100_000)
    assert "nested too deeply" in refused("check-proof", proof, CUT)
    proof.write_text("1" * 10_000)
    assert "10,000 digits" in refused("check-proof", proof, CUT)


def test_exact_verdicts_of_extreme_decimals(tmp_path):
    file = tmp_path / "near.csv"
    file.write_text("0.1,0\n0,0.1\n0.1,0.1\n0.000000000000001,0\n0,0.000000000000001\n")
    assert "\nModular: " in accepted("check", file, "--exact").stdout
    file.write_text("1e-4999,0\n0,1\n1,0.3\n")
    proof = tmp_path / "proof.json"
    assert accepted("check", file, "--exact", "--proof", proof).stdout.startswith(
        "Price of modularity: one source per neuron"
    )
    assert "The proof holds" in accepted("check-proof", proof, file).stdout
    assert json.loads(accepted("check", file, "--exact", "--json").stdout)["modular"] is False
    file.write_text("0,0\n1,1\n2,2.00000000000000000000001\n3,3\n")
    words = accepted("check", file, "--exact").stdout
    assert "\nMixed: " in words and "no margin is known" in words
    assert json.loads(accepted("check", file, "--exact", "--json").stdout)["margin"] is None
    assert "\nModular: " in accepted("check", file).stdout  # what floating point takes for one source twice
    assert "linearly dependent" in refused("check", file, "--exact", "--plot", tmp_path / "picture.png")
    assert "decoder_cost: -1" in refused("check", file, "--exact", "--decoder-cost", -1)
    file.write_text("0,0\n1,1\n3,3\n")
    assert "linearly dependent, column 1 is constant" in refused("check", file, "--exact")
    for far in ("1e-400000000", "0." + "1" * 10_000):
        file.write_text(f"{far},0\n0,1\n1,0.3\n")
        assert "row 0, column 0 of sources" in refused("check", file, "--exact")


def test_decimals_in_files_are_exact(tmp_path):
    # As decimals a box to the last digit, in spite of what 0.1 is in binary.
    file = tmp_path / "box.csv"
    file.write_text("a;b;p\n0,1;0,1;0,25\n0,1;0,7;0,25\n0,3;0,1;0,25\n0,3;0,7;0,25\n")
    answer = json.loads(
        accepted("check", file, "--probabilities", "p", "--exact", "--weight-cost", 0.1, "--json").stdout
    )
    assert answer["modular"] is True
    assert answer["proof"]["slacks"] == ["0"] * 4
