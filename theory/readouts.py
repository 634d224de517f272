"""What the readout asks of a code: everything that the rest of the program knows of it (docs/mathematics.md, "The
readout").

Of a code only ``G = sum_i w_i w_i'`` matters to a linear readout, and what the best one costs is

    g(G) = decoder_cost tr(K (G + G0)^-1),          Y = -grad g(G) = decoder_cost (G + G0)^-1 K (G + G0)^-1

with ``K = B'B`` for the targets ``y = B s`` that it must produce:

| readout | G0 |
|---|---|
| exact decoder | 0 |
| soft: squared error at the cost error_cost, decoder by least squares | (decoder_cost / error_cost) C^-1 |
| noise of variance v in each neuron, decoder by least squares | ((decoder_cost + error_cost v) / error_cost) C^-1 |

With noise decoder_cost + error_cost v takes the place of decoder_cost everywhere. The value then includes the error
that remains. C is the covariance under the weights with which errors count.

Targets may leave sources out. An exact decoder of such targets asks of a code that ``B = D W`` for some D, so that G
may be singular; then ``B G^+ B'`` takes the place of ``B G^-1 B'``, and Y is only determined on the range of G.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol, runtime_checkable

import numpy as np

from theory.arrays import Array, ArrayLike
from theory.errors import InputError
from theory.immutable import Frozen, derived
from theory.inputs import LARGEST, SMALLEST, as_matrix, as_number, require_plain
from theory.modular.formulas import modular_loss, modular_strength
from theory.sources import Sources

__all__ = ["READOUTS", "Errors", "Exact", "Noisy", "Priced", "Readout", "Reads", "Soft", "symmetric_root"]


@dataclass(frozen=True)
class DecodingTolerances:
    """When something counts as zero, and how far Newton's method goes."""

    least_factor: float = 1e-8  # of the weights of a code not worth having at any size: nothing, but no division by it
    step: float = 1e-15  # relative step, or fall of the loss, that is rounding
    scaling_steps: int = 100  # of Newton's method for the best size of a code: a dozen are usual
    least_demand: float = 1e-6  # energy of a source, in units of the largest, for a positive size of all neurons
    spanned: float = 1e-10  # singular value of a code, relative to the largest, that a decoder makes no use of
    outside: float = 1e-6  # share of the targets outside the range of a code: the roots of G have half the digits
    singular: float = float(np.finfo(float).eps)  # square of a pivot of G of unit diagonal, per source: G is singular
    dependent: float = 1e3  # condition of the root of G0 above which it is not added to G: six digits are lost
    strength_steps: int = 60  # of Newton's method, and halvings of one, for the best modular code
    nearly_nothing: float = 1e-2  # strength up to which a source may be fixed at zero, in units of a natural one
    sufficient: float = 1e-4  # share of the fall that the slopes promise that a step must keep (Armijo)


DECODING = DecodingTolerances()


