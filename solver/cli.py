"""The command line: `modularity check FILE` and `modularity solve FILE`.

Only click is imported here at the top, so that the help appears at once. Errors are one line on stderr and exit code
2; Ctrl-C or SIGTERM prints the best certified answer so far and exits with code 130 or 143.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from solver.endings import INTERRUPTED, Outputs, exit_code, told_apart
from solver.stopping import KEYBOARD, noted, raise_if_asked
from solver.theory_commands import derive, phase, theorems
from solver.verify_commands import reproduce, verify
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.optimise import Progress
    from solver.reading import Given
    from solver.representation import Representation
    from theory.conditions import Verdict
    from theory.exact_problem import ExactProblem
    from theory.problem import Problem
    from theory.proof import Proof

__all__ = ["main"]

PICTURES = (".png", ".pdf", ".svg")

PIPE_WIDTH = 1000
"""Columns of a pipe or file: wide enough that no line is folded."""

METHODS = ("auto", "modular", "columns", "conic", "relaxation", "alternating")
"""The names `solve` accepts; repeated here because the help must not wait for numpy (a test compares them)."""


class _Commands(click.Group):
    """A group whose errors are one line: `modularity: error: ...`."""

    def main(  # type: ignore[override]  # click overloads it by whether it returns, which is decided here at run time
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **rest: Any,
    ) -> Any:
        """Run and leave with the exit code (or return it, where the caller asks for no exit)."""
        code = exit_code(
            lambda: super(_Commands, self).main(args, prog_name or "modularity", standalone_mode=False, **rest)
        )
        if standalone_mode:
            sys.exit(code)
        return code

    def make_context(self, *arguments: Any, **rest: Any) -> click.Context:
        """As click does; but how the program ends is for `solver.endings` to say."""
        with told_apart():
            return super().make_context(*arguments, **rest)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; but how the program ends is for `solver.endings` to say."""
        with told_apart():
            return super().invoke(ctx)


def _version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"modularity {version('modularity-solver')}")
    except PackageNotFoundError:
        click.echo("modularity (not installed)")
    context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """Optimal codes of nonnegative, energy-saving linear networks, with a proof.

    FILE holds one sample a row and one source a column: .csv (with or without a header), .npy or .npz; - is
    standard input.
    """


for _command in (derive, theorems, phase, verify, reproduce):
    main.add_command(_command)


def _problem_options(command: Callable[..., Any]) -> Callable[..., Any]:
    picture = click.option("--plot", "picture", type=click.Path(), metavar="FILE", help="Draw .png, .pdf or .svg.")
    return _data_options(picture(command))


def _data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.argument("file", metavar="FILE", type=click.Path()),
            click.option("--encoder-cost", type=float, metavar="X", help="Price of the squared encoder.  [default: 1]"),
            click.option("--decoder-cost", type=float, metavar="X", help="Price of the squared decoder.  [default: 1]"),
            click.option("--weight-cost", type=float, metavar="X", help="Both prices at once."),
            click.option("--mixing", type=click.Path(), metavar="FILE", help="Matrix the sources are seen through."),
            click.option("--probabilities", metavar="COLUMN", help="Column of sample weights: name, or number from 0."),
            click.option("--json", "as_object", is_flag=True, help="Print one JSON object instead of words."),
        ]
    ):
        command = option(command)
    return command


@main.command()
@_problem_options
@click.option("--exact", is_flag=True, help="Decide in rational arithmetic, with a proof.")
@click.option("--proof", "proof_file", type=click.Path(), metavar="FILE", help="Write the proof to a .json file.")
def check(file: str, picture: str | None, as_object: bool, exact: bool, proof_file: str | None, **options: Any) -> int:
    """Is the optimal code modular? The condition, without solving."""
    costs = _costs(options)
    _require_outputs(file, picture=picture, proof=proof_file)
    data, mixing = _inputs(file, options)
    exact = exact or proof_file is not None
    problem: Problem | None
    try:
        problem = _problem(data, mixing, options, costs)
    except InputError as error:
        if not exact or picture is not None:
            raise
        problem, verdict = None, _decided_exactly_alone(data, mixing, options, costs, error)
    else:
        verdict = _decided(problem, _exact_problem(data, mixing, options, costs) if exact else None)
    with noted(), Outputs() as outputs:
        outputs.attempt(_print_verdict, problem, verdict, as_object)
        if proof_file is not None and verdict.proof is not None:
            outputs.attempt(_write, verdict.proof.save, proof_file, as_object, f"Proof in {proof_file}.")
        if picture is not None and problem is not None:
            from solver.plot import plot_verdict

            draw = partial(plot_verdict, problem, verdict)
            outputs.attempt(_write, draw, picture, as_object, f"Picture in {picture}.")
    return 0


