"""A correlated normal distribution of unit variances, truncated to a square."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.families.family import Family
from theory.families.plane import SQUARE
from theory.sources import Sources


class TruncatedNormal(Family):
    """A correlated normal distribution of unit variances, truncated to a square."""

    name = "truncated-normal"
    statement = (
        "A bivariate normal with unit variances and correlation `a`, truncated to the square `[-2, 2]^2`. The range is "
        "the square whatever the correlation, so the code is always modular."
    )
    parameter = "correlation `a` before truncation"
    low, high = 0.0, 1.0
    reach = 2

    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Mean zero by symmetry; the covariance as ratios of integrals that have no closed form."""
        import sympy as sp

        x, y = sp.symbols("x y", real=True)
        density = sp.exp(-(x**2 - 2 * parameter * x * y + y**2) / (2 * (1 - parameter**2)))
        box = ((x, -self.reach, self.reach), (y, -self.reach, self.reach))
        mass = sp.Integral(density, *box)
        variance, product = (sp.Integral(value * density, *box) / mass for value in (x**2, x * y))
        return sp.zeros(2, 1), sp.Matrix([[variance, product], [product, variance]])

    def sources(self, parameter: float) -> Sources:
        """Through moments by numerical integration: over y in closed form, over x by quadrature."""
        from scipy.integrate import quad
        from scipy.special import erf

        correlation = self.check(parameter)
        spread = (1 - correlation**2) ** 0.5
        reach = self.reach

        def inner(x: float, power: int) -> float:
            """Integral over y of y^power times the conditional density, times the density of x."""
            low, high = (-reach - correlation * x) / spread, (reach - correlation * x) / spread
            mass = (erf(high / 2**0.5) - erf(low / 2**0.5)) / 2
            tails = (np.exp(-(low**2) / 2) - np.exp(-(high**2) / 2)) / (2 * np.pi) ** 0.5
            return float(np.exp(-(x**2) / 2) * (mass if power == 0 else correlation * x * mass + spread * tails))

        mass, square, product = (
            quad(lambda x, p=power, k=times: x**k * inner(x, p), -reach, reach, epsabs=1e-13, limit=200)[0]
            for power, times in ((0, 0), (0, 2), (1, 1))
        )
        covariance = np.array([[square, product], [product, square]]) / mass
        corners = [[x * reach, y * reach] for x, y in SQUARE]
        return Sources.from_moments(covariance, corners)

    def boundary(self) -> tuple[Any, ...]:
        """None: range independence holds throughout."""
        return ()
