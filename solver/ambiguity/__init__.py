"""Whether the neurons of an optimal code are the only ones, and which code is given where they are not."""

from solver.ambiguity.ambiguity import Ambiguity, ambiguity, undecided
from solver.ambiguity.words import sentence

__all__ = ["Ambiguity", "ambiguity", "sentence", "undecided"]
