"""All that goes together, as one table: sources, readouts, groups, neurons, prices, a layer, and the methods.

An axis is a registry: the program's own readouts, kinds of neurons and methods are on theirs by themselves. A cell is
one value of each axis. REFUSED lists pairs of values that make no sense together. `cover` chooses few cells in which
any two values, or any three, meet.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from itertools import combinations, product

import numpy as np

from solver.methods import names
from tests.theory.test_neurons import Peak
from theory import Problem
from theory.neurons import ACTIVATIONS
from theory.readouts import READOUTS

RANDOM = np.random.default_rng(7)

SOURCES = {
    "box": {"sources": [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], "probabilities": [4.0, 1.0, 1.0, 4.0]},
    "corner missing": {
        "sources": [(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0) if x + y < 2],
        "mixing": [[1.0, 0.3], [0.0, 1.0], [0.5, -1.0]],
        "encoder_cost": 1.0,
    },
    "three sources": {
        "sources": RANDOM.normal(size=(5, 3)) @ RANDOM.normal(size=(3, 3)),
        "probabilities": [1.0, 2.0, 3.0, 2.0, 1.0],
        "mixing": RANDOM.normal(size=(4, 3)),
        "decoder_cost": 0.5,
    },
}
"""Correlated sources that are modular where they are decoded exactly, and two that are not."""

REQUIRED = {"error_cost": 30.0, "noise_variance": 0.1}
"""What a readout cannot do without."""

OPTIONAL = {"": (), ", one target": ("targets",), ", elsewhere": ("targets", "probabilities")}
"""What it may be given: one target, the difference of two sources, and other probabilities of the samples."""


def _readouts():
    """Each kind of readout with each choice of what it may be given."""
    for name, kind in READOUTS.items():
        required = {part.name: REQUIRED[part.name] for part in fields(kind) if part.default is MISSING}
        for words, parts in OPTIONAL.items():
            if {*parts} <= {part.name for part in fields(kind)}:
                yield name + words, (kind, required, parts)


GROUPS = {"no groups": None, "groups": {}, "separate": {"separate": True}}
OWN = {"peak": Peak(2.0)}
"""Kinds of neurons that are none of the program's own."""

AXES = {
    "sources": SOURCES,
    "readout": dict(_readouts()),
    "groups": GROUPS,
    "neurons": {name: {"activation": name} for name in ACTIVATIONS}
    | {name: {"neurons": kind} for name, kind in OWN.items()},
    "prices": {"plain": {}, "of biases": {"activity_cost": 0.5, "bias_cost": 0.2}},
    "layer": {"no layer": False, "a layer": True},
    "method": dict.fromkeys(names()),
}

NONLINEAR = {name for name, kind in ACTIVATIONS.items() if not kind.linear}
ALL_NEURONS = {*names()} - {"auto", "groups"}

REFUSED = [
    ({"neurons": NONLINEAR, "layer": {"a layer"}}, "transitions: no recurrent layer .* is known"),
    ({"neurons": NONLINEAR, "prices": {"of biases"}}, "bias_cost: the bias of linear neurons"),
    ({"neurons": NONLINEAR, "groups": {"separate"}}, "separate: .* are found beside the others"),
    ({"neurons": NONLINEAR, "method": {*names()} - {"auto", "columns"}}, "method: .* searches for linear neurons"),
    ({"groups": {"separate"}, "method": ALL_NEURONS}, "method: .* searches among all neurons"),
    ({"groups": {"no groups"}, "method": {"groups"}}, "method: 'groups' solves one group .*; give the problem groups"),
    ({"groups": {"groups", "separate"}, "layer": {"a layer"}}, "groups: the best separate code with a recurrent layer"),
    (
        {"readout": {*AXES["readout"]} - {"exact"}, "layer": {"a layer"}},
        "transitions: a readout that may err, or needs",
    ),
]
"""Values that do not go together, and what is said of them."""

LENGTHY = [
    {"neurons": NONLINEAR, "sources": {"three sources"}},
    {"neurons": NONLINEAR, "sources": {"corner missing"}, "readout": {"exact", "exact, one target"}},
    {"neurons": {*OWN}, "sources": {"three sources"}, "groups": {"groups", "separate"}},
]
"""Values that together take seconds to minutes: only where all cells are looked at."""

