"""Tasks of the papers as sources: what varies, in named groups, and in which situations it does.

A task lists situations (where the agent is, where the object is, ...), each with a probability, and says what a
network must be able to read out of its code in each of them. Angles and places on a ring are read out as cosine and
sine, places on a torus as those of the three waves of a hexagonal module, as linear recurrent networks hold them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solver.representation import Representation
from solver.solving.solve import solve_one_of_many
from theory.arrays import Array, Indices
from theory.problem import Problem
from theory.sources import Sources

RING = 12  # positions on the ring, where the papers do not say how many

KEPT_POSITION_COST = 1e-6
"""Cost of the encoder, next to nothing, of a position that recurrent weights keep instead of an input."""


@dataclass(frozen=True)
class Task:
    """Situations and what is to be coded in them.

    Example:
        >>> task = object_on_ring(12, places=(0, 3))
        >>> task.situations.shape, task.groups
        ((24, 2), {'position': (0, 1), 'object': (2, 3)})
    """

    situations: Indices  # (T, k) each situation by k whole numbers: what a tuning map is drawn over
    sources: Sources  # T samples, one per situation, with their probabilities and names
    groups: Mapping[str, Sequence[int]]  # the columns of the sources that belong together, by name

    @classmethod
    def of(cls, situations: ArrayLike, groups: Mapping[str, ArrayLike], probabilities: ArrayLike | None = None) -> Task:
        """A task from its situations (T, k) and the sources (T, d_g) of each group."""
        blocks = {name: np.asarray(block, dtype=np.float64) for name, block in groups.items()}
        ends = np.cumsum([block.shape[1] for block in blocks.values()])
        columns = {
            name: tuple(range(end - block.shape[1], end))
            for (name, block), end in zip(blocks.items(), ends.tolist(), strict=True)
        }
        names = [
            name if block.shape[1] == 1 else f"{name} {number}"
            for name, block in blocks.items()
            for number in range(1, block.shape[1] + 1)
        ]
        sources = Sources(np.hstack(list(blocks.values())), probabilities, names=names)
        return cls(np.asarray(situations, dtype=np.intp), sources, columns)

    def problem(self, **options: Any) -> Problem:
        """The task as a problem with its groups; options are those of `Problem`, such as prices."""
        return Problem(self.sources, groups=self.groups, **options)

    def solved(self, **options: Any) -> Representation:
        """The certified code of the task; options are those of `Problem`."""
        return solve_one_of_many(self.problem(**options), rng=0)


def circle(places: ArrayLike, count: int) -> Array:
    """(T, 2) cosine and sine of places (T,) on a ring of so many."""
    # Modulo first: a place gives the same sample to the last digit after a full turn.
    angle = 2 * np.pi * (np.asarray(places) % count) / count
    return np.column_stack([np.cos(angle), np.sin(angle)])


def hexagonal(places: ArrayLike, side: int) -> Array:
    """(T, 6) cosines and sines of the three waves of a hexagonal module at places (T, 2) of a torus."""
    # Wave vectors in turns along the two axes of the torus, which stand at 60 degrees.
    waves = np.array([[1, 0], [0, 1], [-1, -1]])
    phase = 2 * np.pi * (np.asarray(places) @ waves.T % side) / side
    return np.hstack([np.cos(phase), np.sin(phase)])


# ---- space and objects --------------------------------------------------------------------------------------------


def object_on_ring(count: int, places: Sequence[int], *, anywhere: float = 0.0) -> Task:
    """An agent anywhere on a ring, an object at one of some places: the agent's position, absolute and from the object.

    Args:
        count: of positions on the ring.
        places: where the object can be, each as often as the others.
        anywhere: share of the rooms in which the object is anywhere on the ring instead.
    """
    everywhere = range(count) if anywhere else places
    situations = np.array(list(product(range(count), everywhere)))
    position, place = situations.T
    usual = np.isin(place, places) / len(places)
    probabilities = ((1 - anywhere) * usual + anywhere / count) / count if anywhere else None
    groups = {"position": circle(position, count), "object": circle(position - place, count)}
    return Task.of(situations, groups, probabilities)


def object_on_torus(side: int, places: Sequence[tuple[int, int]]) -> Task:
    """An agent and an object on a torus, seen by one hexagonal module; situations are x and y of both in turn."""
    everywhere = product(range(side), repeat=2)
    situations = np.array([(*position, *place) for position, place in product(everywhere, places)])
    position, place = situations[:, :2], situations[:, 2:]
    return Task.of(situations, {"position": hexagonal(position, side), "object": hexagonal(position - place, side)})


def objects_in_a_row(count: int, share: float, *, objects: int = 3) -> Task:
    """Several objects on a ring, coded as seen from the agent: each anywhere, but in a share of the rooms in a row.

    There each object is one place before the next. Situations are the places of all, from the agent.
    """
    situations = np.array(list(product(range(count), repeat=objects)))
    in_a_row = (np.diff(situations, axis=1) % count == 1).all(axis=1)
    probabilities = (1 - share) / len(situations) + share * in_a_row / in_a_row.sum()
    groups = {f"object {i + 1}": circle(place, count) for i, place in enumerate(situations.T)}
    return Task.of(situations, groups, probabilities)


def objects_on_torus(share: float, *, side: int = 3, objects: int = 3) -> Task:
    """Several objects on a square torus, each to be approached: each anywhere, but in a share of the rooms in a row.

    Of each object two numbers are told, as in the public code of Dorrell et al. (2025): the way to go along the axis in
    which it is farther, up or down in sign, and zero along the other. In a row each is one place before the next along
    both axes. Situations are the places of all, from the agent.
    """
    situations = np.array(list(product(range(side), repeat=2 * objects)))
    places = situations.reshape(len(situations), objects, 2)
    in_a_row = (np.diff(places, axis=1) % side == 1).all(axis=(1, 2))
    probabilities = (1 - share) / len(situations) + share * in_a_row / in_a_row.sum()
    # Objects are between positions: half a step off, the shorter way round.
    away = (places - 0.5 + side / 2) % side - side / 2
    across = np.abs(away[..., 0]) > np.abs(away[..., 1])
    told = np.sign(away) * np.stack([across, ~across], axis=-1)
    groups = {f"object {i + 1}": told[:, i] for i in range(objects)}
    return Task.of(situations, groups, probabilities)


# ---- contexts and further factors ---------------------------------------------------------------------------------


def one_map(count: int, visited: int) -> Task:
    """Two contexts, read out separately, on one ring; in each the agent visits so many places, from opposite ends."""
    situations = np.array(
        [((place + (count // 2) * context) % count, context) for context in (0, 1) for place in range(visited)]
    )
    place, context = situations.T
    return Task.of(situations, {"position": circle(place, count), "context": 2 * context[:, None] - 1})


def maps_of_their_own(count: int) -> Task:
    """Two contexts with a ring each: the place is read out on the map of the context, and the other map is silent."""
    situations = np.array([(place, context) for context in (0, 1) for place in range(count)])
    place, context = situations.T
    inside = [circle(place, count) * (context == which)[:, None] for which in (0, 1)]
    return Task.of(situations, {"map A": inside[0], "map B": inside[1], "context": 2 * context[:, None] - 1})


def place_and_speed(count: int, slowing: float, *, speeds: int = 5) -> Task:
    """Place on a ring and speed: every speed up to one, but at place 0 only up to 1 - slowing."""
    situations = np.array(list(product(range(count), range(speeds))))
    place, step = situations.T
    fastest = 1 - slowing * (1 + np.cos(2 * np.pi * place / count)) / 2
    return Task.of(situations, {"position": circle(place, count), "speed": (fastest * step / (speeds - 1))[:, None]})


def place_and_reward(count: int, places: int) -> Task:
    """Place on a ring, and whether there is a reward: at the first so many places it may be, elsewhere it is not."""
    situations = np.array(
        [(place, reward) for place in range(count) for reward in (0, 1) if not reward or place < places]
    )
    place, reward = situations.T
    return Task.of(situations, {"position": circle(place, count), "reward": reward[:, None]})


# ---- memory and movement ------------------------------------------------------------------------------------------


def remembered(count: int, *, repeats: bool, cues: int = 2) -> Task:
    """Cues on a ring, one after the other, all to be remembered; without repeats they all differ."""
    every = product(range(count), repeat=cues) if repeats else permutations(range(count), cues)
    situations = np.array(list(every))
    return Task.of(situations, {f"cue {i + 1}": circle(cue, count) for i, cue in enumerate(situations.T)})


def held_while_reaching(count: int, held: float) -> Task:
    """A reach is prepared, then made: one direction at a time, the preparation falling to a share during the movement.

    Situations are the direction and the epoch, 0 for preparation and 1 for movement.
    """
    situations = np.array(list(product(range(count), (0, 1))))
    direction, moving = situations.T
    waves = circle(direction, count)
    prepared = np.where(moving, held, 1.0)[:, None] * waves
    return Task.of(situations, {"preparation": prepared, "output": moving[:, None] * waves})


def reaches_in_a_row(count: int) -> Task:
    """Reaches without a pause: the next is prepared during the present one, and their directions are independent.

    Situations are the direction prepared and that of the movement.
    """
    situations = np.array(list(product(range(count), repeat=2)))
    following, present = situations.T
    return Task.of(situations, {"preparation": circle(following, count), "output": circle(present, count)})
