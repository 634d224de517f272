"""Exact verdicts with errors and targets: ties decided, proofs checked, floating point agreed with, limits told."""

from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from solver.commands.cli import main
from solver.strategies import boxes, grids, seeds
from theory import InputError, Problem, check_proof, modularity
from theory.conditions import decide
from theory.exact.problem import ExactProblem
from theory.readouts import Exact, Noisy, Soft

BOX, WEIGHTS = [[0, 0], [0, 1], [1, 0], [1, 1]], [4, 1, 1, 4]
CUT = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0], ["1/2", "1/2"]]


@given(seeds, st.one_of(boxes(2), grids(2)))
def test_proofs_agree_with_floating_point_and_are_checked(seed, points):
    """Targets of any kind, and errors on a cross, where the sources are uncorrelated."""
    rng = np.random.default_rng(seed)
    mean = points.mean(axis=0)
    cross = mean + np.vstack([np.eye(2), -np.eye(2)]) * 0.5 * np.ptp(points, axis=0)
    points = np.vstack([points, cross])
    counted = np.append(np.zeros(len(points) - 4), np.ones(4))
    targets = rng.integers(-3, 4, (2, 2)) + 5 * np.eye(2)
    readout = rng.choice(
        [Exact(targets), Soft(2.0 ** rng.integers(0, 9), None if rng.random() < 0.5 else targets, counted)]
    )
    try:
        exact = modularity(points, readout=readout, exact=True)
    except InputError as error:
        # Rounding of the mean leaves a correlation that is none.
        assert "polynomial equations" in str(error)
        return
    assert check_proof(exact.proof, points, readout=readout) is exact.modular
    rounded = decide(Problem(points, readout=readout))
    if abs(rounded.margin) > 1e-6:
        assert rounded.modular is exact.modular
    np.testing.assert_allclose(exact.F, rounded.F, rtol=1e-6, atol=1e-8)
    with pytest.raises(InputError, match="other data"):
        check_proof(exact.proof, points)


@pytest.mark.parametrize("error_cost", [1, 4, "6.5", 40, 400])
def test_a_square_without_a_corner_at_every_price_of_errors(error_cost):
    """Errors on four samples of the middle, where the sources are uncorrelated: first none, then one, then both."""
    samples = [[*map(Fraction, row)] for row in CUT]
    middle = [0, 1, 0, 1, 0, 1, 0, 1, 0]
    readout = Soft(error_cost, [[2, 0], [0, 1]], middle)
    verdict = modularity(samples, readout=readout, exact=True)
    assert check_proof(verdict.proof, samples, readout=readout) is verdict.modular
    problem = Problem(
        np.array(samples, dtype=float), readout=Soft(float(Fraction(error_cost)), [[2, 0], [0, 1]], middle)
    )
    assert decide(problem).modular is verdict.modular
    posed = ExactProblem.posed(samples, readout=readout)
    np.testing.assert_allclose(np.array(posed.condition_matrix, dtype=float), decide(problem).F, atol=1e-12)


def test_a_tie_at_the_price_of_the_first_neuron():
    """Silent where kappa^2 C_ii^2 = mu c_i exactly, and not a hair above: neurons (1, 1) of the line's two ends."""
    ends = [[-1, -1], [1, 1], [-1, 1], [1, -1]]
    # C = 1, c = 1 + 1 + 1.
    for price, worth in ((Fraction(3), Fraction(3)), (Fraction(3) + Fraction(1, 10**30), None)):
        posed = ExactProblem.posed(ends, decoder_cost=3, readout=Soft(price))
        multiplier = posed.condition_matrix[0, 0] + posed.energy_matrix[0][0]
        assert multiplier == worth if worth else multiplier == 3
        assert modularity(ends, decoder_cost=3, readout=Soft(price), exact=True).modular is True


def test_silence_is_decided_even_of_correlated_sources():
    """The neuron (1, 1) is worth having from kappa^2 = 95 / 8 on: see the family of two bits."""
    for price, silent in (("3.446", True), ("3.447", False)):
        verdict = modularity(BOX, probabilities=WEIGHTS, readout=Soft(price), exact=True)
        assert verdict.modular is silent and verdict.proof is not None


def test_noise_is_a_more_expensive_decoder():
    noisy = ExactProblem.posed(BOX, readout=Noisy("0.5", 3))
    soft = ExactProblem.posed(BOX, decoder_cost="2.5", readout=Soft("0.5"))
    assert noisy.digest == soft.digest and (noisy.condition_matrix == soft.condition_matrix).all()


@pytest.mark.parametrize(
    ("readout", "message"),
    [
        (Soft(20), "polynomial equations"),
        (Exact([[1, 0]]), "leave a source out"),
        (Soft(0), "error_cost: 0 is not positive"),
        (Noisy(1, -1), "noise_variance: -1 is negative"),
        (Exact([[1, 2, 3]]), "targets: 3 columns do not fit"),
    ],
)
def test_readouts_beyond_rational_arithmetic_are_refused(readout, message):
    with pytest.raises(InputError, match=message):
        modularity(BOX, probabilities=WEIGHTS, readout=readout, exact=True)


def test_the_command_line(tmp_path):
    data, targets, proof = (tmp_path / name for name in ("box.csv", "targets.csv", "proof.json"))
    data.write_text("a,b\n0,0\n0,1\n1,0\n1,1\n")
    targets.write_text("0.5,0.1\n0.1,0.5\n")
    run, options = CliRunner().invoke, ["--error-cost", "40", "--noise-variance", "0.1", "--targets", str(targets)]
    done = run(main, ["check", str(data), *options, "--exact", "--proof", str(proof)])
    assert done.exit_code == 0 and "Mixed" in done.stdout
    assert run(main, ["check-proof", str(proof), str(data), *options]).exit_code == 0
    other = run(main, ["check-proof", str(proof), str(data), *options[:4]])
    assert other.exit_code == 2 and "other data" in other.stderr
