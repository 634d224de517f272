# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # A phase diagram: where does a code turn from modular to mixed?
#
# A family of sources has a parameter, here how much of two opposite corners of a square is cut away. From some value
# on the best code is mixed. Theory knows it as an algebraic number; solving finds it as well.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
from sympy import minimal_polynomial, symbols

from solver import Sweep, sweep
from solver.pictures.phases.phase_diagram import plot_phase
from solver.pictures.phases.phase_plane import plot_phase_plane
from solver.sweeps.phase import along
from solver.sweeps.plane import phase_plane, plane_plan
from theory.families import family

cut = family("opposite-corners")
boundary = cut.boundary()[0]
print(cut.statement)
print("The boundary:", boundary.evalf(15), "a root of", minimal_polynomial(boundary, symbols("a")))

# %% [markdown]
# ## Along one parameter
#
# Every point is a certified optimum, and each agrees with what theory says of it.

# %%
points = along(cut, points=25)
assert all(point.price < 1e-9 for point in points if point.predicted)
assert all(point.price > 0 for point in points if not point.predicted)
print(f"largest gap {max(point.gap for point in points):.1e}")
plot_phase(cut, points)

# %% [markdown]
# The price of modularity leaves zero with the square of the distance from the boundary: no simulation finds the
# boundary by it. The condition knows it to all digits.
#
# ## Over two
#
# Biases that have a price of their own make ranges count for more and correlations for less. Then the boundary moves;
# the dots are where the condition turns, the colours are solved.

# %%
plan = plane_plan("opposite-corners", "bias_cost", points=7)
plane = phase_plane(plan, sweep(plan, jobs=1).to_dict("records"))
plot_phase_plane(plane)

# %% [markdown]
# ## Any table of optima
#
# `sweep` solves whatever grid one likes, on all cores if asked to, and goes on where it was stopped. It gives a row a
# problem.

# %%
grid = Sweep.of_family("opposite-corners", parameter=[0.6, 0.8, 1.0, 1.2, 1.4], encoder_cost=[0.1, 1.0, 10.0])
table = sweep(grid, jobs=1)
prices = table.pivot(index="parameter", columns="encoder_cost", values="price_of_modularity")
assert table["gap"].max() < 1e-8
(100 * prices).round(4)

# %%
axes = (100 * prices).plot(marker="o", ylabel="price of modularity (%)", figsize=(6, 3))
plt.show()

# %% [markdown]
# **What is learned.** The verdict is a matter of shape alone, here of the corners that are missing: the price of the
# encoder does not move the boundary. How much modularity costs is a matter of prices too, and dear weights make it
# matter less.
