"""The derived condition is the one that is evaluated, and it follows the loss wherever that is changed."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import problems, seeds
from tests.examples import share
from theory import Problem
from theory.conditions import decide, modular_multiplier
from theory.errors import InputError
from theory.modular import formulas
from theory.print_formulas import formulas_module
from theory.readouts import Noisy
from theory.symbolic.derivation import (
    BIAS,
    DECODER_NORM,
    ENCODER_COST,
    ENCODER_NORM,
    VARIANCE,
    Loss,
    derive,
)
from theory.symbolic.names import MIXING_NAMES, READOUT_NAMES

FULL = Loss()


def values(problem):
    """What the symbols of a derivation stand for in a problem."""
    numbers = {"lambda": problem.encoder_cost, "mu": problem.decoder_cost}
    for row in range(problem.dimension):
        numbers[f"m_{row + 1}"] = problem.sources.least_bias[row]
        for column in range(row, problem.dimension):
            numbers[f"C_{row + 1}{column + 1}"] = problem.sources.covariance[row, column]
            numbers[f"K_{row + 1}{column + 1}"] = problem.gram[row, column]
    return numbers


def evaluated(expression, numbers):
    return np.array(expression.subs({symbol: numbers[symbol.name] for symbol in expression.free_symbols})).astype(float)


@cache
def derived(count):
    return derive(count, mixing="general").expanded


@pytest.mark.thorough
@pytest.mark.parametrize("count", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
@given(data=st.data())
@share(1 / 2)
def test_the_derived_condition_is_the_one_decided_on(count, data):
    problem = data.draw(problems(count))
    condition = evaluated(derived(problem.dimension), values(problem))
    size = np.sqrt(np.outer(problem.modular_costs, problem.modular_costs))
    np.testing.assert_allclose(condition / size, decide(problem).F / size, atol=1e-11)


@given(problems(st.integers(2, 3)))
def test_the_multiplier_is_minus_the_slope_of_the_readout_at_the_modular_code(problem):
    gram = problem.modular_weights.T @ problem.modular_weights
    worth, size = problem.multiplier(gram), np.sqrt(np.outer(problem.modular_costs, problem.modular_costs))
    np.testing.assert_allclose(modular_multiplier(problem) / size, worth / size, atol=1e-12)


def test_two_sources_without_mixing():
    found = derive(2).condition
    m1, m2, c12 = (next(s for s in found.free_symbols if s.name == name) for name in ("m_1", "m_2", "C_12"))
    assert found == sp.Matrix([[m1**2, -c12], [-c12, m2**2]])


@pytest.mark.thorough
def test_any_number_of_sources_agrees_with_two_written_out():
    for readout in ("exact", "fixed-variance"):
        pair = derive(None, mixing="general", readout=readout).condition
        two = derive(2, mixing="general", readout=readout).condition
        names = {s: sp.Symbol(s.name.replace("i", "1").replace("j", "2"), **s.assumptions0) for s in pair.free_symbols}
        assert pair.subs(names) == two


def test_the_formulas_in_use_are_those_derived():
    assert Path(formulas.__file__).read_text() == formulas_module()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("loss", "entry"),
    [
        pytest.param(
            Loss(neuron=VARIANCE + 4 * BIAS**2 + ENCODER_COST * ENCODER_NORM), (0, 0), id="dearer mean activity"
        ),
        pytest.param(Loss(neuron=3 * VARIANCE + BIAS**2 + ENCODER_COST * ENCODER_NORM), (0, 1), id="dearer variance"),
        pytest.param(Loss(neuron=BIAS**2 + ENCODER_COST * ENCODER_NORM), (0, 1), id="only the mean activity costs"),
    ],
)
def test_another_loss_has_another_condition(loss, entry):
    assert sp.simplify(derive(2, loss=loss).condition[entry] - derive(2).condition[entry]) != 0


@pytest.mark.thorough
def test_another_loss_prints_other_formulas():
    module: dict[str, object] = {}
    exec(formulas_module(Loss(neuron=VARIANCE + 4 * BIAS**2 + ENCODER_NORM, readout=9 * DECODER_NORM)), module)
    assert module["modular_cost"](1.0, 1.0) == 5.0
    assert module["modular_strength"](cost_i=4.0, gram_ii=1.0) == pytest.approx(1.5)


def test_the_decoder_cost_cancels_without_being_told_to():
    assert "mu" not in {symbol.name for symbol in derived(2).free_symbols}


@pytest.mark.thorough
def test_soft_reconstruction_tends_to_the_exact_decoder():
    # For uncorrelated sources P is diagonal: x_i + mu / (kappa C_ii) = sqrt(mu K_ii / cost_i) as for the exact decoder.
    chain = derive(2, mixing="general", readout="soft")
    p11, p22, p12 = (*sp.symbols("P_11 P_22", positive=True), sp.Symbol("P_12", real=True))
    exact = derive(2, mixing="general").condition
    costs = [exact[i, i] + sp.Symbol(f"M_{i + 1}{i + 1}", real=True, positive=True) for i in range(2)]
    gram = [sp.Symbol(f"K_{i}{i}", real=True, positive=True) for i in (1, 2)]
    mu = sp.Symbol("mu", positive=True)
    inverse = dict(zip((p11, p22), (sp.sqrt(c / (mu * k)) for c, k in zip(costs, gram, strict=True)), strict=True))
    inverse[p12] = 0
    by_name = {s: inverse[t] for s in chain.condition.free_symbols for t in inverse if s.name == t.name}
    assert sp.simplify(chain.condition.subs(by_name) - exact) == sp.zeros(2)


def test_soft_reconstruction_is_what_minimising_numerically_gives():
    # g(G) = mu tr(K P), against the least of error and decoder cost over all decoders.
    rng = np.random.default_rng(0)
    neurons, mixing, half = rng.standard_normal((5, 2)), rng.standard_normal((3, 2)), rng.standard_normal((2, 2))
    covariance, mu, kappa = half @ half.T, 0.7, 1.9
    inner = kappa * neurons @ covariance @ neurons.T + mu * np.eye(5)
    decoder = kappa * mixing @ covariance @ neurons.T @ np.linalg.inv(inner)
    error = mixing - decoder @ neurons
    least = kappa * np.trace(error @ covariance @ error.T) + mu * (decoder**2).sum()
    inverse = np.linalg.inv(neurons.T @ neurons + mu / kappa * np.linalg.inv(covariance))
    assert least == pytest.approx(mu * np.trace(mixing.T @ mixing @ inverse))


@pytest.mark.thorough
@share(1 / 2)
@given(seeds, st.floats(0.1, 100), st.floats(0, 2))
@pytest.mark.parametrize("count", [2, 7])
def test_the_strengths_of_uncorrelated_sources_are_those_evaluated(count, seed, error_cost, variance):
    rng = np.random.default_rng(seed)
    spread, size = rng.uniform(0.2, 2, 2), np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    problem = Problem(size * spread, decoder_cost=0.7, readout=Noisy(error_cost, variance))
    numbers = {"lambda": 1.0, "mu": 0.7, "kappa": error_cost, "v": variance}
    for index, names in enumerate(("1", "2") if count == 2 else ("i", "j")):
        numbers[f"C_{names}{names}"] = spread[index] ** 2
        numbers[f"M_{names}{names}"] = spread[index] ** 2 + 1
        numbers[f"m_{names}"] = spread[index]
    (step,) = (step for step in strengths(count).steps if step.name == "Uncorrelated sources")
    found = [equation.rhs.doit() for equation in step.expressions]
    found = [float(value.subs({symbol: numbers[symbol.name] for symbol in value.free_symbols})) for value in found]
    np.testing.assert_allclose(found, problem.readout.modular_strengths(problem.modular_costs), rtol=1e-9, atol=1e-12)


@cache
def strengths(count):
    return derive(count, readout="noisy")


@pytest.mark.thorough
@pytest.mark.parametrize("mixing", MIXING_NAMES)
@pytest.mark.parametrize("readout", READOUT_NAMES)
@pytest.mark.parametrize("sources", [1, 2, 7])
def test_every_chain_ends_in_a_condition_and_can_be_shown(sources, mixing, readout):
    chain = derive(sources, mixing=mixing, readout=readout)
    assert chain.steps[-1].name == "Condition" and all(step.why for step in chain.steps)
    assert chain.condition[0, 0].is_positive
    text, latex = chain.text(), chain.latex()
    assert "8." in text or sources == 7
    assert latex.count(r"\[") == latex.count(r"\]") >= len(chain.steps)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sources": 0}, "sources: 0 is not a whole number from 1 on"),
        ({"mixing": "genral"}, "mixing: 'genral' is unknown; did you mean 'general'?"),
        ({"readout": "hard"}, "readout: 'hard' is unknown; choose one of: exact, soft, noisy, fixed-variance"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InputError, match="^" + message.replace("?", r"\?")):
        derive(**options)


@pytest.mark.parametrize("cost", [BIAS + VARIANCE, VARIANCE**2, VARIANCE - BIAS**2, VARIANCE])
def test_losses_that_are_not_quadratic_are_refused(cost):
    with pytest.raises(InputError, match=r"^neuron: "):
        Loss(neuron=cost)
    with pytest.raises(InputError, match=r"^readout: "):
        Loss(readout=DECODER_NORM**2)


@pytest.mark.thorough
def test_deciding_does_not_wait_for_sympy():
    program = "import sys, theory; theory.modularity([[0, 0], [0, 1], [1, 0]]); sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
