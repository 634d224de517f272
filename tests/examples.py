"""The shipped tables that tests read, and how many examples of hypothesis a law is tried on, where each takes long."""

from hypothesis import settings

from solver.examples import path_of

CUT, IRIS = str(path_of("corner_cut_square")), str(path_of("iris"))


def share(part: float) -> settings:
    """A decorator: this share of the examples of the profile, so that a hunt still tries more than the suite does."""
    return settings(max_examples=max(2, round(part * settings().max_examples)))