SLOW = [
    {"neurons": NONLINEAR},
    {"neurons": NONLINEAR, "groups": {"groups"}},
    {"neurons": NONLINEAR, "sources": {"corner missing"}},
    {"sources": {"three sources"}},
    {"method": {"relaxation", "alternating"}},
]
"""Values that take longer than others: of cells in which as many values meet that has fewest of these."""


@dataclass(frozen=True)
class Cell:
    """One value of each axis."""

    sources: str
    readout: str
    groups: str
    neurons: str
    prices: str
    layer: str
    method: str

    def __str__(self):  # as a test is called
        return " | ".join(self.values())

    def values(self):
        return [getattr(self, name) for name in AXES]

    def refusals(self):
        """What is said of the pairs here that do not go together."""
        return [said for pair, said in REFUSED if self.has(pair)]

    def by(self, method):
        """This cell with another method."""
        return replace(self, method=method)

    def has(self, pair):
        return all(getattr(self, name) in values for name, values in pair.items())

    def problem(self, units=None, order=None, moved=0.0):
        """The problem; also with sources in other units, moved, and with their samples in another order."""
        given = dict(SOURCES[self.sources])
        points = np.array(given.pop("sources"))
        count, dimension = points.shape
        units = np.ones(dimension) if units is None else units
        order = np.arange(count) if order is None else order
        given["sources"] = points[order] * units + moved
        given["mixing"] = np.array(given.get("mixing", np.eye(dimension))) / units
        if "probabilities" in given:
            given["probabilities"] = np.array(given["probabilities"])[order]
        kind, required, optional = AXES["readout"][self.readout]
        values = {
            "targets": np.array([[1.0, -1.0, 0.0][:dimension]]) / units,
            "probabilities": np.arange(count, 0.0, -1.0)[order],
        }
        given["readout"] = kind(**required, **{name: values[name] for name in optional})
        if GROUPS[self.groups] is not None:
            given |= GROUPS[self.groups] | {"groups": {"first": [0], "others": list(range(1, dimension))}}
        if self.layer == "a layer":
            # Half the way to the mean, which leads nowhere out of the hull.
            given |= {"transitions": [np.eye(dimension) / 2], "recurrent_cost": 0.3}
        return Problem(**given, **AXES["neurons"][self.neurons], **AXES["prices"][self.prices])


@cache
def cells():
    """All that are answered, as told by REFUSED, in an order in which no axis comes first."""
    every = [cell for values in product(*AXES.values()) if not (cell := Cell(*values)).refusals()]
    return [every[place] for place in np.random.default_rng(0).permutation(len(every))]


@cache
def cover(strength):
    """Few cells in which any `strength` values of different axes meet that can be answered together, and soon."""
    numbers = [{value: number for number, value in enumerate(axis)} for axis in AXES.values()]
    among = [cell for cell in cells() if not any(map(cell.has, LENGTHY))]
    among.sort(key=lambda cell: sum(map(cell.has, SLOW)))
    rows = np.array([[place[value] for place, value in zip(numbers, cell.values(), strict=True)] for cell in among])
    meetings = []
    for chosen in combinations(range(len(AXES)), strength):
        together = np.ravel_multi_index(rows[:, chosen].T, [len(numbers[axis]) for axis in chosen])
        meetings.append(together + sum(int(np.max(other)) + 1 for other in meetings[-1:]))
    columns, kept = np.column_stack(meetings), []
    missing = np.zeros(columns.max() + 1, dtype=bool)
    missing[columns] = True
    while missing.any():
        best = int(np.argmax(missing[columns].sum(axis=1)))
        missing[columns[best]] = False
        kept.append(among[best])
    return kept


def until_each_was_met(chosen):
    """The first of these cells, as many as it takes to meet each value of each axis that they hold."""
    missing = {(place, value) for cell in chosen for place, value in enumerate(cell.values())}
    first = []
    for cell in chosen:
        if not missing:
            break
        missing -= set(enumerate(cell.values()))
        first.append(cell)
    return first


@cache
def refused():
    """For each pair that is refused, and each cause of it, a cell that is answered but for this pair."""
    found = {}
    for values in product(*AXES.values()):
        cell = Cell(*values)
        causes = [(pair, said) for pair, said in REFUSED if cell.has(pair)]
        if len(causes) == 1:
            ((pair, said),) = causes
            found.setdefault((said, *(getattr(cell, name) for name in pair)), cell)
    return list(found.values())
