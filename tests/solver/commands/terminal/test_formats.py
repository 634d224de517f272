"""Tables for papers and programs: every cell comes back as it was, and no name breaks a table."""

import csv
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.commands.terminal.formats import Marked, Table, tabulated

UGLY = st.text("ab\\&%$#_{}~^<>|\"'`*[]-+,;\n\t é形", max_size=12)
CELLS = st.one_of(UGLY, st.floats(), st.integers(-(10**9), 10**9), st.booleans(), st.none())


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    header = draw(st.lists(UGLY, min_size=width, max_size=width))
    return Table(header, draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4)))


def stripped(text):
    """LaTeX without its escapes and formulas."""
    return re.sub(r"\\(?:[&%$#_{}]|text[a-z]+\{\}|times|infty)", "", text)


@given(tables())
def test_numbers_and_words_come_back(table):
    rows = list(csv.reader(io.StringIO(tabulated(table, "csv") + "\n", newline="")))
    assert rows[0] == table.header
    for row, cells in zip(rows[1:], table.rows, strict=True):
        for read, cell in zip(row, cells, strict=True):
            if isinstance(cell, float):
                np.testing.assert_equal(float(read), cell)
            else:
                assert read == ("" if cell is None else str(cell))


@given(tables())
def test_no_cell_breaks_a_table_of_latex(table):
    lines = tabulated(table, "latex").splitlines()
    header, *rows = [line for line in lines if line.endswith(r"\\")]
    assert len(lines) == 7 + len(table.rows) and len(rows) == len(table.rows)
    for line in (header, *rows):
        plain = stripped(line.removesuffix(r" \\"))
        assert plain.count("&") == len(table.header) - 1 and not line.lstrip().startswith(("[", "*"))
        assert not set("%#_~") & set(plain) and plain.count("$") % 2 == 0
        depth = np.cumsum([{"{": 1, "}": -1}.get(sign, 0) for sign in plain] or [0])
        assert depth.min() >= 0 and depth[-1] == 0


@given(tables())
def test_no_cell_breaks_a_table_of_markdown(table):
    lines = tabulated(table, "markdown").splitlines()
    assert len(lines) == 2 + len(table.rows)
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == len(table.header) + 1


def test_what_a_paper_shows():
    table = Table(
        ["what", "how_much"],
        [["-left +right-hand", "12.5 %"], ["1,500 samples", "-3e-05"], ["∞", float("-inf")], ["", None], ["so", True]],
        ["Two\nlines & more."],
    )
    latex = tabulated(table, "latex")
    assert "% Two lines & more." in latex and r"how\_much" in latex
    assert r"$-$left $+$right-hand & 12.5\,\% \\" in latex
    assert r"$-3 \times 10^{-5}$" in latex and r"$-\infty$" in latex and r"so & yes \\" in latex
    numbers = tabulated(Table(["n"], [[1234567.0], [-0.5]]), "latex")
    assert r"{r}" in numbers and r"$1.23457 \times 10^{6}$" in numbers
    assert tabulated(table, "markdown").endswith("| so | yes |\n\nTwo lines & more.".replace("&", r"\&"))


def test_formulas_in_sentences():
    table = Table(["why"], [[Marked("no `w` has `w'Fw >= 1`")]])
    assert tabulated(table, "csv").endswith("no w has w'Fw >= 1")
    assert "| no `w` has `w'Fw >= 1` |" in tabulated(table, "markdown")
    assert r"no $w$ has $w^\top Fw \ge 1$ \\" in tabulated(table, "latex")


@pytest.mark.parametrize(("length", "column"), [(10, "{lr}"), (100, r"{p{0.70\linewidth}r}")])
def test_long_sentences_are_broken(length, column):
    assert column in tabulated(Table(["said", "n"], [["x" * length, 1]]), "latex")
