"""From the loss to the condition for modularity, step by step, in sympy; nothing is assumed to be known.

1. The mean squared activity of a neuron, from mean and covariance of the sources.
2. Its best bias b = h(w), and its cheapest encoder, by stationarity of the Lagrangian.
3. The cost of the neuron: a quadratic form M and the square of the bias.
4. The cheapest decoder, and with it the readout's cost g(G).
5. The multiplier Y = -dg/dG at a diagonal G.
6. The strengths of the best modular code, by stationarity.
7. Y at these strengths, and the condition F = Y - M.

`python -m theory.print_formulas` prints `theory.modular.formulas`, which the numerical code evaluates, from these
expressions.
A `Loss` with other terms goes through the same steps and ends in another condition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from textwrap import fill
from typing import Any

import sympy as sp

from theory.errors import InputError, unknown_name
from theory.inputs import whole_number
from theory.symbolic.markup import typeset, unmarked
from theory.symbolic.names import MIXING_NAMES, READOUT_NAMES

WITH_ERRORS = ("soft", "noisy")

MEAN_SQUARE = sp.Symbol("E|z|²")
LENGTH = sp.Symbol("|u|²")
ENERGY_FORM, CONDITION_FORM = sp.Symbol("w'Mw"), sp.Symbol("w'Fw")
NEURON_COST, READOUT_COST, TOTAL = sp.Symbol("f(w)"), sp.Symbol("g(G)"), sp.Symbol("loss")
INVERSE, INVERSE_COVARIANCE, INVERSE_GRAM = sp.Symbol("P⁻¹"), sp.Symbol("C⁻¹"), sp.Symbol("K⁻¹")
IN_LATEX = {
    MEAN_SQUARE: r"\mathbb{E}\,z^2",
    LENGTH: r"\lVert u \rVert^2",
    ENERGY_FORM: r"w^\top M w",
    CONDITION_FORM: r"w^\top F w",
    TOTAL: r"\text{loss}",
    INVERSE: "P^{-1}",
    INVERSE_COVARIANCE: "C^{-1}",
    INVERSE_GRAM: "K^{-1}",
}
"""The short names of left-hand sides in LaTeX."""

_equation = partial(sp.Eq, evaluate=False)

VARIANCE, BIAS, ENCODER_NORM, DECODER_NORM = sp.symbols("variance bias encoder_norm decoder_norm", positive=True)
ENCODER_COST, DECODER_COST, ERROR_COST = sp.symbols("lambda mu kappa", positive=True)
NOISE_VARIANCE = sp.Symbol("v", positive=True)


@dataclass(frozen=True)
class Loss:
    """The terms of the loss.

    Attributes:
        neuron: cost of one neuron, in the symbols VARIANCE (of its activity), BIAS (its mean activity) and
            ENCODER_NORM (squared length of its encoder weights).
        readout: cost of the decoder, in the symbol DECODER_NORM.

    Raises:
        InputError: terms for which a neuron's cost is not quadratic in its weights.

    Example:
        >>> Loss(neuron=VARIANCE + 4 * BIAS**2 + ENCODER_NORM).costs
        (1, 4, 1)
    """

    neuron: Any = VARIANCE + BIAS**2 + ENCODER_COST * ENCODER_NORM
    readout: Any = DECODER_COST * DECODER_NORM

    def __post_init__(self) -> None:
        variance, bias, norm = self.costs
        rest = self.neuron - variance * VARIANCE - bias * BIAS**2 - norm * ENCODER_NORM
        if sp.expand(rest) != 0 or any(cost.is_nonpositive for cost in (bias, variance + norm)):
            raise InputError(
                f"neuron: {self.neuron} is no sum of positive multiples of variance, bias**2 and encoder_norm, so the "
                "cost would not be quadratic in the weights; use these three terms"
            )
        if sp.expand(self.readout - sp.diff(self.readout, DECODER_NORM) * DECODER_NORM) != 0:
            raise InputError(f"readout: {self.readout} is no multiple of decoder_norm; use that term alone")

    @property
    def costs(self) -> tuple[Any, Any, Any]:
        """Costs of variance, squared bias and squared encoder weight."""
        cost = sp.expand(self.neuron)
        return cost.coeff(VARIANCE, 1), cost.coeff(BIAS, 2), cost.coeff(ENCODER_NORM, 1)

    @property
    def decoder_cost(self) -> Any:
        """Cost of squared decoder weight."""
        return sp.diff(self.readout, DECODER_NORM)


@dataclass(frozen=True)
class DerivationStep:
    """One link of the chain.

    Attributes:
        name: of the result.
        why: one line.
        expressions: sympy equations or inequalities, often a single one.
    """

    name: str
    why: str
    expressions: tuple[Any, ...]


@dataclass
class Derivation:
    """The chain from loss to condition.

    Attributes:
        sources: number of sources, or None for the entry of any two of any number.
        mixing: see `derive`.
        readout: see `derive`.
        loss: see `derive`.
        steps: the links in order.
        condition: F, (d, d) sympy Matrix; for any number of sources the 2 by 2 block of two of them.
        definitions: expressions for the symbols M_ij in F.

    Example:
        >>> chain = derive(2)
        >>> [step.name for step in chain.steps][:3], str(chain.condition[0, 1])
        (['Activity', 'Bias', 'Encoder'], '-C_12')
    """

    sources: int | None
    mixing: str
    readout: str
    loss: Loss
    steps: list[DerivationStep] = field(default_factory=list)
    condition: Any = None
    definitions: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def expanded(self) -> Any:
        """F with M written out in covariance, mixing and costs."""
        return self.condition.subs(self.definitions)

    def text(self) -> str:
        """The chain for a terminal.

        Example:
            >>> print(derive(2).text().splitlines()[0])
            1. Activity
        """
        blocks = []
        for number, step in enumerate(self.steps, 1):
            shown = "\n\n".join(
                sp.pretty(expression, use_unicode=True, num_columns=110) for expression in step.expressions
            )
            indented = "\n".join(f"    {line}" if line.strip() else "" for line in shown.splitlines())
            why = fill(unmarked(step.why), width=110, initial_indent="   ", subsequent_indent="   ")
            blocks.append(f"{number}. {step.name}\n{why}\n\n{indented}\n")
        return "\n".join(blocks)

    def latex(self) -> str:
        """The chain as LaTeX: a sentence and a displayed formula for each step.

        Example:
            >>> chain = derive(2)
            >>> chain.latex().count("paragraph") == len(chain.steps)
            True
        """
        blocks = []
        for number, step in enumerate(self.steps, 1):
            shown = "\n".join(
                f"\\[ {sp.latex(expression, symbol_names=IN_LATEX)} \\]" for expression in step.expressions
            )
            blocks.append(f"\\paragraph{{{number}. {step.name}.}} {typeset(step.why)}\n{shown}\n")
        return "\n".join(blocks)


def derive(
    sources: int | None = 2, *, mixing: str = "orthonormal", readout: str = "exact", loss: Loss | None = None
) -> Derivation:
    """Derive the condition for modularity from the loss.

    Args:
        sources: their number d: up to three all matrices are written out; for more, or None, the entry of F that
            belongs to any two sources i and j.
        mixing: "orthonormal" or "general".
        readout: "exact", "soft" (error E||x - x_hat||^2 at the cost kappa), "noisy" (with noise of variance v in every
            neuron besides) or "fixed-variance" (diag G given). For targets `y = B s` read `B` for `A` in the decoder.
        loss: its terms; the usual ones if not given.

    Returns:
        A `Derivation`.

    Raises:
        InputError: fewer than one source, or an unknown mixing or readout.

    Source: docs/mathematics.md, "Symbolic derivation"; Dorrell et al. (ICLR 2025), appendix on the modularity theorem.

    Example:
        >>> derive(2).condition
        Matrix([
        [m_1**2,  -C_12],
        [ -C_12, m_2**2]])
    """
    sources = None if sources is None else whole_number(sources, "sources", 1)
    if mixing not in MIXING_NAMES:
        raise InputError(unknown_name("mixing", mixing, MIXING_NAMES))
    if readout not in READOUT_NAMES:
        raise InputError(unknown_name("readout", readout, READOUT_NAMES))
    explicit = sources is not None and sources <= 3
    chain = DerivationSteps(sources if explicit else None, mixing, readout, loss or Loss())
    return chain.run()


class DerivationSteps:
    """The symbols of one derivation and its steps, in order."""

    def __init__(self, sources: int | None, mixing: str, readout: str, loss: Loss) -> None:
        self.result = Derivation(sources, mixing, readout, loss)
        self.loss = loss
        self.many = sources is None
        self.labels = labels = ["i", "j"] if sources is None else [str(index + 1) for index in range(sources)]
        self.count = len(labels)
        self.upper = [(row, column) for row in range(self.count) for column in range(row, self.count)]
        self.weights = sp.Matrix([sp.Symbol(f"w_{label}", real=True) for label in labels])
        self.samples = sp.Matrix([sp.Symbol(f"s_{label}", real=True) for label in labels])
        self.extremes, self.strengths = self._positive("m"), self._positive("x")
        self.covariance = self._symmetric("C")
        self.gram = sp.eye(self.count) if mixing == "orthonormal" else self._symmetric("K")
        self.energy = self._symmetric("M")
        self.code = self._symmetric("G")

    def _positive(self, letter: str) -> list[Any]:
        return [sp.Symbol(f"{letter}_{label}", positive=True) for label in self.labels]

    def _symmetric(self, letter: str) -> Any:
        def entry(row: int, column: int) -> Any:
            first, second = sorted((row, column))
            return sp.Symbol(
                f"{letter}_{self.labels[first]}{self.labels[second]}", real=True, positive=first == second or None
            )

        return sp.Matrix(self.count, self.count, entry)

    def _say(self, name: str, why: str, *expressions: Any) -> None:
        self.result.steps.append(DerivationStep(name, why, expressions))

    def run(self) -> Derivation:
        """All steps."""
        if self.many:
            self._say(
                "Two sources of many",
                "`F_ij` compares a neuron that reads sources `i` and `j` with two that read one each, and no other "
                "source enters: so two of them are enough",
                _equation(sp.Symbol("w"), self.weights),
            )
        self._activity()  # step 1
        self._bias()  # step 2
        self._encoder()  # steps 2 and 3
        # Steps 4 and 5.
        worth, value = {
            "exact": self._exact,
            "soft": self._soft,
            "noisy": self._soft,
            "fixed-variance": self._fixed,
        }[self.result.readout]()
        self._modular_code(worth, value)  # step 6
        if self.result.readout in WITH_ERRORS:
            self._uncorrelated_errors(worth)
        self._condition(worth)  # step 7
        return self.result

    # ---- one neuron -------------------------------------------------------------------------------------------

    def _activity(self) -> None:
        bias = sp.Symbol("b", positive=True)
        activity = (self.weights.T * self.samples)[0] + bias
        square = sp.Poly(sp.expand(activity**2), *self.samples)
        mean = sp.Integer(0)
        for powers, coefficient in square.terms():
            mean += coefficient * self._moment(powers)
        self.bias, self.variance = bias, sp.expand(mean - bias**2)
        self._say(
            "Activity",
            "a neuron is `z = w.s + b`, and the sources have mean zero and covariance `C`",
            _equation(MEAN_SQUARE, mean),
        )

    def _moment(self, powers: tuple[int, ...]) -> Any:
        read = [index for index, power in enumerate(powers) for _ in range(power)]
        if len(read) == 1:
            return sp.Integer(0)
        return self.covariance[read[0], read[1]] if read else sp.Integer(1)

    def _bias(self) -> None:
        cost = self.loss.neuron.subs({VARIANCE: self.variance, BIAS: self.bias})
        slope = sp.diff(cost, self.bias)
        self.support = sp.Symbol("h(w)", positive=True)
        self._say(
            "Bias",
            "`z >= 0` for every sample asks for `b >= h(w) = max_t (-w.s_t)`; the cost rises with `b`, so `b = h(w)`",
            sp.Gt(slope, 0, evaluate=False),
            _equation(self.bias, self.support),
        )

    def _encoder(self) -> None:
        """Least |u|^2 with A'u = w: stationarity of the Lagrangian gives u = A nu, and A'A nu = w."""
        length = self._shortest_encoder()
        variance_cost, bias_cost, norm_cost = self.loss.costs
        cost = variance_cost * self.variance + norm_cost * length
        energy = sp.hessian(cost, list(self.weights)) / 2
        self.bias_cost = bias_cost
        self.result.definitions = {self.energy[place]: sp.simplify(energy[place]) for place in self.upper}
        self._say(
            "Encoder",
            "least `|u|^2` with `A'u = w`: stationary at `u = A nu` with `A'A nu = w`; `K = A'A`"
            + (", and `L` its inverse" if self.many and self.result.mixing == "general" else ""),
            _equation(LENGTH, length),
        )
        form = bias_cost * self.support**2 + ENERGY_FORM
        self._say(
            "Cost of a neuron",
            "variance and encoder are one quadratic form `M`, the bias a square of its own",
            _equation(NEURON_COST, form),
            *(_equation(symbol, value) for symbol, value in self.result.definitions.items()),
        )

    def _shortest_encoder(self) -> Any:
        if self.many and self.result.mixing == "general":
            # The inverse of all of K, not of the block of two sources.
            return sp.expand((self.weights.T * self._symmetric("L") * self.weights)[0])
        nu = sp.Matrix(sp.symbols(f"nu_1:{self.count + 1}"))
        solution = sp.solve(list(self.gram * nu - self.weights), list(nu), dict=True)[0]
        return sp.expand(sp.simplify((nu.T * self.gram * nu)[0].subs(solution)))

    # ---- readouts: the multiplier Y(G) and the cost g(G) ------------------------------------------------------

    def _exact(self) -> tuple[Any, Any]:
        """Least |r|^2 with W'r = a, for each row a of A: r = W nu with G nu = a."""
        value = self.loss.decoder_cost * trace_of_inverse(self.gram, self.code)
        self._say(
            "Decoder",
            "for each row `a` of `A`, least `|r|^2` with `W'r = a`: stationary at `r = W nu` with `G nu = a`, so "
            "`|r|^2 = a'G^-1 a`; summed over rows, `tr(K G^-1)`",
            _equation(READOUT_COST, sp.factor(value)),
        )
        return self.differentiated(value), value

    def _soft(self) -> tuple[Any, Any]:
        """Least kappa (a - W'r)'C(a - W'r) + mu r'r: r = W nu with mu nu = kappa C (a - G nu), worth mu a'nu.

        The inverse P = (G + (mu/kappa) C^-1)^-1 is a matrix of symbols: only dP = -P dG P is needed.
        """
        self.inverse = self._symmetric("P")
        self.noise_cost = self.loss.decoder_cost
        if self.result.readout == "noisy":
            self._noise()
        cost = self.noise_cost
        value = cost * (self.gram * self.inverse).trace()
        self._say(
            "Decoder",
            "for each row `a` of `A`, least `kappa (a - W'r)'C (a - W'r) + mu r'r`: stationary at `r = W nu` with "
            "`nu = P a`, `P = (G + (mu / kappa) C^-1)^-1`, worth `mu a'P a`; differentiating the inverse, `dP = "
            "-P dG P`"
            + (", all with the cost of decoder and noise for `mu`" if self.result.readout == "noisy" else ""),
            _equation(READOUT_COST, value),
            sp.Eq(INVERSE, sp.Symbol("G") + cost / ERROR_COST * INVERSE_COVARIANCE),
        )

        def entry(row: int, column: int) -> Any:
            if self.many:  # all sources enter, so the product keeps a name
                return cost * sp.Symbol(f"(PKP)_{self.labels[row]}{self.labels[column]}")
            move = sp.zeros(self.count)
            move[row, column] = move[column, row] = 1
            slope = cost * (self.gram * -(self.inverse * move * self.inverse)).trace()
            return sp.factor(sp.expand(-slope if row == column else -slope / 2))

        return sp.Matrix(self.count, self.count, entry), value

    def _noise(self) -> None:
        """Independent noise adds v r'r of a decoder r to the squared error, whatever the code."""
        passed = ERROR_COST * NOISE_VARIANCE * DECODER_NORM
        self.noise_cost = sp.diff(self.loss.readout + passed, DECODER_NORM)
        self._say(
            "Noise",
            "noise of variance `v` in every neuron adds `v |r|^2` to the squared error, like a more expensive decoder",
            _equation(sp.Symbol("mu_v"), self.noise_cost),
        )

    def _uncorrelated_errors(self, worth: Any) -> None:
        """Where C is diagonal, so is P at a diagonal G, and each strength solves one equation."""
        totals = self._positive("t")
        diagonal = {self.inverse[i, j]: 1 / totals[i] if i == j else 0 for i, j in self.upper}
        strengths = []
        for index, (cost, total) in enumerate(zip(self.costs, totals, strict=True)):
            earned = worth[index, index]
            if self.many:  # (PKP)_ii for a diagonal P
                earned = self.noise_cost * self.gram[index, index] * self.inverse[index, index] ** 2
            (best,) = sp.solve(cost - earned.subs(diagonal), total)
            ridge = self.noise_cost / (ERROR_COST * self.covariance[index, index])
            strengths.append(_equation(self.strengths[index], sp.Max(0, best - ridge)))
        self._say(
            "Uncorrelated sources",
            "then `P` is diagonal too, `P_ii = 1 / (x_i + (mu / kappa) / C_ii)`; where the stationary strength is not "
            "positive the source is not worth a neuron: the loss rises with `x_i` from zero on",
            *strengths,
        )

    def _fixed(self) -> tuple[Any, Any]:
        """No decoder: diag G = v, with multipliers y; stationarity in the strengths makes y_i the cost of source i."""
        terms = zip(self._positive("y"), self._positive("v"), self.code.diagonal(), strict=True)
        value = sum((cost * (variance - strength) for cost, variance, strength in terms), sp.Integer(0))
        self._say(
            "Variance given",
            "instead of a decoder, `G_ii = v_i` for every source, with multiplier `y_i`",
            _equation(READOUT_COST, value),
        )
        return self.differentiated(value), value

    def differentiated(self, value: Any) -> Any:
        """`Y = -dg/dG` at a diagonal G; an off-diagonal entry stands for two places of G."""
        diagonal = {self.code[i, j]: self.strengths[i] if i == j else 0 for i, j in self.upper}

        def entry(row: int, column: int) -> Any:
            slope = sp.diff(value, self.code[row, column]).subs(diagonal)
            return sp.simplify(-slope if row == column else -slope / 2)

        return sp.Matrix(self.count, self.count, entry)

    # ---- the modular code and the condition -------------------------------------------------------------------

    def _modular_code(self, worth: Any, value: Any) -> None:
        diagonal = {self.code[i, j]: self.strengths[i] if i == j else 0 for i, j in self.upper}
        self.costs = [
            self.energy[index, index] + self.bias_cost * extreme**2 for index, extreme in enumerate(self.extremes)
        ]
        energy = sum((x * cost for x, cost in zip(self.strengths, self.costs, strict=True)), sp.Integer(0))
        total = energy + value.subs(diagonal)
        # dloss / dx_i is the neuron's cost less its worth Y_ii to the readout.
        slopes = [cost - worth[index, index] for index, cost in enumerate(self.costs)]
        self.stationary, implicit = self._solved(slopes)
        self._say(
            "Best modular code",
            "one neuron `w = +-sqrt(x_i) e_i` per source, on the side of the smaller bias, `m_i = min(-min s_i, "
            "max s_i)`",
            _equation(TOTAL, total),
            *(_equation(symbol, root) for symbol, root in self.stationary.items()),
            *(_equation(slope, 0) for slope in implicit),
        )

    def _solved(self, slopes: list[Any]) -> tuple[dict[Any, Any], list[Any]]:
        """Stationary values where each equation has one unknown; the equations themselves where they are coupled."""
        if self.result.readout in WITH_ERRORS:
            return {}, slopes
        unknowns = self._positive("y" if self.result.readout == "fixed-variance" else "x")
        return {unknown: sp.solve(slope, unknown)[0] for unknown, slope in zip(unknowns, slopes, strict=True)}, []

    def _condition(self, worth: Any) -> None:
        at_optimum = worth.subs(self.stationary).applyfunc(sp.simplify)
        if self.result.readout in WITH_ERRORS:
            # Stationarity says Y_ii = M_ii + cost m_i^2 even where x_i has no closed form.
            for index, cost in enumerate(self.costs):
                at_optimum[index, index] = cost
        self._say(
            "Multiplier",
            "`Y = -dg/dG` at the best modular code: what a unit of `ww'` is worth to the readout",
            *self._entries("Y", at_optimum),
        )
        condition = (at_optimum - self.energy).applyfunc(sp.simplify)
        if self.result.mixing == "orthonormal":
            # With no mixing the encoder adds nothing off the diagonal, and M_ij is short enough to be written out.
            condition = condition.subs(self.result.definitions).applyfunc(sp.simplify)
        self.result.condition = condition
        self._say(
            "Condition",
            "no neuron earns more than it costs, `w'Yw <= f(w)`: the certificate of global optimality, at that code",
            *self._entries("F", condition),
            sp.Ge(self.bias_cost * self.support**2, CONDITION_FORM, evaluate=False),
        )

    def _entries(self, letter: str, matrix: Any) -> list[Any]:
        """A matrix whole where it is narrow, else its entries."""
        if self.result.mixing == "orthonormal" and self.result.readout not in WITH_ERRORS:
            return [_equation(sp.Symbol(letter), matrix)]
        names = self._symmetric(letter)
        return [_equation(names[place], matrix[place]) for place in self.upper]


def trace_of_inverse(gram: Any, matrix: Any) -> Any:
    """tr(K B^-1), from the solutions of B nu = e_k."""
    return sp.simplify((gram * matrix.LUsolve(sp.eye(matrix.rows))).trace())
