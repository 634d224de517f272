from .conditions import Verdict as Verdict
from .conditions import modularity as modularity
from .derivation import Derivation as Derivation
from .derivation import Loss as Loss
from .derivation import derive as derive
from .errors import InputError as InputError
from .problem import Problem as Problem
from .proof import Proof as Proof
from .proof import check_proof as check_proof
from .sources import Sources as Sources

__all__ = [
    "Derivation",
    "InputError",
    "Loss",
    "Problem",
    "Proof",
    "Sources",
    "Verdict",
    "check_proof",
    "derive",
    "modularity",
]