def _decided(problem: Problem, posed: ExactProblem | None) -> Verdict:
    """The verdict in floating point, or the exact one of the same problem in rationals."""
    from theory.conditions import decide, decide_if_possible

    if posed is None:
        return decide(problem)
    from theory.exact import decide_exactly

    return decide_exactly(posed, decide_if_possible(problem))


def _decided_exactly_alone(
    data: Given, mixing: Given | None, options: dict[str, Any], costs: dict[str, float], refused: InputError
) -> Verdict:
    """The exact verdict on data that floating point refuses; its own words where they are no better in rationals."""
    from theory.exact import decide_exactly
    from theory.exact_problem import positive_number

    try:
        posed = _exact_problem(data, mixing, options, costs)
        positive_number(costs.get("decoder_cost", 1), "decoder_cost")
    except InputError:
        raise refused from None
    return decide_exactly(posed, None)


@main.command("check-proof")
@click.argument("proof", metavar="PROOF", type=click.Path())
@_data_options
def check_proof(proof: str, file: str, as_object: bool, **options: Any) -> int:
    """Verify a saved proof against its data, trusting nothing else."""
    costs = _costs(options)
    from theory.proof import Proof, verify

    loaded = Proof.load(proof)
    verify(loaded, _exact_problem(*_inputs(file, options), options, costs))
    _print_proof(loaded, as_object)
    return 0


