"""Exact verdicts agree with floating point away from ties, decide ties, and bring proofs that cannot be forged."""

import copy
from decimal import Decimal
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.strategies import boxes, grids, mixings, points, simplex
from tests.theory.exact.rational_problems import KINDS, draw, expected
from theory import Proof, Sources, check_proof, modularity
from theory.errors import InputError
from theory.exact.copositivity import adjugate, determinant, negative_direction
from theory.exact.problem import ExactProblem
from theory.exact.proof import covers
from theory.exact.rational import exact_matrix, exact_number, fraction_text, read_fraction
from theory.exact.surds import Surd

CLEAR = 1e-7
"""A margin beyond which floating point cannot be mistaken."""

ROUNDING = 1e-9
"""Relative rounding of a bound on the price in floating point."""

SLOW_PART = 417
"""Problems of a kind and dimension in each of four parts of the long test."""

small = st.integers(-3, 3)


def lattice(levels, dimension):
    return np.array(list(product(levels, repeat=dimension)))


@given(st.integers(1, 4).flatmap(points))
def test_agrees_with_floating_point_away_from_ties_and_brings_a_proof(given_points):
    rounded, exact = modularity(given_points), modularity(given_points, exact=True)
    assert exact.modular is not None and exact.proof is not None
    if abs(rounded.margin) > CLEAR:
        assert exact.modular is rounded.modular
    assert check_proof(exact.proof, given_points) is exact.modular


@given(st.integers(2, 3).flatmap(lambda d: st.tuples(grids(d), mixings(d))), st.fractions(Fraction(1, 10), 10))
def test_agrees_under_a_mixing_and_with_probabilities(drawn, cost):
    given_points, mixing = drawn
    weights = np.arange(1, len(given_points) + 1)
    options = {"mixing": mixing, "probabilities": weights}
    rounded = modularity(given_points, encoder_cost=float(cost), **options)
    exact = modularity(given_points, encoder_cost=cost, exact=True, **options)
    assume(abs(rounded.margin) > CLEAR)
    assert exact.modular is rounded.modular
    assert check_proof(exact.proof, given_points, encoder_cost=cost, **options) is exact.modular


@given(st.integers(2, 4).flatmap(boxes))
def test_boxes_are_proven_modular_in_every_dimension(box):
    verdict = modularity(box, exact=True)
    assert verdict.modular is True
    assert verdict.proof.ties >= box.shape[1]


def test_many_sources_without_a_proof_are_undecided():
    # No box, and modular only by cones that are not built exactly beyond five sources.
    pair = np.array([[-1, -1], [1, 1], [-0.9, 1], [-1, 0.9], [0.9, -1], [1, -0.9]])
    triple = np.hstack([pair[index.ravel()] for index in np.indices([6, 6, 6])])[::5]
    verdict = modularity(triple, exact=True)
    assert verdict.modular is None or verdict.proof is not None
    if verdict.modular is None:
        assert verdict.reason.startswith("undecided")


# ---- ties ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [Fraction(0), Fraction(1, 10**30), Fraction(-1, 10**30)])
def test_a_tie_is_decided_to_the_last_digit(shift):
    # A square with two opposite corners cut at |x + y| = b has F = [[1, -C_12], [-C_12, 1]], and its facet (1, 1) / b
    # asks for C_12 >= 1 - b^2 / 2. The weights q, r, p of three kinds of samples are chosen to miss that by the shift,
    # far less than a float can see.
    b = Fraction(17, 10)
    corners, cuts, middles = (
        [[1, -1], [-1, 1]],
        [[1, b - 1], [b - 1, 1], [-1, 1 - b], [1 - b, -1]],
        [[b / 2] * 2, [-b / 2] * 2],
    )
    r = Fraction(1, 100)
    # 2 q + 4 r + 2 p = 1 and -2 q + 4 r (b - 1) + 2 p (b / 2)^2 = C_12
    total, product_of_pair = 1 - 4 * r, 1 - b * b / 2 + shift - 4 * r * (b - 1)
    p = (product_of_pair + total) / (2 * (1 + b * b / 4))
    q = total / 2 - p
    assert p > 0 and q > 0
    support, weights = corners + cuts + middles, [q, q, r, r, r, r, p, p]
    verdict = modularity(support, probabilities=weights, exact=True)
    assert verdict.modular is (shift >= 0)
    assert check_proof(verdict.proof, support, probabilities=weights) is verdict.modular
    if verdict.modular:
        assert verdict.proof.ties == (6 if shift == 0 else 4)


def decided_rightly(random, kind, dimension):
    """Whether a problem of this kind is decided, as it must be, by a proof that stands on its own."""
    problem = draw(random, kind, dimension)
    verdict = modularity(problem.points, exact=True, **problem.arguments)
    must = expected(problem)
    assert verdict.modular is not None and must in (None, verdict.modular)
    assert check_proof(verdict.proof, problem.points, **problem.arguments) is verdict.modular
    assert 1 + verdict.price_bound >= (1 - ROUNDING) * ratio_of_witness(problem, verdict.proof) ** 0.5


