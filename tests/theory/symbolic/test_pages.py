"""Sentences and pages made from the theory."""

import pytest

from theory.print_theory import THEORY_PAGE, theory_page
from theory.symbolic.markup import typeset, unmarked


@pytest.fixture(scope="module")
def page():
    return theory_page()


@pytest.mark.thorough
def test_the_page_is_what_the_theory_prints(page):
    assert THEORY_PAGE.read_text() == page


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("`h(w)^2`", "$h(w)^{2}$"),
        ("`K^1/2 Y`", "$K^{1/2} Y$"),
        ("`w.s_t >= -b`", r"$w \cdot s_{t} \ge -b$"),
        ("`sqrt(w'Fw) <= mu`", r"$\sqrt{w^\top Fw} \le \mu$"),
        ("`L* = tr(K G^-1)`", r"$L^* = \operatorname{tr}(K G^{-1})$"),
        ("`sum_{i != j} a_ij`", r"$\sum_{i \ne j} a_{ij}$"),
        ("no formula, 2 * 3", "no formula, 2 * 3"),
    ],
)
def test_formulas_are_typeset(text, latex):
    assert typeset(text) == latex
    assert "`" not in unmarked(text)


@pytest.mark.thorough
def test_no_mark_is_left_on_the_page(page):
    assert page.count("$") % 2 == 0
    for line in page.splitlines():
        assert line.count("`") % 2 == 0
