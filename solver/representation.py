"""The answer that users hold: a code with its certificate, which can be drawn, printed, scored, saved and loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from solver import files, tables
from solver.certificate import network_agrees
from solver.codes.answer import Answer
from solver.codes.drawn import Drawing, Drawn
from solver.codes.linear import BEYOND_DIGITS, Code
from solver.extras import TABLES
from theory.dynamics import STEP_TOLERANCE, outside
from theory.errors import InputError
from theory.inputs import as_array, whole_number

if TYPE_CHECKING:
    import pandas
    import xarray
    from numpy.typing import ArrayLike, NDArray

    from theory.sources import Sources


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Representation(Drawn, Answer, Code):  # type: ignore[misc]  # of a table it makes a table
    """A code with its certificate: the optimal one where ``status`` says so.

    Attributes:
        status: "optimal" (gap within the tolerance), "bounded" (a code and a proven bound, with a larger gap), or
            "interrupted" (stopped early; code and bound are valid all the same).
        method: the method that found the code.
        message: one line on what was chosen and why.
        loss: E||z||^2 + encoder_cost ||W_in||^2 + decoder_cost ||W_out||^2, and recurrent_cost ||W_rec||^2 where the
            problem has transitions.
        lower_bound: proven lower bound on the loss of any code.
        gap: (loss - lower_bound) / loss.
        modular: whether every neuron reads one source only; where the problem has groups, one group only; None for data
            without known sources (`Problem.from_data`).
        modular_loss: loss of the best modular code (of groups: of `separate`); NaN for such data.
        price_of_modularity: modular_loss / loss - 1; it is proven to lie between the two `price_bounds`.
        practically: price up to which the sources count as modular for practical purposes: whether they do is
            `practically_modular`. ``dataclasses.replace(answer, practically=0.01)`` asks with another.
        source_weights: (n, d) weight of each neuron on each source, z = source_weights @ (s - mean) + least bias.
        encoder: (n, dx) W_in, z = encoder @ x + encoder_bias on the data (those of `Problem.from_data` about their
            mean).
        encoder_bias: (n,).
        decoder: (r, n) W_out; what is decoded, the data or other targets, is decoder @ z + decoder_bias.
        decoder_bias: (r,).
        energies: the terms of the loss, "activity", "encoder", "decoder" and, where there are such, "error" and
            "recurrent".
        neuron_costs: (n,) f(w_i), the activity and encoder energy of each neuron, decreasing.
        multiplier: (d, d) the multiplier Y that proves the lower bound.
        iterations: of the method.
        seconds: of the search and the certificate.
        problem: what was solved.
        cover: the proof that belongs to the multiplier where the data alone do not show the bound, else None; `certify`
            checks it.
        tolerance: gap up to which the search was to call the code optimal; NaN where that is not known.
        separate: where the problem has groups, the best code whose neurons read one group each, with a certificate of
            its own: its problem is ``problem.separated``, and its lower bound one of such codes. Else None.
        recurrent: (a, n, n) W_rec, z(R s) = recurrent @ z(s) + recurrent_bias for each of the transitions; of length
            zero where there are none.
        recurrent_bias: (a, n).

    Panels of the picture: "sources" or "neurons" (of two sources), "weights", "energies". The usual one is "neurons" of
    two sources, else "weights". See `solver.pictures.plot`.

    Example:
        >>> from solver import Problem, solve
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> answer.status, len(answer), answer.modular, bool(answer.lower_bound <= answer.loss)
        ('optimal', 3, False, True)
        >>> bool(np.isclose(sum(answer.energies.values()), answer.loss))
        True
    """

    def simulate(
        self, steps: int, *, start: int | ArrayLike = 0, actions: ArrayLike | int | None = None
    ) -> NDArray[np.float64]:
        """Activity z (steps + 1, n) of the recurrent layer, left to itself from a first activity on.

        Args:
            steps: how many.
            start: row of the problem's samples, or a point (d,) in their hull, whose code comes first.
            actions: (steps,) number of the transition that each step takes, or one number for all; may be left out
                where there is one transition only.

        Raises:
            InputError: no recurrent layer; arguments out of range; a step out of the hull of the samples, where no
                layer can stay on the code.

        Example:
            >>> from solver import Problem, solve
            >>> turning = solve(Problem([[1, 1], [-1, 1], [-1, -1], [1, -1]], transitions=[[0, -1], [1, 0]]))
            >>> bool(np.allclose(turning.simulate(4), turning.activity()[[0, 1, 2, 3, 0]]))
            True
        """
        transitions, sources = self.problem.transitions, self.problem.sources
        if transitions is None:
            raise InputError("simulate: the problem has no transitions, so the code has no recurrent layer")
        taken = _actions(actions, steps, len(transitions))
        offsets = transitions.about(sources)
        path = np.empty((len(taken) + 1, sources.dimension))
        activity = np.empty((len(taken) + 1, len(self)))
        path[0] = sources.about_mean(_start(start, sources))
        activity[0] = self.source_weights @ path[0] + sources.support(self.source_weights)
        for step, action in enumerate(taken):
            path[step + 1] = transitions.matrices[action] @ path[step] + offsets[action]
            activity[step + 1] = self.recurrent[action] @ activity[step] + self.recurrent_bias[action]
        distance = outside(path, sources)
        beyond = np.flatnonzero(distance > STEP_TOLERANCE)
        if len(beyond):
            first = int(beyond[0])
            raise InputError(
                f"simulate: {f'{first} step(s) lead' if first else 'the start lies'} out of the hull of the samples, "
                f"by {distance[first]:.3g} of its size, where neurons fall below zero; take fewer steps, or others"
            )
        return activity

    def bounded_by(self, bound: float, unproven: str, **others: Any) -> Self:
        """See `CertifiedCode.bounded_by`.

        Where rounding keeps the network from doing what its weights promise, which `certify` would see, the code is not
        called optimal, and its message says so.

        Args:
            bound: as there.
            unproven: as there.
            others: as there.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> answer.bounded_by(answer.loss / 2, "bounded").status
            'bounded'
        """
        code = super().bounded_by(bound, unproven, **others)
        if network_agrees(code.problem, code):
            return code
        message = code.message if BEYOND_DIGITS in code.message else f"{code.message}; {BEYOND_DIGITS}"
        return replace(code, status=unproven, message=message)

    def _drawing(self) -> Drawing:
        from solver.pictures.plot import plot

        return plot, None

    def to_html(self, path: str | os.PathLike[str], *, stops: int = 17) -> None:
        """Write a page to turn and hover: the code, its certificate, and how both change with the cost of weights.

        One file that opens in any browser, without a network. See `solver.pictures.pages.explorer`.

        Args:
            path: .html file to write, whole or not at all.
            stops: costs of weights to solve, an odd number: those of the problem are in the middle.

        Raises:
            InputError: a path that cannot be written, an even number of stops, or plotly not installed
                (`pip install 'modularity-solver[page]'`).

        Example:
            >>> import tempfile
            >>> from pathlib import Path
            >>> from solver import Problem, solve
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     solve(Problem([[0, 0], [0, 1], [1, 0]])).to_html(Path(folder) / "code.html", stops=1)
            ...     (Path(folder) / "code.html").read_text()[:15]
            '<!DOCTYPE html>'
        """
        from solver.pictures.pages.explorer import page

        page(self, path, stops=stops)

    def __repr__(self) -> str:
        from solver.pictures.summary import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from solver.pictures.summary import as_html

        return as_html(self)

    # ---- tables -----------------------------------------------------------------------------------------------

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a neuron: what it reads, what it costs and why, its bias, and its weight on every source.

        All energies are in units of the loss; "mean_activity" is the bias that centred sources would need. The
        certificate is in `attrs`. A source that is called like another column gets `` (source)`` after its name.

        Raises:
            InputError: pandas is not installed (`pip install 'modularity-solver[tables]'`).

        Example:
            >>> from solver import Problem, solve
            >>> solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).to_dataframe()["reads"].tolist()
            ['s1', 's2']
        """
        return tables.to_dataframe(self)

    def to_xarray(self) -> xarray.Dataset:
        """All arrays by the names of neurons, sources and channels, with the certificate as attributes.

        Raises:
            InputError: xarray is not installed (`pip install 'modularity-solver[tables]'`).

        Example:
            >>> from solver import Problem, solve
            >>> solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).to_xarray()["source_weights"].dims
            ('neuron', 'source')
        """
        return tables.to_xarray(self)

    # ---- files ------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write code, certificate and problem to one .npz file, whole or not at all: what `load` reads.

        Of a name that ends in .csv or .nc: the table of `to_dataframe`, or all of `to_xarray` as netCDF.

        Raises:
            InputError: the library that makes the table is not installed.
            OSError: the file cannot be written.

        Example:
            >>> import tempfile
            >>> from pathlib import Path
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     answer.save(Path(folder) / "code.npz")
            ...     answer.save(Path(folder) / "code.csv")
            ...     sorted(path.name for path in Path(folder).iterdir())
            ['code.csv', 'code.npz']
        """
        if str(path).lower().endswith(TABLES):
            tables.write(self, path)
        else:
            files.write(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Representation:
        """Read what `save` wrote. All that follows from problem and weights is compared with what is computed anew.

        The lower bound is what the file says; `solver.certify` proves it from the samples.

        Raises:
            InputError: not such a file, one of a later version, or one in which something disagrees with the rest:
                the message names it.
            OSError: the file cannot be opened.

        Example:
            >>> import tempfile
            >>> from pathlib import Path
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     answer.save(Path(folder) / "code.npz")
            ...     Representation.load(Path(folder) / "code.npz").loss == answer.loss
            True
        """
        content = files.read(path)
        if content["separate"] is not None:
            content["separate"] = cls(**content["separate"])
        return cls(**content)


def _actions(actions: ArrayLike | int | None, steps: int, count: int) -> NDArray[np.intp]:
    """(steps,) the transition of each step."""
    steps = whole_number(steps, "steps")
    if actions is None and count > 1:
        raise InputError(f"actions: there are {count} transitions; say which of them each step takes")
    numbers = np.asarray(0 if actions is None else actions)
    if numbers.dtype.kind not in "iu" or numbers.shape not in ((), (steps,)):
        raise InputError(f"actions: expected one whole number a step, {steps} in all, got shape {numbers.shape}")
    taken = np.broadcast_to(numbers, (steps,))
    beyond = np.flatnonzero((taken < 0) | (taken >= count))
    if len(beyond):
        raise InputError(
            f"actions: step {beyond[0]} takes transition {taken[beyond[0]]}; there are {count}, counted from 0"
        )
    return np.asarray(taken, dtype=np.intp)


def _start(start: int | ArrayLike, sources: Sources) -> NDArray[np.float64]:
    """(d,) where a simulation starts."""
    if isinstance(start, (int, np.integer)):
        if sources.stream is not None:
            raise InputError("start: the samples of a stream are not kept, and have no numbers; give a point")
        if not 0 <= start < sources.count:
            raise InputError(f"start: row {start} is none of the {sources.count} samples, counted from 0")
        return np.asarray(sources.points[start])
    point = as_array(start, "start")
    if point.shape != (sources.dimension,) or not np.isfinite(point).all():
        raise InputError(f"start: expected a row's number or a point of {sources.dimension} numbers")
    return point