@main.command()
@_problem_options
@click.option("--method", type=click.Choice(METHODS), default="auto", show_default=True, help="How to search.")
@click.option("--tolerance", type=float, metavar="X", help="Relative gap that counts as optimal.  [default: 1e-8]")
@click.option("--max-iterations", type=int, metavar="N", help="Stop after this many rounds.")
@click.option("--time-limit", type=float, metavar="SECONDS", help="Stop after this time, with a bound.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="For random starts.")
@click.option("--neurons", type=int, metavar="N", help="Number of neurons, for --method alternating.")
@click.option("--solver", metavar="NAME", help="Conic solver, for --method conic or relaxation.  [default: CLARABEL]")
@click.option("--save", "saved", type=click.Path(), metavar="FILE", help="Write the answer to an .npz file.")
def solve(file: str, picture: str | None, as_object: bool, saved: str | None, **options: Any) -> int:
    """Find the optimal code, with a certificate."""
    costs = _costs(options)
    _require_outputs(file, picture=picture, saved=saved)
    data, mixing = _inputs(file, options)
    problem = _problem(data, mixing, options, costs)
    from solver.optimise import solve as find

    given = ("tolerance", "max_iterations", "time_limit", "neurons", "solver")
    limits = {name: options[name] for name in given if options[name] is not None}
    # From here on there is an answer to lose: a signal ends the search, and the rest is finished.
    with noted():
        with _progress() as follow:
            callback = _follow_until_asked(follow)
            answer = find(problem, method=options["method"], rng=options["seed"], callback=callback, **limits)
        with Outputs() as outputs:
            outputs.attempt(_print_answer, answer, as_object)
            if saved is not None:
                outputs.attempt(_write, answer.save, saved, as_object, f"Saved to {saved}.")
            if picture is not None:
                outputs.attempt(_write, answer.plot, picture, as_object, f"Picture in {picture}.")
    return INTERRUPTED if answer.message.endswith(KEYBOARD) else 0


def _follow_until_asked(follow: Callable[[Progress], None] | None) -> Callable[[Progress], None]:
    def called(progress: Progress) -> None:
        # A signal may have arrived where no exception could be raised.
        raise_if_asked()
        if follow is not None:
            follow(progress)

    return called


# ---- input --------------------------------------------------------------------------------------------------------


def _costs(options: dict[str, Any]) -> dict[str, float]:
    encoder, decoder, both = (options[name] for name in ("encoder_cost", "decoder_cost", "weight_cost"))
    if both is not None and (encoder is not None or decoder is not None):
        raise click.UsageError("--weight-cost sets both prices; leave out --encoder-cost and --decoder-cost")
    if both == 0:
        raise click.UsageError(
            "--weight-cost: the price of the decoder cannot be zero; --encoder-cost 0 sets the other"
        )
    costs = {
        "encoder_cost": both if both is not None else encoder,
        "decoder_cost": both if both is not None else decoder,
    }
    return {name: cost for name, cost in costs.items() if cost is not None}


def _require_outputs(file: str, *, picture: str | None, saved: str | None = None, proof: str | None = None) -> None:
    if picture is None and saved is None and proof is None:
        return
    from theory.writing import require_writable

    if proof is not None:
        require_writable(proof, (".json",), "--proof", source=file)
    if saved is not None:
        require_writable(saved, (".npz",), "--save", source=file)
    if picture is not None:
        require_writable(picture, PICTURES, "--plot", source=file)


def _inputs(file: str, options: dict[str, Any]) -> tuple[Given, Given | None]:
    """The data and the mixing, each of which may be a pipe that can be read only once."""
    from solver.reading import STANDARD_INPUT, given

    if file == STANDARD_INPUT == options["mixing"]:
        raise click.UsageError("--mixing: standard input cannot be both the data and the mixing; give a file for one")
    return given(file), None if options["mixing"] is None else given(options["mixing"])


def _problem(data: Given, mixing: Given | None, options: dict[str, Any], costs: dict[str, float]) -> Problem:
    from solver.reading import read_mixing, read_sources
    from theory.problem import Problem

    sources = read_sources(data, options["probabilities"])
    return Problem(sources, mixing=None if mixing is None else read_mixing(mixing), **costs)


def _exact_problem(data: Given, mixing: Given | None, options: dict[str, Any], costs: dict[str, float]) -> ExactProblem:
    from solver.reading import read_exactly
    from theory.exact_problem import ExactProblem

    sources, probabilities = read_exactly(data, probabilities=options["probabilities"])
    columns = None if mixing is None else read_exactly(mixing, "mixing")[0]
    # The shortest decimal that reads as the given float is what was typed.
    cost = repr(costs.get("encoder_cost", 1))
    return ExactProblem.posed(sources, mixing=columns, probabilities=probabilities, encoder_cost=cost)


# ---- output -------------------------------------------------------------------------------------------------------


def _print_answer(answer: Representation, as_object: bool) -> None:
    from solver.summary import as_json, print_representation

    if as_object:
        click.echo(as_json(answer.to_dict()))
    else:
        _show(print_representation, answer)


def _print_verdict(problem: Problem | None, verdict: Verdict, as_object: bool) -> None:
    from solver.summary import as_json, print_verdict, verdict_to_dict

    if as_object:
        click.echo(as_json(verdict_to_dict(problem, verdict)))
    else:
        _show(print_verdict, problem, verdict)


def _print_proof(proof: Proof, as_object: bool) -> None:
    from solver.summary import as_json, proof_sentences

    if as_object:
        click.echo(as_json({"valid": True, **proof.to_dict()}))
        return
    click.echo(f"The proof holds: the optimal code is {'modular' if proof.modular else 'mixed'}.")
    for line in proof_sentences(proof):
        click.echo(line)


def _show(show: Callable[..., None], *arguments: object) -> None:
    """Print with rich, by way of click: rich has its own way of leaving when the reader has left."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    with console.capture() as shown:
        show(*arguments, console)
    click.echo(shown.get(), nl=False)


def _write(write: Callable[[str], object], path: str, as_object: bool, said: str) -> None:
    write(path)
    _note(as_object, said)


def _note(as_object: bool, text: str) -> None:
    # JSON stays alone on stdout.
    click.echo(text, err=as_object)


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None] | None]:
    """A line on stderr that follows the search, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("searching") as status:

        def follow(progress: Progress) -> None:
            status.update(f"iteration {progress.iteration}   loss {progress.loss:.9g}   gap {progress.gap:.1e}")

        yield follow
