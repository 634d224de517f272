"""Where the command `modularity` begins, and `python -m modularity_solver`, under a name that is nobody else's.

A file of one's own called `solver.py` or `theory.py` that Python finds first hides the package of that name, and
nothing of this program runs to say so. It is said here.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

__all__ = ["hiding", "main"]

PACKAGES = ("solver", "theory")


def hiding() -> dict[str, str]:
    """What Python finds in place of a package of this program: the package, and the file that hides it."""
    home = os.path.dirname(os.path.abspath(__file__))
    found = {}
    for name in PACKAGES:
        spec = find_spec(name)
        place = None if spec is None else spec.origin
        if place is not None and not os.path.samefile(os.path.dirname(place), os.path.join(home, name)):
            found[name] = place
    return found


def main() -> None:
    """Run the command line, or say in one line what hides it and leave with exit code 2."""
    for name, place in hiding().items():
        remedy = "rename that file, or start in another folder and without it in PYTHONPATH"
        print(
            f"modularity: error: {name}: {place} hides the package `{name}` of this program; {remedy}", file=sys.stderr
        )
        sys.exit(2)
    from solver.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