@dataclass(frozen=True, eq=False)
class Readout(Frozen):
    """The cost of reading a code out, in one set of coordinates.

    Attributes:
        targets: (r, d) B; what is decoded, y = B s.
        decoder_cost: cost of the squared decoder weights, and of the noise that they let through.
        ridge: (d, d) G0, or None for zero.
        ridge_root: (d, k) F with G0 = F F', of more digits than G0 has where errors count; None where it is not known.
        errors: what errors cost, in the sources' own coordinates; None where there are none.
        rank: of B, where an exact decoder leaves sources out, so that G may be singular; None otherwise.

    Example:
        >>> exact = Readout(np.eye(2), decoder_cost=3.0)
        >>> exact.value(np.diag([1.0, 2.0]))
        4.5
        >>> exact.multiplier(np.diag([1.0, 2.0])).tolist()
        [[3.0, 0.0], [0.0, 0.75]]
    """

    targets: Array
    decoder_cost: float
    ridge: Array | None = None
    errors: Errors | None = None
    rank: int | None = None
    ridge_root: Array | None = None

    @property
    def exact(self) -> bool:
        """Whether errors are forbidden, so that a code must span the targets."""
        return self.ridge is None

    @property
    def gram(self) -> Array:
        """(d, d) decoder_cost B'B."""
        return np.asarray(self.decoder_cost * self.targets.T @ self.targets)

    def root(self) -> Array:
        """(min(r, d), d) R with R'R = decoder_cost K, upper triangular."""
        return np.asarray(np.linalg.qr(self.targets * self.decoder_cost**0.5, mode="r"))

    def in_coordinates(
        self, matrix: ArrayLike, unit: float = 1.0, *, targets: Array | None = None, ridge_root: Array | None = None
    ) -> Readout:
        """Readout of neurons x = H w, in other units of loss: its targets are B H', its ridge H G0 H'.

        Args:
            matrix: (d, d) H, or (d,) its diagonal.
            unit: what the loss is counted in.
            targets: (r, d) B H', where it is known to more digits than the product has.
            ridge_root: (d, k) of H G0 H', likewise.
        """
        change, ridge = np.asarray(matrix, dtype=np.float64), None
        if targets is None:
            targets = self.targets * change if change.ndim == 1 else self.targets @ change.T
        if ridge_root is None and self.ridge_root is not None:
            ridge_root = self.ridge_root * change[:, None] if change.ndim == 1 else change @ self.ridge_root
        if ridge_root is not None:
            ridge = ridge_root @ ridge_root.T
        elif self.ridge is not None:
            ridge = self.ridge * np.outer(change, change) if change.ndim == 1 else change @ self.ridge @ change.T
        return Readout(targets, self.decoder_cost / unit, ridge, rank=self.rank, ridge_root=ridge_root)

    def alone(self, members: Sequence[int]) -> Readout:
        """What reading some of the sources costs where errors of the others tell nothing of theirs.

        Up to what the others cost by themselves, for codes without entries between these sources and others.

        Args:
            members: indices of the sources.

        Example:
            >>> soft = Readout(np.eye(2), 1.0, np.diag([2.0, 1.0]))
            >>> losses = [soft.value(np.diag([size, 3.0])) for size in (0.0, 5.0)]
            >>> alone = [soft.alone([0]).value([[size]]) for size in (0.0, 5.0)]
            >>> bool(np.isclose(losses[0] - losses[1], alone[0] - alone[1]))
            True
        """
        chosen, errors = list(members), self.errors
        ridge = None if self.ridge is None else self.ridge[np.ix_(chosen, chosen)]
        if errors is not None:
            covariance, root = errors.covariance[np.ix_(chosen, chosen)], errors.root[:, chosen]
            errors = replace(errors, mean=errors.mean[chosen], covariance=covariance, root=root)
        return Readout(self.targets[:, chosen], self.decoder_cost, ridge, errors)

    # ---- value and derivatives --------------------------------------------------------------------------------

    def value(self, code: ArrayLike) -> float:
        """g(G) of a code's G (d, d), infinite where no decoder does what is asked for."""
        if self.rank is not None:
            root, missed = self._on_range(np.asarray(code))
            return float(self.decoder_cost * (root**2).sum()) if missed <= DECODING.outside else float("inf")
        if self._seen_root is not None:
            matrix, seen = self._seen(code)
            root = np.linalg.solve(np.linalg.cholesky(matrix), seen @ self.targets.T)
            return float(self.decoder_cost * (root**2).sum())
        matrix = self._ridged(code)
        if not matrix.diagonal().min() > 0:
            return float("inf")
        scale: Array = np.sqrt(matrix.diagonal())
        # A search asks for the value dozens of times, and numpy takes longer to get to LAPACK than that for the rest.
        dpotrf, dtrsm = _routines()
        factor, failed = dpotrf(matrix / (scale[:, None] * scale), lower=1)
        if failed or factor.diagonal().min() ** 2 < DECODING.singular * len(factor):
            return float("inf")
        root = dtrsm(1.0, factor, (self.targets / scale).T, lower=1)
        return float(self.decoder_cost * (root**2).sum())

    def value_of(self, weights: Array) -> float:
        """g(G) of the G of a code (n, d): of the code itself where G may be singular, and has half of its digits.

        Example:
            >>> Readout(np.array([[1.0, 1.0]]), 2.0, rank=1).value_of(np.array([[0.5, 0.5]]))
            8.0
        """
        if self.rank is None:
            return self.value(weights.T @ weights)
        if not weights.any():
            return float("inf")
        scale = self._lengths(weights)
        _, sizes, right = np.linalg.svd(weights / scale, full_matrices=False)
        kept = sizes > DECODING.spanned * sizes[0]
        root, missed = self._seen_along(right[kept].T, scale)
        return float(self.decoder_cost * ((root / sizes[kept]) ** 2).sum()) if missed <= DECODING.outside else np.inf

    def multiplier(self, code: ArrayLike) -> Array:
        """(d, d) Y = -grad g(G): what one unit of w w' is worth to the readout at a code's G (d, d).

        Where G may be singular, neurons off its range are taken to be worth nothing.

        Raises:
            numpy.linalg.LinAlgError: G + G0 is singular, and may not be.
        """
        if self.rank is not None:
            half = self.targets @ np.linalg.pinv(np.asarray(code), rcond=DECODING.spanned, hermitian=True)
            return np.asarray(self.decoder_cost * half.T @ half)
        if self._seen_root is not None:
            matrix, seen = self._seen(code)
            half = seen.T @ np.linalg.solve(matrix, seen @ self.targets.T)
            return np.asarray(self.decoder_cost * half @ half.T)
        matrix, scale = self._scaled(code)
        scaled = np.linalg.solve(matrix, (self.targets / scale).T) / scale[:, None]
        return np.asarray(self.decoder_cost * scaled @ scaled.T)

    def expansion(self, code: ArrayLike) -> tuple[Array, Array]:
        """(d, d) (G + G0)^-1 and Y at a code's G: g's second derivative along dG is 2 tr(dG (G + G0)^-1 dG Y).

        Raises:
            numpy.linalg.LinAlgError: G + G0 is singular.
        """
        if self._seen_root is None:
            inverse = np.asarray(np.linalg.inv(self._ridged(code)), dtype=np.float64)
        else:
            matrix, seen = self._seen(code)
            inverse = np.asarray(seen.T @ np.linalg.solve(matrix, seen), dtype=np.float64)
        half = self.targets @ inverse
        return inverse, np.asarray(self.decoder_cost * half.T @ half)

    def decoder(self, weights: Array) -> Array:
        """(r, n) the cheapest decoder B (G + G0)^-1 W' of a code (n, d)."""
        if self.ridge is None:
            scale = self._lengths(weights)
            inverse = np.linalg.pinv(weights / scale, rcond=1e-15 if self.rank is None else DECODING.spanned)
            decoder = self.targets / scale @ inverse
            # Once more on what is left: of neurons that are nearly dependent the inverse alone leaves too much of data
            # that lie far from zero.
            return np.asarray(decoder + (self.targets - decoder @ weights) / scale @ inverse)
        if self._seen_root is not None:
            matrix, seen = self._seen(weights.T @ weights)
            return np.asarray((seen @ self.targets.T).T @ np.linalg.solve(matrix, seen @ weights.T))
        matrix, scale = self._scaled(weights.T @ weights)
        solved = np.linalg.solve(matrix, (weights / scale).T)
        return np.asarray(self.targets / scale @ solved)

    def leverage(self, weights: Array) -> Array:
        """(n,) w'(G + G0)^-1 w of each neuron of a code (n, d): near zero where it has vanished."""
        inverse, _ = self.expansion(weights.T @ weights)
        return np.asarray(np.einsum("ni,ij,nj->n", weights, inverse, weights))

    def condition(self, weights: Array) -> float:
        """By how much rounding in a code (n, d) may grow in its decoder."""
        if self.rank is not None:
            sizes = np.linalg.svd(weights / self._lengths(weights), compute_uv=False)
            return float(sizes[0] / sizes[sizes > DECODING.spanned * sizes[0]][-1])
        if self.ridge is None:
            return float(np.linalg.cond(weights / self._lengths(weights)))
        return float(np.linalg.cond(self._scaled(weights.T @ weights)[0]))

    def costs_of(self, decoder: Array, weights: Array) -> dict[str, float]:
        """What a decoder (r, n) of a code (n, d) costs: "decoder", and "error" where there are errors.

        In the sources' own coordinates, with the decoder's best bias.
        """
        squares = float((decoder**2).sum())
        if self.errors is None:
            return {"decoder": self.decoder_cost * squares}
        missed = self.targets - decoder @ weights
        # Not from the covariance, in whose rounding a target that hardly varies is lost.
        error = float(((self.errors.root @ missed.T) ** 2).sum())
        noise = self.errors.noise_variance * squares
        return {
            "decoder": (self.decoder_cost - self.errors.cost * self.errors.noise_variance) * squares,
            "error": self.errors.cost * (error + noise),
        }

    # ---- codes that need not span the sources -------------------------------------------------------------------

    def with_targets(self, targets: Array) -> Readout:
        """For other targets (r, d).

        Example:
            >>> Readout(np.eye(2), 1.0).with_targets(np.array([[0.0, 2.0]])).value(np.eye(2))
            4.0
        """
        return replace(self, targets=targets)

    def near(self, ridge_root: Array) -> Readout:
        """The soft readout (`ridge_root`: (d, k) F, G0 = F F') that an exact one is the limit of."""
        return Readout(self.targets, self.decoder_cost, ridge_root @ ridge_root.T, ridge_root=ridge_root)

    def spanning(self, weights: Array, rank: int) -> Array:
        """The nearest code to one (n, d) of this rank that lets the targets be decoded without error.

        With the decoder D of the code's part W of that rank, ``D^+ (B - D W)`` is the least that must be added.
        """
        left, sizes, right = np.linalg.svd(weights, full_matrices=False)
        part = (left[:, :rank] * sizes[:rank]) @ right[:rank]
        decoder = self.targets @ (right[:rank].T / sizes[:rank]) @ left[:, :rank].T
        return np.asarray(part + np.linalg.pinv(decoder, rcond=DECODING.spanned) @ (self.targets - decoder @ part))

    def _on_range(self, code: Array) -> tuple[Array, float]:
        """(r, k) R with RR' = B G^+ B', and the share of B that lies outside the range of G."""
        scale = self._lengths(np.sqrt(np.abs(np.diag(code)))[None])
        sizes, vectors = np.linalg.eigh(code / np.outer(scale, scale))
        kept = sizes > DECODING.spanned * sizes[-1]
        root, missed = self._seen_along(vectors[:, kept], scale)
        return root / np.sqrt(sizes[kept]), missed

    def _seen_along(self, directions: Array, scale: Array) -> tuple[Array, float]:
        """(r, k) B, in units of a scale (d,), along orthonormal directions (d, k), and its share off them."""
        targets = self.targets / scale
        root = targets @ directions
        return root, float(np.linalg.norm(targets - root @ directions.T) / np.linalg.norm(targets))

    def _lengths(self, weights: Array) -> Array:
        """(d,) the columns' lengths, one for a source that a decoder without use for it finds in no neuron."""
        scale = np.linalg.norm(weights, axis=0)
        return np.asarray(scale if self.rank is None else np.where(scale > 0, scale, 1.0))

    # ---- duality ----------------------------------------------------------------------------------------------

    def dual_value(self, root: Array, rho: float) -> float:
        """The lower bound on every loss that Y = R'R proves where rho is at least its largest ratio w'Y w / f(w).

        It is the maximum over t <= 1 / rho of 2 sqrt(decoder_cost t) tr (K^1/2 Y K^1/2)^1/2 - t tr(Y G0).
        """
        gain, loss, best = self._dual_terms(root, rho)
        return max(0.0, gain * best**0.5 - best * loss) if gain > 0 else 0.0

    def dual_multiple(self, root: Array, rho: float) -> float:
        """The t with which Y = R'R proves most: see `dual_value`."""
        return self._dual_terms(root, rho)[2]

    def dual_terms(self, root: Array) -> tuple[float, float]:
        """The two traces of `dual_value`, 2 sqrt(decoder_cost) tr (K^1/2 Y K^1/2)^1/2 and tr(Y G0), of Y = R'R."""
        gain = 2 * (self.decoder_cost**0.5) * float(np.linalg.svd(root @ self.targets.T, compute_uv=False).sum())
        if self.ridge is None:
            return gain, 0.0
        if self.ridge_root is None:
            return gain, float(np.einsum("ki,ij,kj->", root, self.ridge, root))
        # A sum of squares: where sources are nearly dependent the entries of G0 are so large that those of Y G0 cancel.
        return gain, float(((root @ self.ridge_root) ** 2).sum())

    def _dual_terms(self, root: Array, rho: float) -> tuple[float, float, float]:
        gain, loss = self.dual_terms(root)
        most = 1 / max(rho, 1e-300)
        return gain, loss, min(most, (gain / (2 * loss)) ** 2) if loss > 0 else most

    def rescaling(self, code: ArrayLike, energy: float) -> float:
        """The factor r by which to scale all weights of a code with this G (d, d): energy r^2 + g(r^2 G) is least."""
        if self.ridge is None:
            return float((self.value(code) / energy) ** 0.25)
        # In coordinates in which G0 is the identity and G is diagonal g(t G) is a sum of k_i / (1 + t l_i).
        known = self._seen_root
        inverse = np.linalg.inv(np.linalg.cholesky(self.ridge)) if known is None else known
        sizes, vectors = np.linalg.eigh(inverse @ np.asarray(code) @ inverse.T)
        demand = self.decoder_cost * ((self.targets @ inverse.T @ vectors) ** 2).sum(axis=0)
        gain, sizes = demand * sizes, np.maximum(sizes, 0.0)
        if gain.sum() <= energy:
            return DECODING.least_factor
        scale = 0.0
        for _ in range(DECODING.scaling_steps):
            # Convex and falling in t: Newton's steps from the left never go too far.
            slope = energy - float((gain / (1 + scale * sizes) ** 2).sum())
            step = -slope / float((2 * gain * sizes / (1 + scale * sizes) ** 3).sum())
            scale += step
            if not step > DECODING.step * scale:
                break
        return float(max(scale, DECODING.least_factor**2) ** 0.5)

    # ---- one neuron per source --------------------------------------------------------------------------------

    def modular_strengths(self, costs: Array) -> Array:
        """(d,) squared weights of the best modular code, of neurons that cost so much (d,) at unit weight.

        Zero where a source is not worth a neuron.
        """
        exact = np.asarray(modular_strength(costs, self.decoder_cost, self.demand))
        if self.ridge is None:
            return exact
        diagonal = np.diag(self.ridge)
        strengths = np.maximum(0.0, exact - diagonal)
        coupled = (self.ridge - np.diag(diagonal)).any()
        return self._joint_strengths(costs, strengths) if coupled else strengths

    def modular_loss(self, costs: Array) -> float:
        """Loss of the best modular code, of neurons that cost so much (d,) at unit weight."""
        if self.ridge is None:
            return float(modular_loss(costs, self.decoder_cost, self.demand).sum())
        strengths = self.modular_strengths(costs)
        return float(costs @ strengths) + self.value(np.diag(strengths))

    def natural_strengths(self, costs: Array) -> Array:
        """(d,) squared weights of the size that neurons of a good code have, positive for every source."""
        strengths = np.asarray(modular_strength(costs, self.decoder_cost, self.demand))
        if self.ridge is None and self.rank is None:
            return strengths
        shares = costs * strengths
        return np.asarray(np.maximum(shares, DECODING.least_demand * shares.max()) / costs)

    def _joint_strengths(self, costs: Array, start: Array) -> Array:
        """Where errors of one source tell of another: x >= 0 that minimises sum_i c_i x_i + g(diag x).

        Projected Newton's method on a convex function, rarely more than ten steps (Bertsekas 1982, SIAM J. Control
        Optim. 20, 221-246):

        1. The active set holds sources with nearly no strength whose loss falls towards zero; they go there.
        2. The others take the Newton step, projected to x >= 0.
        3. Halve the step until the loss falls enough, or until the slopes show it where rounding hides it. End where
           the step itself is rounding.

        With sources of step 1 among those of step 2 the projected step need not lower the loss.
        """
        unit = self.natural_strengths(costs)

        def at(shares: Array) -> tuple[float, Array, Array]:
            code = np.diag(unit * shares)
            inverse, multiplier = self.expansion(code)
            slope = (costs - np.diag(multiplier)) * unit
            curvature = 2 * (inverse * np.outer(unit, unit)) * multiplier
            # What no target needs earns nothing, and its slope alone takes it to nothing.
            curvature[np.diag_indices_from(curvature)] += DECODING.step * curvature.max()
            return float(costs @ (unit * shares)) + self.value(code), slope, curvature

        def residual(shares: Array, slope: Array, curvature: Array) -> float:
            """How far each source would go by itself, at most: zero at the optimum."""
            return float(np.abs(np.minimum(shares, slope / np.diag(curvature))).max())

        nothing = np.zeros_like(start)
        if (costs >= np.diag(self.multiplier(np.diag(nothing)))).all():
            return nothing
        shares = np.maximum(start / unit, DECODING.least_demand)
        value, slope, curvature = at(shares)
        for _ in range(DECODING.strength_steps):
            distance = residual(shares, slope, curvature)
            # Step 1.
            active = (shares <= min(DECODING.nearly_nothing, distance)) & (slope > 0)
            step, free = np.where(active, -shares, 0.0), ~active
            # Step 2.
            step[free] = -np.linalg.solve(curvature[np.ix_(free, free)], slope[free])
            for halving in range(DECODING.strength_steps):  # step 3
                moved = np.maximum(0.0, shares + 0.5**halving * step)
                if np.abs(moved - shares).max() <= DECODING.step * shares.max():
                    return np.asarray(unit * shares)
                trial = at(moved)
                expected = DECODING.sufficient * float(slope @ (moved - shares))
                # Where rounding hides whether the loss falls the slopes tell.
                hidden = trial[0] <= value * (1 + DECODING.step) and residual(moved, *trial[1:]) < distance / 2
                if trial[0] < value * (1 - DECODING.step) + min(expected, 0.0) or hidden:
                    break
            else:
                break
            shares, (value, slope, curvature) = moved, trial
        return np.asarray(unit * shares)

    @property
    def least_neurons(self) -> int:
        """How many neurons a code must have for a decoder to do what is asked for; 0 where it may err.

        Example:
            >>> Readout(np.eye(3), 1.0).least_neurons, Readout(np.eye(3), 1.0, np.eye(3)).least_neurons
            (3, 0)
        """
        if self.ridge is not None:
            return 0
        return int(self.targets.shape[1]) if self.rank is None else self.rank

    @property
    def demand(self) -> Array:
        """(d,) the diagonal of K = B'B: how much of each source the targets need."""
        return np.asarray((self.targets**2).sum(axis=0))

    def _ridged(self, code: ArrayLike) -> Array:
        matrix = np.asarray(code)
        return matrix if self.ridge is None else matrix + self.ridge

    @derived
    def _seen_root(self) -> Array | None:
        """(k, d) R with R G0 R' the identity, in which no digit is lost where G0 is nearly singular; else None.

        In the sources' own coordinates G0 is so wherever sources are nearly dependent.
        """
        if self.errors is not None:
            return np.asarray((self.errors.cost / self.decoder_cost) ** 0.5 * self.errors.root)
        root = self.ridge_root
        if root is None or root.shape[0] != root.shape[1]:
            return None
        inverse = np.linalg.inv(root)
        # With rows of length one, as where G0 has ones on its diagonal, the root itself is of the size of one.
        unlike = float(((inverse * inverse).sum(axis=0) * (root * root).sum(axis=1)).sum())
        return np.asarray(inverse) if unlike > DECODING.dependent**2 else None

    def _seen(self, code: ArrayLike) -> tuple[Array, Array]:
        """(k, k) H and (k, d) R with (G + G0)^-1 = R'H^-1 R."""
        root = self._seen_root
        assert root is not None
        return root @ np.asarray(code) @ root.T + np.eye(len(root)), root

    def _scaled(self, code: ArrayLike) -> tuple[Array, Array]:
        """G + G0 with ones on its diagonal, and the roots (d,) of its diagonal."""
        matrix = self._ridged(code)
        scale: Array = np.sqrt(matrix.diagonal())
        return matrix / (scale[:, None] * scale), scale


