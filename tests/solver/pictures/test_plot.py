"""Pictures: every kind of problem gets one, written whole or not at all, and what is drawn is what is true."""

from __future__ import annotations

import numpy as np
import pytest

from solver import Problem, Sources, solve
from solver.pictures.plot import modular_energies, plot, plot_verdict
from solver.pictures.source_plane import Condition
from solver.pictures.style import BLUE, ORANGE
from tests.examples import plainly
from theory import InputError
from theory.conditions import decide, modular_multiplier

GRID = np.array([(x, y) for x in np.linspace(-1, 1, 9) for y in np.linspace(-1, 1, 9)])
BOX = Problem(GRID)
CUT = Problem(GRID[GRID.sum(axis=1) < 1])
SIGNATURES = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


def normal(dimension, count=60):
    return Problem(np.random.default_rng(dimension).standard_normal((count, dimension)))


@pytest.fixture(scope="module")
def mixed():
    """The picture of a mixed code."""
    return plot(solve(CUT))


def colours(axes):
    return {line.get_color() for line in axes.lines}


@pytest.mark.parametrize("suffix", plainly(SIGNATURES, [".png", ".svg"]))
def test_written_whole(tmp_path, suffix):
    plot(solve(Problem([[0], [1], [3]])), path=tmp_path / f"code{suffix}")
    assert (tmp_path / f"code{suffix}").read_bytes().startswith(SIGNATURES[suffix])
    assert [path.name for path in tmp_path.iterdir()] == [f"code{suffix}"]


def test_failure_leaves_no_file(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        plot(solve(CUT), path=tmp_path / "code.png")
    assert list(tmp_path.iterdir()) == []


HARD = {
    "line": normal(1),
    "plane": normal(2),
    "three": normal(3),
    "four": normal(4, 8),
    "scales": Problem(GRID * [1e-8, 1e8] + [0, 1e9]),
    "many": Problem(np.random.default_rng(0).uniform(size=(5_000, 2))),
    "moments": Problem(Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 1]])),
    "probabilities": Problem(GRID, probabilities=np.arange(81)),
    "names": Problem(Sources(GRID, names=["price in $", "$x_{$ and a name that is much too long for an axis"])),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", HARD)
def test_every_kind_of_problem_has_its_picture(tmp_path, name):
    plot(solve(HARD[name], time_limit=5), path=tmp_path / "code.png")
    plot_verdict(HARD[name], decide(HARD[name]), path=tmp_path / "verdict.png")
    assert len(list(tmp_path.iterdir())) == 2


def test_ellipse_leaves_the_hull_where_modular_codes_fail(mixed):
    assert {BLUE, ORANGE} <= set(colours(mixed.axes[0]))


@pytest.mark.thorough
def test_ellipse_leaves_the_hull_nowhere_else():
    drawn = colours(plot(solve(BOX)).axes[0])
    assert BLUE in drawn and ORANGE not in drawn


def test_ellipse_is_the_level_set_of_the_inverse():
    condition = Condition(CUT, modular_multiplier(CUT) - CUT.energy_matrix)
    ring, outside = condition.ellipse((0, 1))
    level = np.einsum("pi,ij,pj->p", ring, np.linalg.inv(condition.matrix), ring)
    np.testing.assert_allclose(level, 1)
    # The hull of -S is that of S mirrored about the mean, and the ellipse is its own mirror image.
    normals = CUT.sources.fan.facets
    np.testing.assert_array_equal(outside, (-ring @ normals.T).max(axis=1) > 1 + 1e-8)


def test_shadow_of_the_ellipsoid_holds_its_points():
    problem = normal(3)
    condition = Condition(problem, np.array([[2.0, 0.5, 0.3], [0.5, 1.0, -0.2], [0.3, -0.2, 3.0]]))
    sphere = np.random.default_rng(0).standard_normal((20_000, 3))
    points = (sphere / np.linalg.norm(sphere, axis=1, keepdims=True)) @ np.linalg.cholesky(condition.matrix).T
    for pair in ((0, 1), (0, 2), (1, 2)):
        angle = np.linspace(0, np.pi, 7)
        directions = np.array([np.cos(angle), np.sin(angle)])
        reach = (condition.ellipse(pair)[0] @ directions).max(axis=0)
        np.testing.assert_allclose((points[:, pair] @ directions).max(axis=0), reach, rtol=5e-3)


def test_no_ellipse_where_f_is_not_semidefinite():
    # The energies of these two sources differ so little that mixing them through A pays at once.
    mixing = np.array([[1.0, 0.999], [0.0, 0.05]])
    problem = Problem(GRID * [1, 0.2], mixing=mixing, encoder_cost=10)
    verdict = decide(problem)
    assert np.linalg.eigvalsh(verdict.F)[0] < 0
    figure = plot(solve(problem))
    assert BLUE not in colours(figure.axes[0])
    assert "not positive semidefinite" in figure.get_supxlabel()
    assert "not positive semidefinite" in plot_verdict(problem, verdict).get_supxlabel()


@pytest.mark.parametrize(
    "problem", [BOX, CUT, Problem(GRID, mixing=[[2, 1], [0, 1], [1, 0]], encoder_cost=0.3, decoder_cost=4)]
)
def test_energies_of_the_modular_code(problem):
    assert sum(modular_energies(problem).values()) == pytest.approx(problem.modular_loss)


def test_title_says_status_price_and_gap(mixed):
    title = mixed.get_suptitle()
    assert title.startswith("Price of modularity 0.225 %   |   mixed\nOptimal code: 3 neurons   |   relative gap")


def test_neurons_without_a_panel_are_announced():
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    answer = solve(Problem(np.column_stack([np.cos(angle), np.sin(angle)]) + 0.0), method="modular")
    weights = np.column_stack([np.cos(angle[:15]), np.sin(angle[:15])])
    many = (
        type(answer)
        .from_weights(
            answer.problem, weights, multiplier=answer.multiplier, method="modular", message="", tolerance=1e-8
        )
        .bounded_by(0, "bounded")
    )
    assert "3 weaker neurons" in plot(many).get_supxlabel()


def test_activity_panels_show_the_samples_only():
    answer = solve(Problem(np.random.default_rng(0).uniform(size=(300, 2))))
    for axes in plot(answer).axes:
        if axes.get_title(loc="left").startswith(("1:", "2:")):
            np.testing.assert_allclose([*axes.get_xlim(), *axes.get_ylim()], [0, 1, 0, 1], atol=0.08)


def test_unproven_price_is_said_to_lie_between_its_bounds():
    answer = solve(Problem(np.random.default_rng(0).standard_normal((60, 3))), max_iterations=1)
    assert answer.status == "bounded"
    assert f"{100 * answer.price_bounds[1]:.3g} %   |   mixed" in plot(answer).get_suptitle()


@pytest.mark.parametrize(("path", "message"), [("code.doc", "must end in"), ("no/code.png", "no folder")])
def test_bad_paths_are_refused_before_drawing(tmp_path, path, message):
    with pytest.raises(InputError, match=message):
        solve(BOX).plot(tmp_path / path)


def test_no_global_state():
    import matplotlib as mpl
    from matplotlib import pyplot

    before = dict(mpl.rcParams)
    plot(solve(BOX))
    assert dict(mpl.rcParams) == before
    assert pyplot.get_fignums() == []
