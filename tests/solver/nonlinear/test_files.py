"""What is written of rectified and free neurons: files, tables, words, pictures, pages, the command line."""

from __future__ import annotations

import csv
import json
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner

from solver import Problem, certify, solve
from solver.commands.cli import main
from solver.nonlinear.code import NONLINEAR_ARRAYS, NONLINEAR_NUMBERS
from solver.nonlinear.representation import NonlinearRepresentation
from solver.pictures.nonlinear import as_text, page, plot, sentences
from tests.examples import thorough
from theory import InputError
from theory.readouts import Soft

POINTS = np.array([point for point in product([-1.0, 0.0, 1.0], repeat=2) if sum(point) < 2])


@pytest.fixture(scope="module", params=["rectified", "free"])
def answer(request):
    problem = Problem(POINTS + 3, mixing=[[1, 2], [0, 1], [1, 1]], probabilities=np.arange(1, 9), readout=Soft(50))
    return solve(problem.replaced(activation=request.param))


@pytest.fixture
def saved(answer, tmp_path):
    path = tmp_path / "code.npz"
    answer.save(path)
    return path


def test_what_is_saved_is_read_and_certified(answer, saved):
    again = NonlinearRepresentation.load(saved)
    assert again.problem.neurons.name == answer.problem.neurons.name
    for name in NONLINEAR_ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(answer, name))
    assert [getattr(again, name) for name in NONLINEAR_NUMBERS] == [getattr(answer, name) for name in NONLINEAR_NUMBERS]
    assert certify(again.problem, again).lower_bound == pytest.approx(answer.lower_bound, rel=1e-8)


@pytest.mark.parametrize("name", ["loss", "lower_bound", "gap", "multiplier", "sample_activity", "decoder", "points"])
def test_an_altered_number_is_found(saved, name):
    with np.load(saved) as file:
        content = dict(file)
    content[name] = content[name] * (1 + 1e-6) if content[name].any() else content[name] + 1e-3
    np.savez(saved, **content)
    with pytest.raises(InputError, match="damaged or altered"):
        NonlinearRepresentation.load(saved)


def test_files_of_another_kind_are_refused_in_one_line(answer, tmp_path):
    linear = tmp_path / "linear.npz"
    solve(Problem(POINTS)).save(linear)
    with pytest.raises(InputError, match=r"^[^\n]*Representation.load$"):
        NonlinearRepresentation.load(linear)
    nothing = tmp_path / "nothing.npz"
    nothing.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a saved representation"):
        NonlinearRepresentation.load(nothing)
    with pytest.raises(InputError, match=r"give .npz or .csv"):
        answer.save(tmp_path / "code.nc")
    assert not (tmp_path / "code.nc").exists()


def test_tables_have_one_row_a_neuron(answer, tmp_path):
    path = tmp_path / "neurons.csv"
    answer.save(path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(answer)
    assert [float(row["cost"]) for row in rows] == answer.neuron_costs.tolist()
    json.dumps(answer.to_dict())
    pytest.importorskip("pandas")
    table = answer.to_dataframe()
    assert len(table) == len(answer)
    assert table.attrs["status"] == answer.status


@pytest.mark.parametrize("answer", [thorough("rectified"), "free"], indirect=True)
def test_words_pictures_and_pages_name_the_kind(answer, tmp_path):
    kind = answer.problem.neurons.name
    assert sentences(answer)[0].startswith("Price of modularity: ") and f"{kind} neuron" in sentences(answer)[1]
    assert repr(answer) == as_text(answer)
    assert len(as_text(answer).splitlines()) > len(answer)
    figure = plot(answer, path=tmp_path / "code.png")
    labels = [label.get_text() for label in figure.axes[0].get_legend().get_texts()]
    assert {*answer.energies, "proven bound"} <= set(labels)
    page(answer, tmp_path / "code.html")
    assert f"Best code of {kind} neurons" in (tmp_path / "code.html").read_text(encoding="utf-8")
    with pytest.raises(InputError):
        page(answer, tmp_path / "nowhere" / "code.html")


def test_where_one_source_tells_all_samples_apart_modularity_says_nothing():
    points = np.random.default_rng(0).uniform(-1, 1, (4, 2))
    answer = solve(Problem(points, activation="free", readout=Soft(20)))
    assert "'s1' alone tells all samples apart" in sentences(answer)[0]
    assert not any("modularity:" in line for line in sentences(answer))
    grid = solve(Problem(POINTS[[0, 2, 5, 7]], activation="free", readout=Soft(20)))
    assert "tells all samples apart" not in as_text(grid)


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["rectified", "free"])
def test_the_command_line_solves_saves_and_draws(kind, tmp_path):
    data = tmp_path / "data.csv"
    np.savetxt(data, POINTS, delimiter=",")
    outputs = [tmp_path / name for name in ("code.npz", "code.png", "code.html")]
    options = ["--activation", kind, "--error-cost", "50", "--json"]
    options += [item for pair in zip(["--save", "--plot", "--page"], outputs, strict=True) for item in pair]
    result = run("solve", data, *options)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["activation"], told["status"]) == (kind, "optimal")
    assert NonlinearRepresentation.load(outputs[0]).loss == pytest.approx(told["loss"])
    assert all(path.stat().st_size for path in outputs)


@pytest.mark.parametrize(
    "options", [["--method", "conic"], ["--bias-cost", "1"], ["--trajectory"], ["--neurons", "3"], ["--save", "x.nc"]]
)
def test_the_command_line_refuses_in_one_line_and_leaves_nothing(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("data.csv", POINTS, delimiter=",")
    result = run("solve", "data.csv", "--activation", "rectified", *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("modularity: error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_a_steep_neuron_is_read_as_it_was_written(tmp_path):
    """Weights cost nothing: two samples that hardly differ may be told apart, by a difference of large numbers."""
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0 + 1e-9, 1.0]]) + 1e3
    answer = solve(Problem(rows, activation="rectified", readout=Soft(100), encoder_cost=1e-22), max_iterations=1)
    steep = 1e9 * np.array([[1.0, 1.0]])
    network = (np.maximum(rows @ steep.T - 2.001e12, 0.0) + 1e-7, steep, np.array([-2.001e12]))
    fields = ("method", "message", "multiplier", "modular_loss", "modular_lower_bound", "linear_loss", "tolerance")
    kept = {name: getattr(answer, name) for name in fields}
    code = NonlinearRepresentation.of_network(answer.problem, *network, iterations=0, seconds=0.0, **kept)
    for one in (answer, code.bounded_by(answer.lower_bound, "bounded")):
        one.save(tmp_path / "code.npz")
        assert NonlinearRepresentation.load(tmp_path / "code.npz").loss == pytest.approx(one.loss, rel=1e-9)
