"""What is certified of a network's own kind of neurons: what modularity costs there, and below what no network ends.

Linear and rectified networks have the optimum of their kind at their own prices. Behind hidden units neurons may be any
function of the sources: what is held against the optimum of free neurons is the code alone, the activity with the best
linear readout, and no weights below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate.nonlinear import measured
from solver.networks.autoencoder import Autoencoder
from solver.nonlinear.representation import NonlinearRepresentation
from solver.representation import Representation
from solver.solving.solve import solve
from theory.arrays import Array

if TYPE_CHECKING:
    from solver.networks.network import Network
    from theory.problem import Problem


@dataclass(frozen=True)
class Held:
    """Networks held against the certified optimum of their own kind; where there is none nothing of it is known."""

    # of their neurons: "linear", "rectified" or "free"; "" for architectures that no certified problem is of
    kind: str = ""
    bound: float = float("nan")  # certified lower bound on the loss
    price: float = float("nan")  # certified price of modularity of neurons of this kind
    above: tuple[float, ...] = ()  # of each seed, by what share it ends above the certified lower bound

    def row(self) -> dict[str, object]:
        """The columns of a table."""
        least, most = (min(self.above), max(self.above)) if self.above else (float("nan"),) * 2
        return {"kind": self.kind, "own_price": self.price, "above_least": least, "above_most": most}


def held(network: Network, points: Array, chance: Array, losses: Array, activity: Array) -> Held:
    """How far trained networks are above the optimum of their kind.

    Args:
        network: that was trained on sources, or on what is seen of them.
        points: (T, d) of a grid.
        chance: (T,) probabilities; points of probability zero do not occur.
        losses: (s,) at the end, of each seed.
        activity: (s, T, n) of the neurons.

    Example:
        >>> from solver.networks.network import Data
        >>> from solver.networks.training import train
        >>> box, network = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), Autoencoder(4, rectified=True)
        >>> trained = train(network, Data.of(box), steps=500, seeds=(0, 1))
        >>> verdict = held(network, box, np.full(4, 1 / 4), trained.final, trained.activity)
        >>> verdict.kind, min(verdict.above) > -1e-6
        ('rectified', True)
    """
    if not isinstance(network, Autoencoder):
        return Held()
    occurs = chance > 0
    problem = network.problem(points[occurs], activation=network.activation, probabilities=chance[occurs])
    answer = optimum(problem)
    if network.activation == "free":
        losses = np.array([code_loss(problem, one[occurs]) for one in activity])
    above = losses / answer.lower_bound - 1
    return Held(network.activation, answer.lower_bound, max(0.0, answer.price_of_modularity), tuple(above.tolist()))


@lru_cache(maxsize=64)
def optimum(problem: Problem) -> Representation | NonlinearRepresentation:
    """The certified code of one problem, which several architectures may share."""
    return solve(problem, rng=0)


def code_loss(problem: Problem, activity: Array) -> float:
    """Loss of an activity (T, n) >= 0 as a code of free neurons, with the best linear readout.

    Example:
        >>> from solver.problem import Problem
        >>> from theory.readouts import Soft
        >>> code_loss(Problem([[-1], [1]], activation="free", readout=Soft(100)), np.zeros((2, 1)))
        100.0
    """
    decoder = problem.sample_readout.decoder(activity).T
    return measured(problem, activity, np.zeros((activity.shape[1], 0)), decoder).loss
