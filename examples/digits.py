# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Handwritten digits, in principal coordinates
#
# Of 1,797 images of digits, 8 by 8 pixels each, no one knows the sources. Then the data are coded in their principal
# coordinates, and nothing is said of modularity, because these axes mean nothing. What can be asked is what the
# neurons are about.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from solver import Problem, budget, certify, solve

images, digits = load_digits(return_X_y=True)
problem = Problem.from_data(images, dimension=4)
answer = solve(problem)
answer

# %%
certificate = certify(answer.problem, answer)
print(f"{len(answer)} neurons, loss {answer.loss:.6f} >= {certificate.lower_bound:.6f}, gap {certificate.gap:.1e}")
assert certificate.feasible and certificate.gap < 1e-8

# %% [markdown]
# ## What does each neuron write?
#
# Its column of the decoder is an image: what it adds where it is active (red) and takes away (blue).

# %%
figure, axes = plt.subplots(1, len(answer), figsize=(10, 1.6))
most = np.abs(answer.decoder).max()
for number, (neuron, column) in enumerate(zip(axes, answer.decoder.T, strict=True), start=1):
    neuron.imshow(column.reshape(8, 8), cmap="RdBu_r", vmin=-most, vmax=most)
    neuron.set(title=f"neuron {number}", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ## Which digits does it answer to?

# %%
activity = answer.activity()
names = [f"neuron {number}" for number in range(1, len(answer) + 1)]
means = pd.DataFrame(activity, columns=names).groupby(digits).mean()
figure, axis = plt.subplots(figsize=(7, 3))
shown = axis.imshow((means / means.max()).T, cmap="viridis", aspect="auto", vmin=0)
axis.set(xlabel="digit", xticks=range(10), yticks=range(len(names)), yticklabels=names)
figure.colorbar(shown, label="mean activity, of its largest")
plt.show()

# %% [markdown]
# Every neuron prefers some. But is it more particular than any mixture of the same coordinates would be? Of a class
# label, the share of a neuron's variance that lies between the classes says so.

# %%
labels = pd.DataFrame({"digit": digits.astype(str)})
shares = answer.compare(labels).explained[:, 0]
rng = np.random.default_rng(0)
mixtures = problem.sources.points @ rng.standard_normal((4, 500))
classes = np.array([mixtures[digits == digit].mean(axis=0) for digit in range(10)])
sizes = np.bincount(digits) / len(digits)
by_chance = sizes @ (classes - sizes @ classes) ** 2 / mixtures.var(axis=0)
print("between digits: of the neurons", shares.round(2), f"on average {shares.mean():.2f}")
print(f"of random mixtures {by_chance.mean():.2f}, the best of them {by_chance.max():.2f}")
assert shares.max() < by_chance.max()

# %% [markdown]
# ## Would fewer neurons do?
#
# The floor is proven; the losses of fewer neurons are the least that were found.

# %%
found = budget(problem, (5, len(answer)), time_limit=5, rng=0)
found.plot()

# %%
assert found.losses[0] < 1.001 * answer.lower_bound
found

# %% [markdown]
# **What is learned.** A nonnegative code that saves energy is not thereby a code of classes: its neurons tell digits
# apart no better than random mixtures of the same coordinates. And eight neurons are best, but five are enough for
# all but a few hundredths of a percent.
