"""The answer of rectified and free neurons: a code with its certificate, and what it is compared with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from solver.codes.answer import Answer
from solver.codes.certified import UNPROVEN
from solver.codes.drawn import Drawing, Drawn
from solver.extras import require
from solver.nonlinear import files
from solver.nonlinear.code import NonlinearCode, described, sorted_network
from theory.neurons.nonlinear import rectified
from theory.writing import block

if TYPE_CHECKING:
    import pandas

    from theory.arrays import Array
    from theory.problem import Problem


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class NonlinearRepresentation(Drawn, Answer, NonlinearCode):  # type: ignore[misc]  # of a table it makes a table
    """A code of rectified or free neurons with its certificate: the optimal one where ``status`` says so.

    Attributes:
        status: "optimal" (gap within the tolerance), "bounded" (a code and a proven bound, with a larger gap), or
            "interrupted" (stopped early; code and bound are valid all the same).
        method: what found the code.
        message: one line on what was done and why it ended.
        loss: of the network, measured on the samples.
        lower_bound: proven lower bound on the loss of any code of such neurons.
        gap: (loss - lower_bound) / loss.
        sample_activity: (T, n) activity of the neurons on the samples.
        encoder: (n, dx) W_in, z = max(0, encoder @ x + encoder_bias); (n, 0) for free neurons, which have none.
        encoder_bias: (n,); zero for free neurons.
        decoder: (r, n) W_out.
        decoder_bias: (r,); what is decoded is decoder @ z + decoder_bias.
        energies: the terms of the loss: "activity", "encoder" of rectified neurons, "decoder" and, where errors have a
            price, "error".
        neuron_costs: (n,) activity and encoder energy of each neuron, decreasing.
        multiplier: (T, r) the multiplier N that proves the lower bound.
        modular: whether every neuron reads one source only (with groups: one group); None for data without known
            sources.
        modular_loss: loss of the best code found whose neurons each read one source; NaN for such data.
        modular_lower_bound: proven lower bound on the loss of any such code; NaN for such data.
        linear_loss: loss of the best linear code; NaN where there is none.
        iterations: of the search.
        seconds: of the search.
        tolerance: gap up to which the search was to call the code optimal.
        problem: what was solved.

    Panels of the picture: "energies", the losses alone.

    Source: docs/mathematics.md, "Nonlinear neurons".

    Example:
        >>> from solver import Problem, solve
        >>> from theory.readouts import Soft
        >>> answer = solve(Problem([[-1], [0], [1]], activation="rectified", readout=Soft(100)))
        >>> answer.status, bool(answer.lower_bound <= answer.loss <= answer.linear_loss)
        ('optimal', True)
        >>> abs(sum(answer.energies.values()) - answer.loss) < 1e-9
        True
    """

    @classmethod
    def of_network(cls, problem: Problem, activity: Array, encoder: Array, encoder_bias: Array, **others: Any) -> Self:
        """A code of this network with the best decoder, of which nothing is proven before it is `bounded_by` something.

        Args:
            problem: what is coded.
            activity: (T, n) on the samples.
            encoder: (n, dx), or (n, 0) for free neurons.
            encoder_bias: (n,).
            others: the fields that do not follow: method, message, multiplier, losses to compare with, and effort.
        """
        activity, encoder, encoder_bias = sorted_network(problem, activity, encoder, encoder_bias)
        if encoder.shape[1]:
            # What the network as it is written does, to the last digit, and not what it was scaled from.
            activity = rectified(problem.sources.points, encoder @ problem.mixing, encoder_bias)
        network = described(problem, activity, encoder, encoder_bias)
        return cls(**network, **UNPROVEN, problem=problem, **others)

    def to_dataframe(self) -> pandas.DataFrame:
        """The `columns` as a table. The certificate is in `attrs`.

        Raises:
            InputError: pandas is not installed (`pip install 'modularity-solver[tables]'`).
        """
        require("to_dataframe", "tables", "pandas")
        import pandas

        table = pandas.DataFrame(self.columns())
        table.attrs = {name: getattr(self, name) for name in ("status", "loss", "lower_bound", "gap")}
        return table

    def _drawing(self) -> Drawing:
        from solver.pictures.nonlinear import NONLINEAR_PANELS, plot

        return plot, NONLINEAR_PANELS

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write a page with the answer in words, its picture, and the table of its neurons, in one file.

        Args:
            path: .html file to write, whole or not at all.

        Raises:
            InputError: a path that cannot be written.
        """
        from solver.pictures.nonlinear import page

        page(self, path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write code, certificate and problem to one .npz file, whole or not at all; a name in .csv gets the neurons.

        Raises:
            OSError: the file cannot be written.
        """
        files.write(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote. What follows from problem and network is compared with what is computed anew.

        Raises:
            InputError: not such a file, or one in which something disagrees with the rest.
            OSError: the file cannot be opened.
        """
        return cls(**files.read(path))

    def __repr__(self) -> str:
        from solver.pictures.nonlinear import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from solver.pictures.nonlinear import sentences

        return block(sentences(self), self.columns() if len(self) else None)
