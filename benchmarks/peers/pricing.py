"""Pricing, the one hard step: the neuron that earns most, by faces of the hull and by a spatial branch and bound."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.peers.instances import Instance


@dataclass(frozen=True)
class Priced:
    """One pricing of the multiplier of the best modular code, by both: the largest w'Y w / f(w) found."""

    instance: str
    ours: float
    seconds: float  # preparation included
    theirs: float
    bound: float  # what SCIP proves that no neuron exceeds
    their_seconds: float  # preparation included


def by_scip(instance: Instance, multiplier: np.ndarray, limit: float) -> tuple[float, float]:
    """Largest w'Y w among neurons of cost at most one, found and proven, by SCIP."""
    from pyscipopt import Model, quicksum

    problem = instance.problem
    energy, corners = problem.energy_matrix, problem.sources.vertices
    dimension = problem.dimension
    reach = 1 / np.sqrt(np.linalg.eigvalsh(energy)[0])
    model = Model()
    model.hideOutput()
    model.setParam("timing/clocktype", 1)  # of the processor
    model.setParam("limits/time", limit)
    model.setParam("limits/gap", 1e-8)
    model.setParam("numerics/feastol", 1e-9)
    model.setParam("parallel/maxnthreads", 1)
    weights = [model.addVar(lb=-reach, ub=reach) for _ in range(dimension)]
    bias = model.addVar(lb=0, ub=1)
    earned = model.addVar(lb=0, ub=None)
    pairs = [(i, j) for i in range(dimension) for j in range(dimension)]
    model.addCons(quicksum(multiplier[i, j] * weights[i] * weights[j] for i, j in pairs) >= earned)
    model.addCons(quicksum(energy[i, j] * weights[i] * weights[j] for i, j in pairs) + bias * bias <= 1)
    for corner in corners:
        model.addCons(bias + quicksum(corner[i] * weights[i] for i in range(dimension)) >= 0)
    model.setObjective(earned, "maximize")
    model.optimize()
    return float(model.getPrimalbound()), float(model.getDualbound())


def priced(instance: Instance, limit: float) -> Priced:
    """Both, on the multiplier of the best modular code, one after the other."""
    weights = instance.problem.modular_weights
    multiplier = instance.problem.multiplier(weights.T @ weights)
    clock = time.process_time()
    ours = instance.problem.pricing.maximise(multiplier).rho
    seconds = time.process_time() - clock
    clock = time.process_time()
    theirs, bound = by_scip(instance, multiplier, limit)
    return Priced(instance.name, ours, seconds, theirs, bound, time.process_time() - clock)