@runtime_checkable
class Reads(Protocol):
    """A way to read codes out, whatever the sources: what `Problem` takes as its readout.

    Example:
        >>> all(isinstance(way, Reads) for way in (Exact(), Soft(1.0), Noisy(1.0, 0.1)))
        True
    """

    def price(self, sources: Sources, mixing: Array, decoder_cost: float) -> Readout:
        """What reading out these sources, seen through a mixing (dx, d), costs."""


@dataclass(frozen=True, eq=False)
class Priced(Frozen):
    """A readout whose cost is known already.

    Example:
        >>> from theory.problem import Problem
        >>> total = Priced(Readout(np.array([[1.0, 1.0], [0.1, -0.1]]), decoder_cost=2.0))
        >>> Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]], readout=total).readout.demand.round(12).tolist()
        [1.01, 1.01]
    """

    readout: Readout

    def price(self, sources: Sources, mixing: Array, decoder_cost: float) -> Readout:
        """See `Reads`."""
        del sources, mixing, decoder_cost
        return self.readout


@dataclass(frozen=True, eq=False)
class _Posed(Frozen):
    """A readout before it is priced: targets and probabilities become arrays of its own."""

    def __post_init__(self) -> None:
        for name in ("targets", "probabilities"):
            value = getattr(self, name, None)
            if value is not None:
                require_plain(value, name)
                with suppress(ValueError):  # no matrix, as is said when it is priced
                    object.__setattr__(self, name, np.array(value))
        super().__post_init__()


