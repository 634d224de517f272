# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # From a conjecture to a counterexample, and to a proof
#
# The theory of 2023 says that independent sources get neurons of their own. Is it enough that they are
# *uncorrelated*? And if not, what is?

# %%
# %matplotlib inline
import numpy as np

from solver import solve, verify
from theory import check_proof, modularity
from theory.theorems import THEOREMS


def uncorrelated(sources):
    """Uncorrelated sources are modular; of others nothing is said."""
    off_diagonal = sources.covariance - np.diag(np.diag(sources.covariance))
    return True if np.abs(off_diagonal).max() < 1e-12 else None


# %% [markdown]
# ## Let the machine break it
#
# `verify` draws problems on which the conjecture says something, solves each, and makes what refutes it as small and
# round as it gets.

# %%
report = verify(uncorrelated, trials=100, seed=0)
print(f"{report.agreements} agree, {report.disagreements} refutes it")
problem, judgement = report.counterexample
points = problem.sources.points
points

# %% [markdown]
# A handful of points. The picture tells why: the corners of the range are missing. The ellipse of the condition
# leaves the hull there, and a neuron in between needs less bias than two of one source each.

# %%
answer = solve(problem)
answer.plot()

# %% [markdown]
# ## From a number to a proof
#
# The certificate is floating point. The same question in rational arithmetic ends with a proof that anyone can check
# from the points alone: a neuron of whole numbers that earns more than it costs.

# %%
proof = modularity(points, exact=True).proof
print("witness", proof.witness, " bias", proof.bias, " worth", proof.worth)
print("optimal code modular, proven:", check_proof(proof, points))
assert check_proof(proof, points) is False and proof.bias**2 < proof.worth

# %% [markdown]
# ## A better conjecture
#
# So it is the range that counts. If all corners of the box are there, may the sources be as correlated as they like?


# %%
def all_corners(sources):
    """Sources are modular, however correlated, if every corner of their range is a sample."""
    ends = zip(sources.points.min(axis=0), sources.points.max(axis=0), strict=True)
    corners = np.array(np.meshgrid(*ends)).reshape(sources.dimension, -1).T
    present = {tuple(row) for row in sources.points}
    return True if all(tuple(corner) in present for corner in corners) else None


report = verify(all_corners, trials=20, seed=0)
print(f"{report.agreements} agree, {report.disagreements} refute it, {report.undecided} are too close to call")
assert report.disagreements == 0

# %% [markdown]
# That is no proof, but it stands, and the program knows why:

# %%
known = THEOREMS["range-independence"]
print(known.statement, known.source, sep="\n")

# %% [markdown]
# Why, says [its proof](../theory.md#range-independence). For any one such problem there is also a proof that can be
# checked by itself: cones that cover all directions, each with a sample that sets the bias of the neurons there.

# %%
box, probabilities = [[0, 0], [0, 1], [1, 0], [1, 1]], [4, 1, 1, 4]  # a correlation of 0.6
proof = modularity(box, probabilities=probabilities, exact=True).proof
print(len(proof.cones), "cones; optimal code modular, proven:", check_proof(proof, box, probabilities=probabilities))
assert check_proof(proof, box, probabilities=probabilities) is True

# %% [markdown]
# **What is learned.** Being uncorrelated is neither enough nor needed: what makes neurons modular is that each source
# takes its extremes whatever the others do. The conjecture fell to a handful of points, and what replaced it is the
# theorem of range independence.