def ratio_of_witness(problem, proof):
    """w'Y w / f(w) of the witness, or one where there is none: the price of modularity is proven to cover it."""
    if proof.modular:
        return 1.0
    w = np.array(proof.witness, dtype=object)
    energy = w @ ExactProblem.posed(problem.points, **problem.arguments).energy_matrix @ w
    return float((energy + proof.worth) / (energy + proof.bias**2))


@given(st.integers(0, 2**64), st.sampled_from(KINDS), st.sampled_from([2, 3]))
def test_two_and_three_sources_are_always_decided(seed, kind, dimension):
    decided_rightly(Random(seed), kind, dimension)


@pytest.mark.slow
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", range(4))
def test_thousands_of_rational_problems_are_decided(part, kind, dimension):
    # 13,344 in all, in some ten minutes: pytest -m slow tests/theory/test_exact.py
    for seed in range(part * SLOW_PART, (part + 1) * SLOW_PART):
        decided_rightly(Random(f"{seed} {kind} {dimension}"), kind, dimension)


def test_samples_next_to_each_other_are_decided():
    # In floating point the two samples next to the origin are one, and their hull has a facet less.
    near = ["0.1,0", "0,0.1", "0.1,0.1", "0.000000000000001,0", "0,0.000000000000001"]
    corners = [row.split(",") for row in near]
    proof = modularity(corners, exact=True).proof
    assert proof.modular is True and len(proof.cones) == 5
    assert check_proof(proof, corners) is True


def test_what_floating_point_cannot_pose_is_decided():
    # On a line but for 1e-40, constant but for 1e-30, beyond the range of floats: exact arithmetic sees three corners.
    hair = Fraction(1, 10**40)
    for corners in (
        [[0, 0], [1, 1], [2, 2 + hair], [3, 3]],
        [["1e30", 0], ["1000000000000000000000000000001", 1], ["1e30", 1]],
        [["1e400", 0], [0, "1e-400"], [0, 0]],
    ):
        verdict = modularity(corners, exact=True)
        assert verdict.modular is False and np.isnan(verdict.margin)
        assert verdict.price_bound > 0 and verdict.rho > 1
        assert check_proof(verdict.proof, corners) is False
    box = [[x, y * hair + x] for x in (-1, 1) for y in (-1, 1)]
    assert modularity(box, exact=True).modular is False
    box = [[x, y * hair] for x in (-1, 1) for y in (10**50, 10**50 + 1)]
    verdict = modularity(box, exact=True)
    assert verdict.modular is True and verdict.price_bound == 0


@pytest.mark.parametrize("shift", [Fraction(0), Fraction(1, 10**40), Fraction(-1, 10**40)])
def test_a_tie_is_decided_where_the_condition_is_irrational(shift):
    # Sources 2 and 3 are alike and mixed alike with source 1, so that F_12 = F_13, which is irrational. It cancels on
    # the facets (1, 1, -1) of a cube with four corners cut, where weight on other corners brings about a tie.
    kept = [(x, y, y) for x in (1, -1) for y in (1, -1)]
    cut = [(0, y, -y) for y in (1, -1)] * 2 + [
        (x, *rest) for x in (1, -1) for y in (1, -1) for rest in ((0, y), (y, 0))
    ]
    support, mixing = [*kept, *cut], [[1, "1/10", "1/10"], [0, 1, 0], [0, 0, 1]]

    def posed(share):
        weights = [share / 4 + (1 - share) / 16] * 4 + [(1 - share) / 16] * 12
        return {"mixing": mixing, "probabilities": weights}

    shares = Fraction(0), Fraction(1, 2)
    low, high = (ExactProblem.posed(support, **posed(share)).worth([1, 1, -1]) for share in shares)
    tie = (4 - low) / (high - low) / 2
    assert isinstance(tie, Fraction) and 0 < tie < 1
    options = posed(tie + shift)
    assert isinstance(ExactProblem.posed(support, **options).worth([1, 1, 0]), Surd)
    verdict = modularity(support, exact=True, **options)
    assert verdict.modular is (shift <= 0)
    assert check_proof(verdict.proof, support, **options) is verdict.modular
    if verdict.modular:
        assert verdict.proof.ties == (10 if shift == 0 else 6)


def test_decimals_are_taken_at_their_word():
    # 0.1 + 0.2 is 0.3 in decimals and not in binary: a box of decimals is one, its rounded copy is a box all the same.
    decimal = [["0.1", "0.1"], ["0.3", "0.1"], ["0.1", "0.3"], ["0.3", "0.3"]]
    problem = ExactProblem.posed(decimal)
    assert (problem.mean == Fraction(1, 5)).all()
    assert (problem.mean != ExactProblem.posed([[float(x) for x in row] for row in decimal]).mean).all()