@dataclass(frozen=True, eq=False)
class Exact(_Posed):
    """Decoding without error.

    Args:
        targets: (r, d) matrix B of any rank, what is to be decoded, y = B s; the data x = A s if not given. Sources
            that no target needs are coded only as far as that makes the others cheaper.

    Raises:
        InputError: targets that are no matrix of numbers, that do not fit the sources, or are all zero.

    Source: docs/mathematics.md, "The readout".

    Example:
        >>> from theory.problem import Problem
        >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
        >>> Problem(square, readout=Exact([[2, 0], [0, 1]])).readout.demand.tolist()
        [4.0, 1.0]
    """

    targets: ArrayLike | None = None

    def price(self, sources: Sources, mixing: Array, decoder_cost: float) -> Readout:
        """See `Reads`.

        Example:
            >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> isinstance(Exact([[1, 1]]).price(square, np.eye(2), decoder_cost=1.0), Readout)
            True
        """
        if self.targets is None:
            return Readout(mixing, decoder_cost)
        targets = checked_targets(self.targets, sources)
        # In units in which all sources vary alike, since a target may be a difference of two that hardly do.
        rank = int(np.linalg.matrix_rank(targets * np.sqrt(np.diag(sources.covariance)), rtol=DECODING.spanned))
        return Readout(targets, decoder_cost, rank=None if rank == sources.dimension else rank)


