"""`modularity completion SHELL`: what a shell reads to complete commands, options and names."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script that lets SHELL (bash, zsh or fish) complete commands, options and names.

    For bash: modularity completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click knows all three"
    group = context.find_root().command
    # By this name the shell asks, whatever the program was called just now.
    script = kind(group, {}, "modularity", "_MODULARITY_COMPLETE")
    click.echo(script.source_template % script.source_vars())
    return 0
