"""The lifted relaxation of the whole problem."""

import numpy as np
import pytest

from solver.conic_solvers import DEFAULT_SOLVER, ConicError
from solver.relaxations import lifted_program
from solver.relaxations.lifted_program import lifted_bound
from theory import Problem


def test_a_conic_solver_that_was_stopped_before_its_first_step_has_found_nothing(monkeypatch):
    def stopped(program, solver, tolerance):
        for variable in program.variables():
            variable.save_value(np.zeros(variable.shape))
        for constraint in program.constraints:
            for dual in constraint.dual_variables:
                dual.save_value(np.zeros(dual.shape))
        program._status = "user_limit"

    monkeypatch.setattr(lifted_program, "run", stopped)
    with pytest.raises(ConicError, match="no neuron"):
        lifted_bound(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]), DEFAULT_SOLVER)