@dataclass(frozen=True, eq=False)
class Soft(_Posed):
    """Decoding with errors, at a cost: the cheapest decoder weighs squared error against squared weights.

    Args:
        error_cost: positive cost of the mean squared error of a target.
        targets: (r, d) matrix B, what is to be decoded, y = B s, of any rank; the data x = A s if not given.
        probabilities: (T,) nonnegative weights of the samples on which errors count; those of the sources if not given.

    Raises:
        InputError: a cost that is not positive; targets or probabilities that do not fit the sources.

    Source: docs/mathematics.md, "The readout".

    Example:
        >>> from theory.problem import Problem
        >>> grid = [[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
        >>> round(Problem(grid, readout=Soft(10)).modular_loss, 6)
        5.731973
    """

    error_cost: float
    targets: ArrayLike | None = None
    probabilities: ArrayLike | None = None

    def price(self, sources: Sources, mixing: Array, decoder_cost: float) -> Readout:
        """See `Reads`.

        Example:
            >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> isinstance(Soft(error_cost=10).price(square, np.eye(2), decoder_cost=1.0), Readout)
            True
        """
        return _with_errors(sources, mixing, decoder_cost, self, 0.0)


@dataclass(frozen=True, eq=False)
class Noisy(_Posed):
    """Decoding from neurons with independent noise, with errors at a cost: a `Soft` whose decoder costs more.

    Args:
        error_cost: positive cost of the mean squared error of a target.
        noise_variance: nonnegative variance of the noise of each neuron, in units of squared activity.
        targets: (r, d) matrix B, what is to be decoded, y = B s, of any rank; the data x = A s if not given.
        probabilities: (T,) nonnegative weights of the samples on which errors count; those of the sources if not given.

    Raises:
        InputError: a cost that is not positive, a negative variance; targets or probabilities that do not fit.

    Source: docs/mathematics.md, "The readout".

    Example:
        >>> from theory.problem import Problem
        >>> grid = [[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
        >>> noisy, soft = Problem(grid, readout=Noisy(10, 0.3)), Problem(grid, decoder_cost=4, readout=Soft(10))
        >>> bool(np.isclose(noisy.modular_loss, soft.modular_loss))
        True
    """

    error_cost: float
    noise_variance: float
    targets: ArrayLike | None = None
    probabilities: ArrayLike | None = None

    def price(self, sources: Sources, mixing: Array, decoder_cost: float) -> Readout:
        """See `Reads`.

        Example:
            >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> isinstance(Noisy(error_cost=10, noise_variance=0.3).price(square, np.eye(2), decoder_cost=1.0), Readout)
            True
        """
        variance = _number("noise_variance", self.noise_variance)
        if variance < 0:
            raise InputError(f"noise_variance: {variance:g} is negative; give a variance from zero on")
        return _with_errors(sources, mixing, decoder_cost, self, variance)


