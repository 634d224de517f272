# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # A readout and a method of one's own
#
# What is decoded, at what price, is an object; a method is a generator of ever better codes. Both can be written in a
# notebook. The certificate is the same as for the program's own, and trusts neither.

# %%
# %matplotlib inline
from dataclasses import dataclass
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

from solver import Problem, certify, solve
from solver.methods import register
from solver.methods.iterate import Iterate
from theory.conditions import decide
from theory.readouts import Readout

# %% [markdown]
# ## A readout: sum and difference
#
# Suppose that whoever listens wants the sum of two sources, and their difference with a care of `care`. All that the
# theory needs is the matrix of what is decoded, and the cost of the decoder's weights.


# %%
@dataclass(frozen=True)
class SumAndDifference:
    """Decodes s1 + s2 and care (s1 - s2)."""

    care: float

    def price(self, sources, mixing, decoder_cost):
        """What it costs: see `theory.readouts.Reads`."""
        return Readout(np.array([[1.0, 1.0], [self.care, -self.care]]), decoder_cost)


grid = np.array([[x, y] for x in (-1, 0, 1) for y in (-1, 0, 1)])
answer = solve(Problem(grid, readout=SumAndDifference(0.3)))
assert answer.status == "optimal" and certify(answer.problem, answer).feasible
assert np.allclose(answer.reconstruct(answer.activity())[:, 0], grid.sum(axis=1))
answer

# %% [markdown]
# Two independent sources on a square, which get neurons of their own if they are decoded one by one. Read out like
# this they may not: it depends on the care, and one can see by hand where: their matrix of the condition has $F_{12}
# = \tfrac83 (1 - c^2) / (1 + c^2)$ at a care of $c$, and modular neurons are best where it lies between -1 and 1,
# from $c^2 = 5/11$ to $11/5$.

# %%
cares = np.geomspace(0.1, 10, 25)
prices = [solve(Problem(grid, readout=SumAndDifference(care))).price_of_modularity for care in cares]
margins = [decide(Problem(grid, readout=SumAndDifference(care))).margin for care in cares]

figure, (above, below) = plt.subplots(2, 1, figsize=(6, 4), sharex=True)
above.semilogx(cares, 100 * np.array(prices), marker=".")
above.set(ylabel="price of\nmodularity (%)")
below.semilogx(cares, margins, marker=".")
below.axhline(0, color="grey", linewidth=0.8)
below.set(xlabel="care for the difference", ylabel="margin of\nthe condition")
plt.show()
assert all(
    (margin < -1e-9) == (price > 1e-12) for margin, price in zip(margins, prices, strict=True) if abs(margin) > 1e-2
)

# %% [markdown]
# ## A method: descent by L-BFGS
#
# A method has `steps`, which yields a code at a time, with the loss that it claims and a lower bound if it knows one.
# Limits, the certificate and the answer are the business of `solve`.

# %%
NEURONS = 4


def steps(problem, *, tolerance, rng):
    """Local descent from random weights, as the field would do it."""
    shape = NEURONS, problem.dimension
    best = np.inf
    for _ in range(3):
        found = minimize(
            lambda x: problem.loss(x.reshape(shape)), rng.standard_normal(np.prod(shape)), method="L-BFGS-B"
        )
        if found.fun < best:
            best, weights = found.fun, found.x.reshape(shape)
            yield Iterate(weights, problem.multiplier(weights.T @ weights), best, -np.inf)


descent = ModuleType("descent")
descent.steps = steps
register("descent", descent)

# %% [markdown]
# On a triangle, whose best code is mixed, from five seeds:

# %%
triangle = Problem([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
best = solve(triangle)
tries = [solve(triangle, method="descent", rng=seed) for seed in range(5)]
above_floor = np.array([descended.loss / best.lower_bound - 1 for descended in tries])
print(f"columns: gap {best.gap:.1e}")
print(f"descent: {100 * above_floor.min():.2g} to {100 * above_floor.max():.2g} % above the floor")
for descended in tries:
    assert descended.lower_bound <= best.loss * (1 + 1e-12) and descended.loss >= best.lower_bound * (1 - 1e-12)
tries[0]

# %% [markdown]
# **What is learned.** What a listener asks for can mix neurons that their sources alone would keep apart. And a
# method needs no trust: however bad its codes, the bound that comes with them is true, and the gap tells how bad they
# are.
