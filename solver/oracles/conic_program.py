"""The problem as one conic program, compiled once for each number of cones and solved by any conic solver.

With a doubly nonnegative block X_k for every simplicial cone of the normal fan (docs/mathematics.md, "The conic
program"),

    minimise  sum_k <Q_k, X_k> + tr(K G^-1)      subject to  G = sum_k A_k X_k A_k',   X_k >= 0,   X_k psd,

with Q_k the cost of a neuron in the coordinates of cone k. It is exact for up to four sources, because matrices of
order four or less that are positive semidefinite and entrywise nonnegative are completely positive (Maxfield and Minc
1962). The multiplier of the equation for G is the Y of the certificate.

1. The variables are the upper triangles of all X_k, one after the other, and that of G.
2. All that depends on the data is a parameter (disciplined parametrised programming, Agrawal et al. 2019), so problems
   whose fans have as many cones share one compilation: a sweep over costs, mixings or probabilities compiles once.
3. Constrain each X_k to be positive semidefinite, and its entries off the diagonal to be nonnegative; the others are so
   then.
4. With K = R R' the readout costs tr(R'G^-1 R), a matrix fraction, which has a conic form; a ridge is added to G.
5. Give the parameters their values: an entry of a triangle off the diagonal counts twice. Run the solver.
6. Read X_k from the variables, and Y from the multiplier of the equation, half of it off the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np

from solver.conic_solvers import (
    COARSEST,
    DEFAULT_SOLVER,
    WITH_SOLUTION,
    ConicError,
    quietly,
    run,
    the_cvxpy,
)
from theory.arrays import Array
from theory.readouts import Readout, symmetric_root


@dataclass(frozen=True)
class ConicSolution:
    """What a conic solver found, as accurate as it could."""

    blocks: Array  # (N, d, d) X_k, symmetric; doubly nonnegative up to the solver's accuracy
    multiplier: Array  # (d, d) Y, of the equation that links G to the blocks
    optimum: float  # the value of the program
    status: str  # "optimal", or what cvxpy calls it otherwise


class ConicProgram:
    """The program for a number of cones and sources, with one solver.

    Args:
        cones: N.
        dimension: number of sources d.
        solver: a name that `solver_name` returned.
        exact: whether the readout is: without a ridge.

    Attributes:
        problem: the `cvxpy.Problem`, a disciplined parametrised program.

    Example:
        One source between -1 and 1 with both costs and its variance one, in units in which a ray costs one:

        >>> program = ConicProgram(2, 1)
        >>> one = np.ones((2, 1, 1))
        >>> round(program.solve(one, one, Readout(np.eye(1), 1.0)).optimum, 6)
        2.0
    """

    def __init__(self, cones: int, dimension: int, solver: str = DEFAULT_SOLVER, exact: bool = True) -> None:
        cp = the_cvxpy()
        with quietly():
            self.solver = solver
            self.dimension = dimension
            self.rows, self.columns = np.triu_indices(dimension)
            entries = len(self.rows)
            # Step 1.
            # One vector of upper triangles: a single product with a parameter compiles far faster than one per cone.
            self._triangles = cp.Variable(cones * entries)
            self._code = cp.Variable(entries)
            # Step 2.
            self._sum = cp.Parameter((entries, cones * entries))
            self._cost = cp.Parameter(cones * entries)
            self._root = cp.Parameter((dimension, dimension))
            # A parameter that is always zero costs some solvers the last digits.
            self._ridge = None if exact else cp.Parameter((dimension, dimension), symmetric=True)
            self._link = self._code == self._sum @ self._triangles
            full = np.zeros((dimension * dimension, entries))
            full[self.rows * dimension + self.columns, np.arange(entries)] = 1.0
            full[self.columns * dimension + self.rows, np.arange(entries)] = 1.0
            # Step 3.
            constraints = [self._link]
            for start in range(0, cones * entries, entries):
                block = full @ self._triangles[start : start + entries]
                constraints.append(cp.reshape(block, (dimension, dimension), order="C") >> 0)
            off_diagonal = np.flatnonzero(np.tile(self.rows != self.columns, cones))
            if len(off_diagonal):
                constraints.append(self._triangles[off_diagonal] >= 0)
            # Step 4.
            code = cp.reshape(full @ self._code, (dimension, dimension), order="C")
            cost = self._cost @ self._triangles + cp.matrix_frac(
                self._root, code if self._ridge is None else code + self._ridge
            )
            self.problem = cp.Problem(cp.Minimize(cost), constraints)
        self._lock = Lock()

    def solve(self, corners: Array, metric: Array, readout: Readout, tolerance: float = COARSEST) -> ConicSolution:
        """Solve for these cones.

        Args:
            corners: (N, d, d) generators of the cones, one per row: A_k'.
            metric: (N, d, d) Q_k.
            readout: g.
            tolerance: relative gap aimed at.

        Raises:
            ConicError: the solver found nothing.
            InputError: the solver has no semidefinite cones.
        """
        # Step 5.
        once = np.where(self.rows == self.columns, 1.0, 2.0)
        products = np.einsum("kai,kbj->ijkab", corners, corners)
        products = (products + np.swapaxes(products, 3, 4)) / 2
        products = products[self.rows, self.columns][:, :, self.rows, self.columns] * once
        with self._lock:
            self._sum.value = products.reshape(len(self.rows), -1)
            self._cost.value = (metric[:, self.rows, self.columns] * once).ravel()
            self._root.value = _root(readout.gram)
            if self._ridge is not None:
                self._ridge.value = readout.ridge
            run(self.problem, self.solver, tolerance)
            return self._solution(len(corners), once)

    def _solution(self, cones: int, once: Array) -> ConicSolution:
        # Step 6.
        status = str(self.problem.status)
        if status not in WITH_SOLUTION:
            raise ConicError(f"it called the program {status}, which it is not")
        triangles, prices = self._triangles.value, self._link.dual_value
        if triangles is None or prices is None or not (np.isfinite(triangles).all() and np.isfinite(prices).all()):
            raise ConicError(f"no finite solution (status {status})")
        blocks = self._symmetric(triangles.reshape(cones, -1))
        # An entry off the diagonal stands for two of the symmetric matrix; the sign is that of -dg/dG.
        return ConicSolution(blocks, self._symmetric(prices / once), float(self.problem.value), status)

    def _symmetric(self, triangles: Array) -> Array:
        matrices = np.zeros((*triangles.shape[:-1], self.dimension, self.dimension))
        matrices[..., self.rows, self.columns] = triangles
        matrices[..., self.columns, self.rows] = triangles
        return matrices


def _root(gram: Array) -> Array:
    """Step 4: (d, d) R with R R' = K: triangular, which conic solvers like best, unless K is singular."""
    try:
        return np.asarray(np.linalg.cholesky(gram))
    except np.linalg.LinAlgError:
        return symmetric_root(gram).T


@lru_cache(maxsize=4)  # some 80 kB for each cone of four sources
def compiled(cones: int, dimension: int, solver: str, exact: bool = True) -> ConicProgram:
    """The program for this many cones, the same one as before if it is among the last few asked for."""
    return ConicProgram(cones, dimension, solver, exact)