READOUTS: dict[str, type[Exact | Soft | Noisy]] = {"exact": Exact, "soft": Soft, "noisy": Noisy}
"""The program's own readouts by name."""


@dataclass(frozen=True, eq=False)
class Errors(Frozen):
    """What errors cost, in the sources' own coordinates.

    Attributes:
        cost: of the mean squared error of a target.
        noise_variance: of each neuron.
        probabilities: (T,) weights of the samples on which errors count, or None: those of the sources.
        mean: (d,) of the sources under those weights.
        covariance: (d, d) C of the sources under those weights.
        root: (k, d) R with C = R'R, as accurate as the samples are.

    Example:
        >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> Noisy(10, 0.3).price(square, np.eye(2), 1.0).errors.noise_variance
        0.3
    """

    cost: float
    noise_variance: float
    probabilities: Array | None
    mean: Array
    covariance: Array
    root: Array


def checked_targets(targets: ArrayLike, sources: Sources) -> Array:
    """The targets as a matrix (r, d).

    Raises:
        InputError: no matrix, or one of another width.
    """
    matrix = as_matrix(targets, "targets")
    if matrix.shape[1] != sources.dimension:
        raise InputError(
            f"targets: shape {matrix.shape} does not fit {sources.dimension} source(s); give one column per source, "
            "y = targets @ s"
        )
    if not matrix.any():
        raise InputError("targets: all are zero, so that nothing is to be decoded")
    return matrix


