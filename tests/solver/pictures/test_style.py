"""Pictures are the same whatever the user's settings of matplotlib are, and leave these alone."""

from base64 import b64decode

import matplotlib as mpl
import numpy as np
import pytest

from solver import Problem, audit, budget, solve
from solver.pictures import style
from solver.pictures.style import as_png
from tests.examples import plainly

CUT = np.array([[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]])
SETTINGS = {
    "text.usetex": True,  # needs LaTeX, which need not be there
    "axes.grid": True,
    "lines.linewidth": 9,
    "axes.facecolor": "red",
    "savefig.bbox": "tight",
    "savefig.dpi": 20,
    "figure.dpi": 300,
    "savefig.transparent": True,
    "font.size": 30,
    "font.family": "serif",
    "xtick.labelsize": 20,
    "mathtext.fontset": "cm",
    "axes.prop_cycle": mpl.cycler(color=["k"]),
    "image.cmap": "gray",
    "axes.unicode_minus": False,
}


PICTURES = {
    "code": lambda answer: answer,
    "audit": lambda answer: audit(answer.problem, answer.activity()),
    "budget": lambda answer: budget(answer.problem, [2, 3]),
    "comparison": lambda answer: answer.compare({"odd": [x % 2 == 1 for x in range(8)], "row": CUT[:, 0]}),
}
"""Of what there are pictures, made of an answer."""


@pytest.mark.thorough
def test_a_picture_is_the_one_that_matplotlib_saves(tmp_path):
    answer = solve(Problem(CUT))
    answer.plot(tmp_path / "written.png")
    with style.in_style():
        answer.plot().savefig(tmp_path / "saved.png", dpi=style.DOTS_PER_INCH)
    written, saved = (mpl.image.imread(tmp_path / f"{name}.png") for name in ("written", "saved"))
    np.testing.assert_array_equal(written, saved)


@pytest.fixture(
    scope="module",
    params=plainly(PICTURES, ["budget"]),
)
def draw(request):
    return PICTURES[request.param](solve(Problem(CUT))).plot


def saved(draw, path):
    draw(path)
    return path.read_bytes()


def test_no_setting_of_the_user_changes_a_picture(draw, tmp_path):
    usual = saved(draw, tmp_path / "usual.png")
    with mpl.rc_context(SETTINGS):
        before = dict(mpl.rcParams)
        assert saved(draw, tmp_path / "other.png") == usual
        assert dict(mpl.rcParams) == before


def test_a_figure_that_is_kept_can_be_drawn_later(draw, tmp_path):
    with mpl.rc_context({"text.usetex": True}):
        draw().savefig(tmp_path / "later.png", dpi=20)
        assert b64decode(as_png(draw(), 50)).startswith(b"\x89PNG")