def test_known_cases():
    levels = [Fraction(k, 4) for k in range(-4, 5)]
    cut = [[x, y] for x in levels for y in levels if x + y < 1]
    proof = modularity(cut, exact=True).proof
    assert proof.modular is False
    assert proof.witness == [-1, -1] and proof.bias**2 == Fraction(139, 132) ** 2
    assert proof.worth == Fraction(29023, 17424)


UNIFORM = Sources.from_moments(np.eye(2) / 3, lattice((-1, 1), 2))


@pytest.mark.parametrize(
    "box",
    [lattice((-1, 0, 1), 2), lattice((-1, 1), 6), lattice((-1, 1), 8), UNIFORM],
    ids=["grid", "box of 6", "box of 8", "known by moments"],
)
def test_boxes_are_proven_modular(box):
    verdict = modularity(box, exact=True)
    assert verdict.modular is True and check_proof(verdict.proof, box) is True


# ---- proofs -------------------------------------------------------------------------------------------------------

MODULAR = lattice((-1, 0, 1), 3)[:-1]
MIXED = lattice((-1, 0, 1), 2)[:-1]


def leaves(value, path=()):
    """Every number in a proof, by its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def replaced(plain, path, value):
    """A copy with another value in one place, or what the value there says of itself."""
    changed = copy.deepcopy(plain)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value(place[path[-1]]) if callable(value) else value
    return changed


def altered(plain, path):
    def another(value):
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + 1
        return "7/5" if path[-1] != "digest" else "0" * 64

    return replaced(plain, path, another)


@pytest.mark.parametrize("data", [MODULAR, MIXED], ids=["modular", "mixed"])
def test_no_number_of_a_proof_can_be_altered(data):
    proof = modularity(data, exact=True).proof
    plain = proof.to_dict()
    accepted = []
    for path in leaves(plain):
        try:
            check_proof(Proof.from_dict(altered(plain, path)), data)
        except InputError:
            continue
        accepted.append(path)
    # Another sample of the same facet may serve a cone as well: such a proof is another, and true.
    assert all(path[0] == "samples" for path in accepted)


def test_a_proof_is_for_its_data_alone(tmp_path):
    proof = modularity(MODULAR, exact=True).proof
    proof.save(tmp_path / "proof.json")
    assert Proof.load(tmp_path / "proof.json") == proof
    assert check_proof(proof, MODULAR) is True
    for other in ({"encoder_cost": 2}, {"mixing": 2 * np.eye(3)}, {"probabilities": np.arange(1, 27)}):
        with pytest.raises(InputError, match="other data"):
            check_proof(proof, MODULAR, **other)
    with pytest.raises(InputError, match="other data"):
        check_proof(proof, MODULAR * 2)


def test_a_proof_without_a_cone_is_refused():
    plain = modularity(MODULAR, exact=True).proof.to_dict()
    plain["cones"].pop()
    plain["samples"].pop()
    with pytest.raises(InputError, match="do not cover every direction"):
        check_proof(Proof.from_dict(plain), MODULAR)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "NaN",
        "[" * 100_000 + "]" * 100_000,
        "9" * 5_000,
        '{"format": "modularity proof 1"}',
        '{"format": "modularity proof 1", "modular": true, "x": 1}',
        '{"format": "modularity proof 1", "modular": true, "modular": false}',
    ],
    ids=range(9),
)
def test_files_that_are_no_proofs(tmp_path, text):
    (tmp_path / "proof.json").write_text(text)
    with pytest.raises(InputError):
        Proof.load(tmp_path / "proof.json")


@pytest.mark.parametrize(
    "broken",
    [{"witness": None}, {"witness": "12"}, {"witness": [1.5, 2]}, {"witness": [1]}, {"bias": None}, {"modular": True}],
)
def test_incomplete_proofs_are_refused(broken):
    plain = modularity(MIXED, exact=True).proof.to_dict() | broken
    with pytest.raises(InputError):
        check_proof(Proof.from_dict({key: value for key, value in plain.items() if value is not None}), MIXED)


ODD = [None, True, -1, 0.5, float("nan"), "1", "1/0", "1e9", "9" * 5_000, "0x" + "f" * 5_000, 10**400, [], {}, [[]]]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("data", [MODULAR, MIXED], ids=["modular", "mixed"])
def test_nothing_odd_passes_for_a_part_of_a_proof(data, odd):
    plain = modularity(data, exact=True).proof.to_dict()
    for path in [*leaves(plain), *((name,) for name in plain)]:
        changed = replaced(plain, path, odd)
        if changed == plain:
            continue
        with pytest.raises(InputError) as error:
            check_proof(Proof.from_dict(changed), data)
        assert "\n" not in str(error.value) and len(str(error.value)) < 200


def test_long_integers_survive_in_proofs(tmp_path):
    # Coordinates of thousands of digits make generators and witnesses of more than Python prints.
    for corners in ([["1e-4000", 0], [0, 1], [1, "1e-3000"]], [[x, y] for x in ("1e-4000", 1) for y in ("1e-4900", 2)]):
        verdict = modularity([*corners, ["1/3", "1/7"]], exact=True)
        verdict.proof.save(tmp_path / "proof.json")
        loaded = Proof.load(tmp_path / "proof.json")
        assert loaded == verdict.proof
        assert check_proof(loaded, [*corners, ["1/3", "1/7"]]) is verdict.modular


def test_cones_that_overlap_or_leave_gaps_do_not_cover():
    axes = [[1, 0], [0, 1], [-1, 0], [0, -1]]
    circle = [[0, 1], [1, 2], [2, 3], [3, 0]]
    assert covers(axes, circle)
    assert covers(axes, circle + circle) is False  # each ridge four times
    assert covers(axes, [[0, 1], [1, 2], [2, 0]]) is False  # flat
    assert covers(axes, [[0, 1], [1, 3], [3, 0]]) is False  # 1 and 3 are opposite
    assert covers([[1, 0], [0, 1], [-1, -1]], [[0, 1], [1, 2], [2, 0]])


# ---- the parts ----------------------------------------------------------------------------------------------------


@st.composite
def forms(draw):
    size = draw(st.integers(1, 4))
    upper = np.array(draw(st.lists(small, min_size=size * size, max_size=size * size))).reshape(size, size)
    return np.array(np.triu(upper) + np.triu(upper, 1).T, dtype=object)


@given(forms())
def test_copositivity_is_decided(form):
    found = negative_direction(form)
    grid = lattice(range(7), len(form)).astype(object)
    values = np.einsum("ni,ij,nj->n", grid.astype(int), form.astype(int), grid.astype(int))
    if found is None:
        assert values.min() >= 0
    else:
        direction = np.array(found, dtype=object)
        assert (direction >= 0).all() and direction @ form @ direction < 0


@given(forms())
def test_determinant_and_adjugate(form):
    assert determinant(form) == round(float(np.linalg.det(form.astype(float))))
    if len(form) > 1:
        np.testing.assert_array_equal(form @ adjugate(form), determinant(form) * np.eye(len(form), dtype=int))


@given(st.fractions())
def test_fractions_survive_as_text(value):
    assert read_fraction(fraction_text(value), "x") == value
    huge = value * Fraction(3, 7) ** 20_000
    assert read_fraction(fraction_text(huge), "x") == huge


def test_exact_numbers():
    assert exact_number(0.1, "x") == Fraction(0.1) != exact_number("0.1", "x") == Fraction(1, 10)
    assert exact_matrix(np.float32([[0.1]]), "x").tolist() == [[Fraction(float(np.float32(0.1)))]]
    for bad in ("nan", "1e99999", "one", float("inf"), None, Decimal("nan"), Decimal("inf")):
        with pytest.raises(InputError, match=r"^x: "):
            exact_number(bad, "x")
    for far in ("1e-400000000", "1E999999999", "1e" + "9" * 3_000, Decimal("1e-400000000"), Decimal("1e400000000")):
        with pytest.raises(InputError, match=r"exponent beyond 5,000; choose other units$"):
            exact_number(far, "x")
        with pytest.raises(InputError, match=r"^x: .* at row 0, column 1 of x .* has an exponent beyond"):
            exact_matrix([[1, far]], "x")
    for long in ("1" * 10_000, "0." + "1" * 10_000, "1/" + "3" * 10_000, Decimal("1." + "1" * 10_000)):
        with pytest.raises(InputError, match=r"digits, more than 4,000; round it$"):
            exact_number(long, "x")
    with pytest.raises(InputError, match="encoder_cost: a number of thousands of digits is too small"):
        modularity(MIXED, exact=True, encoder_cost=-(10**5_000))
    with pytest.raises(InputError, match=r"row 1, column 0 of sources"):
        exact_matrix([["1"], ["two"]], "sources")


@pytest.mark.parametrize(
    "options",
    [
        {"probabilities": [1, 1]},
        {"probabilities": [0, 0, 0]},
        {"probabilities": [1, -1, 1]},
        {"mixing": np.eye(3)},
        {"mixing": [[1, 1], [1, 1]]},
        {"encoder_cost": "free"},
        {"encoder_cost": -1},
        {"decoder_cost": 0},
    ],
)
def test_bad_arguments(options):
    with pytest.raises(InputError) as error:
        modularity(simplex(2), exact=True, **options)
    assert next(iter(options)) in str(error.value)