def _with_errors(
    sources: Sources, mixing: Array, decoder_cost: float, readout: Soft | Noisy, noise_variance: float
) -> Readout:
    cost = _number("error_cost", readout.error_cost)
    if not cost > 0:
        raise InputError(f"error_cost: {cost:g} is not positive; without a cost of errors nothing is worth coding")
    if not SMALLEST <= cost <= LARGEST:
        raise InputError(f"error_cost: {cost:g} is out of range; give one from {SMALLEST:g} to {LARGEST:g}")
    if noise_variance > LARGEST:
        raise InputError(f"noise_variance: {noise_variance:g} is out of range; give one up to {LARGEST:g}")
    targets = mixing if readout.targets is None else checked_targets(readout.targets, sources)
    counted = sources
    if readout.probabilities is not None:
        if not sources.from_samples:
            raise InputError(
                f"probabilities: the sources are known by {sources.known_by} alone; errors count where they do"
            )
        try:
            counted = type(sources)(sources.points, readout.probabilities, names=sources.names)
        except InputError as error:
            raise InputError(f"readout: where errors count, {error}") from None
    deviation = np.sqrt(np.diag(counted.covariance))
    # From the root of C, which dependent sources leave twice the digits of C.
    half = np.linalg.inv(counted.covariance_root / deviation)
    scaled = half @ half.T
    effective = decoder_cost + cost * noise_variance
    with np.errstate(over="ignore", under="ignore"):
        ridge = (effective / cost) * scaled / np.outer(deviation, deviation)
        ridge_root = (effective / cost) ** 0.5 * half / deviation[:, None]
    size = np.diag(ridge)
    if effective > LARGEST or not ((size >= SMALLEST**2) & (size <= LARGEST**2)).all():
        raise InputError(
            f"error_cost: {cost:g} is too far from the scale of the sources and of the other costs for floating "
            "point; choose units in which they are alike"
        )
    elsewhere = None if readout.probabilities is None else counted.probabilities
    errors = Errors(cost, noise_variance, elsewhere, counted.mean, counted.covariance, counted.covariance_root)
    return Readout(targets, effective, (ridge + ridge.T) / 2, errors, ridge_root=ridge_root)


def _number(name: str, value: float) -> float:
    number = as_number(value, name)
    if not np.isfinite(number):
        raise InputError(f"{name}: {number:g} is not finite")
    return number


@cache
def _routines() -> tuple[Any, Any]:
    """Cholesky's factor and the solution of triangular systems.

    LAPACK's dtrtrs, which does the same as dtrsm, wakes all threads of OpenBLAS for a matrix of any size: where the
    processor has something else to do that takes milliseconds.
    """
    from scipy.linalg import blas, lapack

    return lapack.dpotrf, blas.dtrsm


def symmetric_root(matrix: Array) -> Array:
    """(d, d) R with R'R the positive part of a symmetric matrix.

    Example:
        >>> symmetric_root(np.diag([4.0, -1.0])).tolist()[1]
        [2.0, 0.0]
    """
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))).T)
