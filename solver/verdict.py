"""What the theory says of a problem before it is solved: here as well, so that a first notebook imports one package."""

from theory.conditions import Verdict, modularity
from theory.exact.proof import Proof, check_proof

__all__ = ["Proof", "Verdict", "check_proof", "modularity"]
