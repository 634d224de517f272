"""Labels can be read: none covers another, and names in any script are drawn without boxes."""

import re
from itertools import combinations, product

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text

from solver import Problem, Sources, audit, examples, modularity
from solver.pictures import style
from solver.pictures.lettering import crowding, fonts
from solver.pictures.plot import plot_verdict

LONG = ("running speed (cm/s)", "distance to the wall", "head direction", "time since reward", "pupil diameter (mm)")
NUMBER = re.compile(r"[−\d.]+")
LAY_OUT = crowding.lay_out


@pytest.fixture(autouse=True)
def _laid_out(monkeypatch):
    """Figures are laid out before their labels are put apart, as they are for users."""
    monkeypatch.setattr(crowding, "lay_out", LAY_OUT)


def named(count, samples=30, names=LONG):
    return Problem(Sources(np.random.default_rng(0).uniform(size=(samples, count)), names=names[:count]))


def words(figure):
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def collisions(figure):
    """Pairs of upright labels that cover each other by more than the frame of their letters; numbers on axes aside."""
    figure.draw_without_rendering()
    shown = [text for text in words(figure) if text.get_rotation() in (0, 90) and not NUMBER.fullmatch(text.get_text())]
    inside = [text for text in shown if (text.axes is None or text.axes.get_visible())]
    boxes = [(text.get_text(), text.get_window_extent().shrunk(0.9, 0.75)) for text in inside]
    return [(one, other) for (one, box), (other, second) in combinations(boxes, 2) if box.overlaps(second)]


@pytest.mark.parametrize("count", [3, pytest.param(5, marks=pytest.mark.thorough)])
def test_names_of_sources_do_not_collide(count):
    problem = named(count, samples=14)
    assert not collisions(plot_verdict(problem, modularity(problem.sources)))


@pytest.mark.thorough
def test_names_of_neurons_do_not_collide_and_differ():
    problem, rng = named(2), np.random.default_rng(1)
    activity = problem.sources.points @ rng.normal(size=(2, 14))
    neurons = [f"mouse12_unit_{number:03d}" for number in range(14)]
    figure = audit(problem, activity - activity.min(axis=0), neurons=neurons).plot()
    assert not collisions(figure)
    told = {text.get_text() for text in words(figure)}
    assert len([name for name in neurons if f"…{name[-3:]}" in told]) == 14


def test_long_names_beside_short_ones_do_not_collide():
    problem, rng = named(2), np.random.default_rng(1)
    activity = problem.sources.points @ np.abs(rng.normal(size=(2, 8)))
    neurons = ["light cell", "hd1", "hd4", "hd2", "hd3", "ramp down", "ramp up", "conj"]
    assert not collisions(audit(problem, activity, neurons=neurons).plot(panels=["earnings", "energies", "savings"]))


def test_what_no_pair_shows_is_said():
    cube = Problem(examples.load("cornerless_cube"))
    said = "Mixed, though no pair\nof sources shows it:\npairs are not enough."
    assert said in [text.get_text() for text in words(plot_verdict(cube, modularity(cube.sources)))]
    shown = named(3)
    assert said not in [text.get_text() for text in words(plot_verdict(shown, modularity(shown.sources)))]
    box = Problem([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    assert said not in [text.get_text() for text in words(plot_verdict(box, modularity(box.sources)))]


def test_a_pair_that_is_not_drawn_is_named():
    bits = np.array(list(product((0, 1), repeat=6)))
    points = bits[(bits[:, 4] + bits[:, 5] < 2)]
    problem = Problem(Sources(points, names=tuple("abcdef")))
    said = [text.get_text() for text in words(plot_verdict(problem, modularity(problem.sources)))]
    assert "Mixed: shown by a pair\nthat is not drawn,\ne\nand f." in said


def test_letters_without_a_font_are_numbers_and_no_boxes(monkeypatch, recwarn):
    fonts.families.cache_clear()
    fonts._letters.cache_clear()
    monkeypatch.setattr(fonts, "OTHER_SCRIPTS", ())
    assert fonts.drawable("Größe αβ سرعة") == "Größe αβ سرعة"
    assert fonts.drawable("速度 x") == "U+901F U+5EA6 x"
    figure = plot_verdict(named(2, names=("速度", "方向")), modularity(named(2).sources))
    assert "U+901F U+5EA6" in [text.get_text() for text in words(figure)]
    with mpl.rc_context():
        figure.draw_without_rendering()
    assert not [warning for warning in recwarn if "missing from" in str(warning.message)]
    monkeypatch.undo()
    fonts.families.cache_clear()
    fonts._letters.cache_clear()


def test_the_first_font_of_a_script_is_taken(monkeypatch):
    from matplotlib import font_manager

    fonts.families.cache_clear()
    here = [type("Font", (), {"name": name}) for name in ("DejaVu Sans", "Yu Gothic", "MS Gothic")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", here)
    assert fonts.families() == ("DejaVu Sans", "Yu Gothic")
    fonts.families.cache_clear()


def test_short_names_differ_where_names_do():
    assert style.told_apart(["trial 9", "trial 10"], 6) == ["…9", "…10"]
    assert style.told_apart(["n1", "n2"], 6) == ["n1", "n2"]
    assert style.told_apart(["anterior_left", "anterior_right"], 8) == ["…left", "…right"]
    assert len(set(style.told_apart(["alpha_of_the_left_1", "beta_of_the_left_2"], 8))) == 2
