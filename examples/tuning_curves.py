# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Tuning curves of an animal that walks: position and head direction
#
# [RatInABox](https://github.com/RatInABox-Lab/RatInABox) moves an animal through a box as rats move: it turns
# smoothly and keeps to the walls. Place cells and head-direction cells see the same walk. Should the two be separate
# cells, and how good a code are those that the models give?

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from ratinabox.Agent import Agent
from ratinabox.Environment import Environment
from ratinabox.Neurons import HeadDirectionCells, PlaceCells

from solver import Problem, audit, certify, separation, solve

np.random.seed(0)  # noqa: NPY002  RatInABox draws from numpy's own
agent = Agent(Environment(), {"dt": 0.1})
places = PlaceCells(agent, {"n": 12, "description": "gaussian", "widths": 0.4})
directions = HeadDirectionCells(agent, {"n": 8, "angular_spread_degrees": 60})
for step in range(1200):
    agent.update()
    if step % 5 == 0:
        places.update()
        directions.update()
position = np.array(agent.history["pos"])[::5]
heading = np.array(agent.history["head_direction"])[::5]
rates = pd.DataFrame(
    np.hstack([places.history["firingrate"], directions.history["firingrate"]]),
    columns=[f"place {i}" for i in range(1, 13)] + [f"head {i}" for i in range(1, 9)],
)
print(f"two minutes, {len(rates)} samples of {rates.shape[1]} cells")

# %%
figure, (walk, where) = plt.subplots(1, 2, figsize=(8, 3.6))
walk.quiver(*position.T, *heading.T, np.arctan2(heading[:, 1], heading[:, 0]), cmap="twilight", scale=40)
walk.set(title="the walk, an arrow each sample", aspect="equal")
angle = np.degrees(np.arctan2(heading[:, 1], heading[:, 0]))
where.scatter(position[:, 0], angle, s=6)
where.set(
    xlabel="position, to the right (m)", ylabel="heading (degrees)", title="near the walls not all headings occur"
)
plt.show()

# %% [markdown]
# ## Should position and heading have cells of their own?
#
# The sources are two coordinates and the cosine and sine of the heading, in two groups. Neurons of one group each
# would be optimal if every heading occurred at every position. At the walls it does not.

# %%
sources = pd.DataFrame(np.hstack([position, heading]), columns=["x", "y", "cos", "sin"])
problem = Problem(sources, groups={"position": ["x", "y"], "heading": ["cos", "sin"]}, encoder_cost=0.01)
answer = solve(problem)
certificate = certify(problem, answer)
print(f"loss {answer.loss:.6f} >= {certificate.lower_bound:.6f}, gap {certificate.gap:.1e}")
print(f"separate cells cost {100 * answer.price_of_modularity:.3f} % more than the best code of all")
assert certificate.feasible and certificate.gap < 1e-8 and 0 < answer.price_of_modularity < 0.01

# %% [markdown]
# Not optimal, but by little, and by less the longer the walk: after ten minutes it is less than a tenth of a percent.
# `separation` finds a bound without the best code:

# %%
verdict = separation(problem)
print(verdict.modular, f"and separate cells cost at most {100 * verdict.price_bound:.3f} % more")

# %% [markdown]
# ## How good are the cells of the model?
#
# Firing rates have a unit and a baseline of their own, so both are fitted (`rescale`), and so is the price of the
# encoder. What is audited is the affine part of the tuning; the rest is reported and left alone.

# %%
found = audit(problem, rates, rescale=True)
print(found)
assert found.excess > 0.05

# %%
found.plot()

# %% [markdown]
# Most of what could be saved is a matter of strengths: place cells and head-direction cells fire as loudly as the
# model says, and not as loudly as what they code is worth. Head-direction cells by themselves are a near perfect code
# of the heading:

# %%
alone = audit(Problem(sources[["cos", "sin"]]), rates.iloc[:, 12:], rescale=True)
print(f"{100 * alone.unexplained:.1f} % not affine; what is, costs {100 * alone.excess:.3f} % more than the best code")
assert alone.excess < 0.01

# %% [markdown]
# **What is learned.** Along a walk as rats walk, cells of their own for position and heading cost less than one
# percent: the walls forbid few combinations. Evenly spread head-direction cells are a code of heading that is optimal
# up to some thousandths of a percent; put together with place cells the population wastes a good part of its energy,
# because the two speak at strengths that nobody matched.
