"""Codes that cost less than they could if a bound were true: descents of the checker's own, and other methods' codes.

Any code is an argument against a lower bound above its loss, and against an answer called optimal that costs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.neurons import Whitened, best_neurons, smooth_biases
from theory.arrays import Array

__all__ = ["codes_of_other_methods", "descents", "modular_code"]


@dataclass(frozen=True)
class CodeSearch:
    """How far the search for cheaper codes goes."""

    # Norms in place of the bias, ever closer to the maximum: stages of a descent.
    powers: tuple[int, ...] = (6, 36, 216, 1296)
    steps: int = 60  # of a quasi-Newton method, in a stage
    most_entries: int = 200_000  # neurons times samples of a descent: with many samples it starts with fewer neurons
    rounds: int = 20  # in which a code is grown by neurons that are worth adding
    searches: int = 4  # with care, where a quick one finds no neuron to add
    near: float = 1 - 1e-6  # cosine within which two added neurons are one: a code is moved by adding neurons close by
    neurons: int = 12  # added per round
    worth: float = 1e-10  # what a neuron must earn beyond its cost to be added
    new: float = 1e-3  # energy of new neurons, relative to the mean
    faint: float = 1e-13  # share of the energy below which a neuron is left out
    newton: int = 30  # steps to the best energies of given neurons
    least_step: float = 1e-4  # share of a step below which nothing is gained along it
    level: float = 1e-15  # relative fall of the loss below which it is level
    singular: float = 1e-14  # curvature, relative to the largest, that a level direction is given
    demand: float = 1e-24  # of every source, as a share of the largest demand
    ridge: float = 1e-8  # in balanced coordinates, of a code where some combinations are not asked for
    flat: float = 1e-3  # least balance of a coordinate, relative to the largest


CODE_SEARCH = CodeSearch()


def modular_code(problem: Drawn, white: Whitened) -> Array:
    """(d, d) the best code with one neuron per source, some of which may be nothing where errors are allowed."""
    from scipy.optimize import minimize

    axes = np.vstack([np.eye(problem.dimension), -np.eye(problem.dimension)])
    costs = white.costs(white.rows(axes)).reshape(2, -1)
    side, cost = np.where(costs[0] <= costs[1], 1.0, -1.0), costs.min(axis=0)
    demands = white.decoder_cost * (white.targets**2).sum(axis=0)
    # Of a source that no target needs so little that its neuron costs nothing.
    demands = np.maximum(demands, CODE_SEARCH.demand * (demands * cost).max() / cost)
    unit = np.sqrt(demands / cost)
    if white.ridge is None:
        return np.diag(side * np.sqrt(unit))
    ridge = white.ridge / np.sqrt(np.outer(unit, unit))
    targets = white.targets / np.sqrt(unit)
    share = cost * unit
    scale = share.sum()

    def loss(strengths: Array) -> tuple[float, Array]:
        half = np.linalg.solve(ridge + np.diag(strengths), targets.T)
        worth = white.decoder_cost * (half**2).sum(axis=1) / scale
        return float(share @ strengths / scale + white.decoder_cost * (targets.T * half).sum() / scale), (
            share / scale - worth
        )

    best, least = np.zeros(problem.dimension), np.inf
    alone = np.maximum(0.0, 1 - np.diag(ridge))
    for start in (alone, np.zeros(problem.dimension), np.ones(problem.dimension)):
        tried = minimize(
            loss,
            start,
            jac=True,
            bounds=[(0, None)] * problem.dimension,
            method="L-BFGS-B",
            options={"ftol": 0, "gtol": 1e-13, "maxiter": 2_000},
        )
        if tried.fun < least:
            best, least = tried.x, tried.fun
    return np.diag(side * np.sqrt(best * unit))


def descents(white: Whitened, weights: Array, rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    """Yield codes (n, d) and where they came from: a descent from a random start, that grown, and the answer grown.

    The answer's code is (n, d). Where rounding ends one of them it is left out.
    """
    balanced = _Balanced(white)
    dimension = len(white.inverse)
    most = max(dimension, CODE_SEARCH.most_entries // len(white.corners))
    count = min(dimension * (dimension + 1) // 2 + dimension, most)
    start = balanced.descent(rng.standard_normal((count, dimension)) / count**0.5)
    yield "descent", balanced.code(start)
    for name, rows in (("descent and growth", start), ("growth of the answer", balanced.rows(weights))):
        try:
            grown = balanced.grown(rows, rng)
        except np.linalg.LinAlgError:
            continue
        yield name, balanced.code(grown)


class _Balanced:
    """Coordinates in which the code that would be best without biases and errors has the identity for its G."""

    def __init__(self, white: Whitened) -> None:
        dimension = len(white.inverse)
        _, singular_values, directions = np.linalg.svd(white.targets @ white.matrix.T)
        size = np.append(singular_values, np.zeros(dimension - len(singular_values))) * white.decoder_cost**0.5
        balance = np.maximum(size, CODE_SEARCH.flat * size.max())
        self.white = white
        self.half = directions.T * np.sqrt(balance)
        self.unit = float(balance.sum())
        self.energy = balance / self.unit
        self.demands = size**2 / balance / self.unit
        self.corners = white.corners @ self.half / self.unit**0.5
        self.ridge = np.zeros((dimension, dimension))
        if white.ridge is not None:
            back = np.linalg.solve(self.half, white.matrix)
            self.ridge = back @ white.ridge @ back.T
        # Where not every combination is asked for G may be singular: a little of each costs next to nothing.
        singular = white.ridge is None and size.min() < balance.min()
        self.added = CODE_SEARCH.ridge**0.5 * np.eye(dimension) if singular else None
        if self.added is not None:
            self.ridge = self.added**2

    def code(self, rows: Array) -> Array:
        """A code's weights on the sources, with a little of every combination where that is needed."""
        return self.weights(rows if self.added is None else np.vstack([rows, self.added]))

    def rows(self, weights: Array) -> Array:
        """Coordinates of a code with these weights on the sources."""
        return np.linalg.solve(self.half, self.white.rows(weights).T).T

    def weights(self, rows: Array) -> Array:
        """A code's weights on the sources."""
        return self.white.weights(rows @ self.half.T)

    def descent(self, rows: Array) -> Array:
        """The cheapest code that was come by, by its true biases, on the way down from these rows."""
        from scipy.optimize import minimize

        best, least = rows, self._loss(rows)
        for power in CODE_SEARCH.powers:
            minimum = minimize(
                self._smooth_loss,
                rows.ravel(),
                args=(power,),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": CODE_SEARCH.steps, "ftol": 1e-14, "gtol": 1e-9},
            )
            rows = minimum.x.reshape(rows.shape)
            loss = self._loss(rows)
            if loss < least:
                best, least = rows, loss
        return best

    def grown(self, rows: Array, rng: np.random.Generator) -> Array:
        """The code with neurons added that are worth it, and all of their energies made the best, again and again."""
        if not len(rows):
            # From nothing, or from what could pay first.
            rows = CODE_SEARCH.new * np.eye(len(self.energy))
        units = self._of_unit_cost(rows)
        energies = (rows**2).sum(axis=1) / (units**2).sum(axis=1)
        searches = CODE_SEARCH.searches
        for _ in range(CODE_SEARCH.rounds):
            energies = self._best_energies(units, energies)
            kept = energies > CODE_SEARCH.faint * energies.sum()
            units, energies = units[kept], energies[kept]
            if not len(units):
                break
            new = self._worth_adding(units, energies, rng, quick=True)
            if not len(new) and searches > 0:
                searches -= 1
                new = self._worth_adding(units, energies, rng, quick=False)
            if not len(new):
                break
            energies = np.append(energies, np.full(len(new), CODE_SEARCH.new * energies.mean()))
            units = np.vstack([units, new])
        return units * np.sqrt(energies)[:, None]

    def _worth_adding(self, units: Array, energies: Array, rng: np.random.Generator, *, quick: bool) -> Array:
        inverse = np.linalg.inv((units.T * energies) @ units + self.ridge)
        worth = inverse * self.demands @ inverse
        multiplier, own, most = self._multiplier(worth), self.weights(units), CODE_SEARCH.neurons
        neurons = best_neurons(self.white, multiplier, own, rng, most=most, apart=CODE_SEARCH.near, quick=quick)
        neurons = self._of_unit_cost(self.rows(neurons))
        return neurons[((neurons @ worth) * neurons).sum(axis=1) > 1 + CODE_SEARCH.worth]

    def _multiplier(self, worth: Array) -> Array:
        """The form w'Y w of weights on the sources; its scale does not matter."""
        back = np.linalg.solve(self.half, self.white.matrix)
        return back.T @ worth @ back

    def _of_unit_cost(self, rows: Array) -> Array:
        cost = (rows**2 @ self.energy) + (rows @ self.corners.T).max(axis=1) ** 2
        return rows / np.sqrt(cost)[:, None]

    def _best_energies(self, units: Array, energies: Array) -> Array:
        """Energies (n,) of neurons of unit cost with the least sum of energies and readout: Newton's method.

        Each step is the minimum of the quadratic model over nonnegative energies, by nonnegative least squares.
        """
        from scipy.optimize import nnls

        loss = self._loss_of(units, energies)
        for _ in range(CODE_SEARCH.newton):
            inverse = np.linalg.inv((units.T * energies) @ units + self.ridge)
            across = units @ inverse
            worth = (across * self.demands) @ across.T
            curvature = 2 * worth * (across @ units.T)
            values, vectors = np.linalg.eigh(curvature)
            root = np.sqrt(np.maximum(values, CODE_SEARCH.singular * values[-1]))
            slope = 1 - np.diag(worth)
            try:
                goal, _ = nnls((vectors * root).T, root * (vectors.T @ energies) - (vectors.T @ slope) / root)
            except (RuntimeError, ValueError):
                # Too many changes of the active set, or numbers that have run away.
                break
            step = 1.0
            while step > CODE_SEARCH.least_step:
                moved = energies + step * (goal - energies)
                after = self._loss_of(units, moved)
                if after < loss:
                    break
                step /= 2
            if not after < loss:
                break
            fallen, energies, loss = (loss - after) / loss, moved, after
            if fallen < CODE_SEARCH.level:
                break
        return energies

    def _loss_of(self, units: Array, energies: Array) -> float:
        try:
            readout = float(self.demands @ np.diag(np.linalg.inv((units.T * energies) @ units + self.ridge)))
        except np.linalg.LinAlgError:
            return np.inf
        return float(energies.sum()) + readout if readout > 0 else np.inf

    def _loss(self, rows: Array) -> float:
        bias = (rows @ self.corners.T).max(axis=1)
        try:
            readout = float(self.demands @ np.diag(np.linalg.inv(rows.T @ rows + self.ridge)))
        except np.linalg.LinAlgError:
            return np.inf
        return float((rows**2 @ self.energy).sum() + bias @ bias + readout) if readout > 0 else np.inf

    def _smooth_loss(self, flat: Array, power: int) -> tuple[float, Array]:
        rows = flat.reshape(-1, len(self.energy))
        try:
            inverse = np.linalg.inv(rows.T @ rows + self.ridge)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(flat)
        bias, slope = smooth_biases(self.corners, rows, power)
        readout = float(self.demands @ np.diag(inverse))
        if not readout > 0:
            return np.inf, np.zeros_like(flat)
        loss = float((rows**2 @ self.energy).sum() + bias @ bias + readout)
        fall = rows * self.energy + bias[:, None] * slope - rows @ (inverse * self.demands @ inverse)
        return loss, 2 * fall.ravel()


def codes_of_other_methods(problem: Drawn) -> Iterator[tuple[str, Array]]:
    """Yield (method, weights (n, d)) from methods of the program that know nothing of the answer, for one problem in 4.

    The method conic is asked where there are few samples.
    """
    from solver import Problem, solve
    from theory.errors import InputError

    if problem.index % 4 or problem.separate:
        return
    posed = Problem(problem.points, **(problem.options() | {"groups": None}))
    try:
        yield "alternating", solve(posed, method="alternating", time_limit=1.0, rng=1).source_weights
    except InputError:
        # It asks for more neurons than fit, or for another readout.
        return
    if len(problem.points) <= {1: 100, 2: 60, 3: 20}.get(problem.dimension, 0):
        try:
            yield "conic", solve(posed, method="conic", rng=1).source_weights
        except InputError:
            # It takes no more than so many cones.
            return
