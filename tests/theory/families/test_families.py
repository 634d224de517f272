"""Families: their moments are those of samples, their boundaries are where the numerical verdict turns."""

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq

from solver import solve
from solver.sweeps.phase import along
from theory import Problem
from theory.conditions import decide
from theory.errors import InputError
from theory.families import FAMILIES, family

PLANE = [name for name in FAMILIES if name not in ("frequencies", "truncated-normal", "two-bits")]
CUTS = ["one-corner", "adjacent-corners", "opposite-corners", "slanted-corners"]


def margin(entry, parameter):
    return decide(Problem(entry.sources(parameter))).margin


def test_opposite_corners_have_the_boundary_known_in_closed_form():
    (boundary,) = family("opposite-corners").boundary()
    a = sp.Symbol("a")
    assert sp.minimal_polynomial(boundary, a) == 7 * a**3 - 18 * a**2 - 36 * a + 24
    assert float(boundary) == pytest.approx(0.548374193254892, abs=1e-15)


def test_two_bits_mix_where_errors_are_neither_expensive_nor_worthless():
    """The lower end by hand: (1, 1) costs 2.8 + 1 and earns 2 (0.4 a)^2; and at both the solver's price appears."""
    entry = family("two-bits")
    silent, modular = entry.boundary()
    assert sp.simplify(silent**2 - sp.Rational(38, 10) / sp.Rational(32, 100)) == 0
    assert sp.minimal_polynomial(modular, sp.Symbol("a")).as_poly().degree() == 4
    for value, inside in ((silent, 1), (modular, -1)):
        for step in (1e-4, 1e-2):
            assert entry.verdict(float(value) * (1 - inside * step)) is True
            assert entry.verdict(float(value) * (1 + inside * step)) is False
    priced = {a: solve(entry.problem(a)).price_of_modularity for a in (3.4, 3.5, 20, 32, 34)}
    assert [price > 1e-9 for price in priced.values()] == [False, True, True, True, False]
    with pytest.raises(InputError, match="costs of one"):
        along(entry, points=3, encoder_cost=2.0)


@pytest.mark.thorough
@pytest.mark.parametrize("name", CUTS)
def test_boundaries_are_where_the_numerical_margin_vanishes(name):
    entry = family(name)
    (boundary,) = (float(value) for value in entry.boundary())

    # On the mixed side the margin falls below zero; on the modular side it is that of a tie or above.
    def short(parameter):
        problem = Problem(entry.sources(parameter))
        fan, condition = problem.sources.fan, decide(problem).F
        reach = np.einsum("ri,ij,rj->r", fan.facets, condition, fan.facets)
        return float(np.delete(reach, np.flatnonzero((np.abs(fan.generators) < 1e-9).any(axis=1))).max() - 1)

    assert brentq(short, 0.05, 0.95, xtol=1e-10) == pytest.approx(boundary, abs=1e-9)
    for step in (1e-3, 0.1):
        assert entry.verdict(boundary - step) is True
        assert entry.verdict(boundary + step) is False
    assert margin(entry, boundary + 1e-3) < 0 < margin(entry, boundary - 0.1)


MODULAR = {
    "parallelogram": lambda parameter, boundary: parameter == 0,
    "joint-table": lambda parameter, boundary: parameter not in boundary,
    "thinned-corner": lambda parameter, boundary: parameter not in boundary,
    "truncated-normal": lambda parameter, boundary: True,
    "frequencies": lambda parameter, boundary: parameter not in boundary,
    "two-bits": lambda parameter, boundary: not boundary[0] < parameter < boundary[1],
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in CUTS])
def test_verdicts_change_only_at_boundaries(name):
    entry = family(name)
    boundary = [float(value) for value in entry.boundary()]
    for parameter in entry.grid(9):
        assert entry.verdict(parameter) is MODULAR[name](parameter, boundary)


@pytest.mark.thorough
@pytest.mark.parametrize("name", PLANE)
def test_moments_are_those_of_a_fine_sample(name):
    entry = family(name)
    # Three quarters are a small fraction in floating point too, which sympy integrates sooner.
    parameter = entry.low + 0.75 * (entry.high - entry.low)
    mean, covariance = (np.array(matrix).astype(float) for matrix in entry.moments(sp.Rational(parameter)))
    rng = np.random.default_rng(0)
    sums = np.zeros(6)
    for weight, corners in entry.pieces(parameter):
        polygon = np.array(corners, dtype=float)
        if len(polygon) == 1:
            points, area = polygon, 1.0
        else:
            box = polygon.max(axis=0) - polygon.min(axis=0)
            points = polygon.min(axis=0) + rng.random((400_000, 2)) * box
            edges = np.roll(polygon, -1, axis=0) - polygon
            cross = [
                edge[0] * (points[:, 1] - start[1]) - edge[1] * (points[:, 0] - start[0])
                for edge, start in zip(edges, polygon, strict=True)
            ]
            area = box.prod() / len(points)
            points = points[(np.array(cross) >= 0).all(axis=0)]
        x, y = points.T
        sums += float(weight) * area * np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum()])
    mass, *raw = sums
    first = np.array(raw[:2]) / mass
    second = np.array([[raw[2], raw[3]], [raw[3], raw[4]]]) / mass - np.outer(first, first)
    np.testing.assert_allclose(mean[:, 0], first, atol=5e-3)
    np.testing.assert_allclose(covariance, second, atol=5e-3)
    np.testing.assert_allclose(entry.sources(parameter).covariance, covariance, rtol=1e-12, atol=1e-15)


def test_moments_of_the_truncated_normal():
    entry = family("truncated-normal")
    _, exact = entry.moments(sp.Rational(3, 5))
    assert exact[0, 1].atoms(sp.Integral)
    rng = np.random.default_rng(0)
    first, other = rng.standard_normal((2, 500_000))
    points = np.array([first, 0.6 * first + 0.8 * other])
    points = points[:, (np.abs(points) <= 2).all(axis=0)]
    np.testing.assert_allclose(entry.sources(0.6).covariance, np.cov(points), atol=6e-3)


@pytest.mark.thorough
def test_moments_of_frequencies():
    mean, covariance = family("frequencies").moments(sp.Integer(3))
    slow = dict.fromkeys(covariance.free_symbols, 2)
    assert covariance.subs(slow).doit() == sp.eye(4) / 2
    assert mean.subs(slow).doit() == sp.zeros(4, 1)
    np.testing.assert_allclose(family("frequencies").sources(1.5).covariance, np.eye(4) / 2, atol=1e-15)


@pytest.mark.thorough
@pytest.mark.parametrize("name", FAMILIES)
def test_the_solver_agrees_along_the_family(name):
    for point in along(family(name), points=3):
        assert point.status == "optimal"
        assert (point.price <= 1e-9) is point.predicted


@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_outside_the_range_are_refused(name):
    for parameter in (family(name).low - 0.5, family(name).high + 1, float("nan"), "one"):
        with pytest.raises(InputError, match=r"^parameter: "):
            family(name).sources(parameter)
    grid = family(name).grid(12)
    assert len(grid) == 12 and grid == sorted(grid)
    assert all(family(name).check(parameter) == parameter for parameter in grid)


def test_names_are_checked():
    with pytest.raises(InputError, match="did you mean 'parallelogram'"):
        family("paralelogram")
    with pytest.raises(InputError, match="no ratio of whole numbers up to 8; the nearest is 11/7"):
        family("frequencies").sources(np.pi / 2)
    with pytest.raises(InputError, match="points: 1 is not a whole number"):
        along(family("one-corner"), points=1)
