"""All optimal codes of the neurons that touch: the polytope {x >= 0 : sum_i x_i u_i u_i' = G}.

Linear equations in the energies x, in coordinates in which G is the identity (docs/mathematics.md, "Uniqueness"):

1. Each neuron u adds a column, the entries of u u', scaled to length one; its share is its energy in that unit. Between
   neurons that are joined by others as touching as they are, another column adds what those others have of both.
2. Combinations of the equations that say nothing, because no column has any of them, are left out.
3. Independent columns have one solution. Else a linear program per neuron and side tells its least and largest share.
4. How few are enough is a mixed-integer program: a neuron may have a share if it is counted. A set of neurons that the
   program finds counts when nonnegative least squares on it solves the equations to the last digits; else the
   program is asked again for a set that is not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp, nnls

from theory.arrays import Array, Indices, Mask
from theory.immutable import Frozen


@dataclass(frozen=True)
class CodesTolerances:
    """What is told from rounding: what lies between two of these is left open."""

    dependent: float = 1e-10  # singular value of unit columns that is zero
    independent: float = 1e-6  # from which on it certainly is not
    solved: float = 1e-8  # length of what is left of equations whose right side has a length about one
    linear: float = 1e-9  # errors that linear programs may make
    nothing: float = 1e-7  # share that is none
    something: float = 1e-5  # from which on it certainly is one
    again: int = 20  # times that the mixed-integer program is asked
    nodes: int = 300  # of its search; a limit of time would make the answer a matter of chance
    scale: float = 1e4  # of its objective: the program takes errors of 1e-6 for none


OPTIMAL_CODES = CodesTolerances()


@dataclass(frozen=True)
class Fewest:
    """How few neurons are enough.

    Attributes:
        least: proven: no fewer.
        most: found: so many are enough.
        chosen: which.
    """

    least: int
    most: int
    chosen: Indices


@dataclass(frozen=True, eq=False)
class OptimalCodes(Frozen):
    """Shares x >= 0 with ``columns @ x = target``.

    Attributes:
        columns: (m, n) of full row rank, or nearly; the first `neurons` of them are those of neurons.
        target: (m,).
        neurons: how many of the columns are those of neurons.
        rank: m if the columns certainly have that rank, None where rounding leaves it open.
        unit: (n,) how much of its form a column has at a share of one.

    Example:
        >>> square = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
        >>> codes = OptimalCodes.of(square, np.eye(2), np.eye(2))
        >>> [shares.round(6).tolist() for shares in codes.ranges()]
        [[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]
        >>> codes.fewest().least
        2
    """

    columns: Array
    target: Array
    neurons: int
    rank: int | None
    unit: Array

    @classmethod
    def of(cls, seen: Array, gram: Array, read: Array, pairs: Indices | None = None) -> OptimalCodes:
        """Steps 1 and 2.

        Args:
            seen: (n, d) neurons in coordinates in which G, or G + G0, is the identity.
            gram: (d, d) what their outer products add up to.
            read: (r, d) orthonormal rows: what of it the readout sees; only that is determined.
            pairs: (p, 3) two neurons and a sign, such that all neurons between one and that sign times the other touch.
        """
        joined = np.empty((0, 3), dtype=np.intp) if pairs is None else pairs
        one, other = seen[joined[:, 0]], seen[joined[:, 1]] * joined[:, 2:]
        outer = seen[:, :, None] * seen[:, None, :]
        between = one[:, :, None] * other[:, None, :]
        forms = np.concatenate([outer, between + np.swapaxes(between, 1, 2)])
        size = np.linalg.norm(forms, axis=(1, 2)).clip(min=np.finfo(float).tiny)
        columns = (read @ (forms / size[:, None, None])).reshape(len(forms), -1).T
        target = (read @ gram).reshape(-1)
        return cls._of_equations(columns, target, len(seen), 1 / size)

    @classmethod
    def _of_equations(cls, columns: Array, target: Array, neurons: int, unit: Array) -> OptimalCodes:
        """Step 2."""
        left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
        kept = sizes > OPTIMAL_CODES.dependent * max(1.0, float(sizes.max(initial=0.0)))
        clear = not (kept & (sizes < OPTIMAL_CODES.independent)).any()
        left = left[:, kept]
        missed = float(np.linalg.norm(target - left @ (left.T @ target)))
        columns, target = left.T @ columns, left.T @ target
        if missed > OPTIMAL_CODES.solved:  # there is no solution, which one more equation tells
            columns, target = np.vstack([columns, np.zeros(columns.shape[1])]), np.append(target, missed)
        return cls(columns, target, neurons, int(kept.sum()) if clear else None, unit)

    def exact(self, chosen: Indices) -> Array | None:
        """(n,) shares of some columns that solve the equations to the last digits, zero for the others; else None."""
        shares = np.zeros(self.columns.shape[1])
        if len(chosen):
            some = self.columns[:, chosen]
            rough, left = nnls(some, self.target, maxiter=100 * len(chosen))
            if left > OPTIMAL_CODES.solved:
                return None
            used = np.flatnonzero(rough > OPTIMAL_CODES.nothing)
            fine = np.linalg.lstsq(some[:, used], self.target)[0]
            better = fine.min(initial=0.0) >= 0 and np.linalg.norm(some[:, used] @ fine - self.target) <= left
            shares[chosen[used]] = fine if better else rough[used]
        return shares if np.linalg.norm(self.columns @ shares - self.target) <= OPTIMAL_CODES.solved else None

    @property
    def independent(self) -> bool:
        """Whether the columns are linearly independent beyond doubt."""
        return self.rank == self.columns.shape[1]

    def is_one(self, most: Array) -> bool | None:
        """Whether there is one solution only, from the largest shares (n,); None where rounding leaves it open."""
        if self.independent:
            return True
        carrying = most > OPTIMAL_CODES.nothing
        if not carrying.any():
            return True
        sizes = np.linalg.svd(self.columns[:, carrying], compute_uv=False)
        least = float(sizes.min()) if len(sizes) == carrying.sum() else 0.0
        doubtful = OPTIMAL_CODES.dependent < least < OPTIMAL_CODES.independent
        if doubtful or (carrying & (most < OPTIMAL_CODES.something)).any():
            return None
        return least >= OPTIMAL_CODES.independent

    def ranges(self) -> tuple[Array, Array]:
        """Step 3: least and largest shares (k,) of the neurons themselves; NaN where a program fails."""
        wanted = np.arange(self.neurons)
        if self.independent:
            shares = self.exact(np.arange(self.columns.shape[1]))
            one = np.full(len(wanted), np.nan) if shares is None else shares[wanted]
            return one, one
        axes = np.eye(self.columns.shape[1])
        optima = [self._optimum(-axes[column]) for column in wanted]
        solutions = [solution for solution in optima if solution is not None]
        if len(solutions) < len(wanted):
            return np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
        most = np.array([solution[column] for column, solution in zip(wanted, solutions, strict=True)])
        # Who is missing in some solution has no least share to be looked for.
        least = np.min(solutions, axis=0)
        for column in np.flatnonzero(least > OPTIMAL_CODES.nothing):
            solution = self._optimum(axes[column])
            least[column] = np.nan if solution is None else solution[column]
        return least[wanted], most

    def without_between(self) -> OptimalCodes:
        """Only the shares of neurons themselves."""
        alone = self.columns[:, : self.neurons], self.target, self.neurons
        return self._of_equations(*alone, self.unit[: self.neurons])

    def most_between(self) -> float:
        """The largest sum of shares of what lies between neurons."""
        return self.most_of(np.arange(self.columns.shape[1]) >= self.neurons)

    def most_of(self, chosen: Mask) -> float:
        """The largest sum of shares of some columns (n,); NaN where no program finds any."""
        if not chosen.any():
            return 0.0
        solution = self.favouring(chosen)
        return float("nan") if solution is None else float(solution[chosen].sum())

    def favouring(self, chosen: Mask) -> Array | None:
        """(n,) the shares of which those of some columns (n,) add up to most; None where no program finds any."""
        return self._optimum(-chosen.astype(np.float64))

    def _optimum(self, price: Array) -> Array | None:
        """Shares (n,) of least price (n,); None where no program finds any."""
        limits = {
            "primal_feasibility_tolerance": OPTIMAL_CODES.linear,
            "dual_feasibility_tolerance": OPTIMAL_CODES.linear,
        }
        solution = linprog(price, A_eq=self.columns, b_eq=self.target, method="highs-ds", options=limits)
        return np.asarray(solution.x).clip(min=0.0) if solution.success else None

    def fewest(self, most: Array | None = None, preferred: Array | None = None) -> Fewest | None:
        """Step 4: how few neurons are enough, without those between; None where the program finds none.

        Args:
            most: (n,) largest shares, if they are known.
            preferred: (n,) from zero to one: of sets of as few the one whose sum of these is least.
        """
        largest = self.ranges()[1] if most is None else most
        if self.is_one(largest):
            chosen = np.flatnonzero(largest > OPTIMAL_CODES.nothing)
            return Fewest(len(chosen), len(chosen), chosen)
        able = np.flatnonzero(~(largest <= OPTIMAL_CODES.nothing))
        if not len(able):
            return Fewest(0, 0, able) if np.linalg.norm(self.target) <= OPTIMAL_CODES.solved else None
        columns, count = self.columns[:, able], len(able)
        ceiling = np.where(np.isfinite(largest[able]), largest[able] * 1.001, 1e3)
        # The sum of what is preferred never makes up for one neuron more: no more are needed than there are equations.
        price = np.ones(count) if preferred is None else 1 + preferred[able] / (2 * len(self.target) + 2)
        rules = [
            LinearConstraint(np.hstack([columns, np.zeros_like(columns)]), self.target, self.target),
            LinearConstraint(np.hstack([np.eye(count), -np.diag(ceiling)]), -np.inf, 0.0),
        ]
        for _ in range(OPTIMAL_CODES.again):
            solution = milp(
                np.concatenate([np.zeros(count), OPTIMAL_CODES.scale * price]),
                integrality=np.repeat([0, 1], count),
                bounds=Bounds(0.0, np.concatenate([ceiling, np.ones(count)])),
                constraints=rules,
                options={"mip_rel_gap": 0.0, "node_limit": OPTIMAL_CODES.nodes},
            )
            if solution.x is None:
                return None
            counted = solution.x[count:] > 0.5
            shares = self.exact(able[counted])
            if shares is not None:
                chosen = np.flatnonzero(shares > OPTIMAL_CODES.nothing)
                bound = counted.sum()
                if solution.status:
                    bound = solution.mip_dual_bound / OPTIMAL_CODES.scale / price.max()
                least = int(np.ceil(bound - OPTIMAL_CODES.something))
                return Fewest(least, len(chosen), chosen) if least <= len(chosen) else None
            others = np.concatenate([np.zeros(count), (~counted).astype(np.float64)])
            rules.append(LinearConstraint(others[None], 1.0, np.inf))
        return None
