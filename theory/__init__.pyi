from .conditions import Verdict as Verdict
from .conditions import modularity as modularity
from .dynamics import Transitions as Transitions
from .errors import InputError as InputError
from .exact.proof import Proof as Proof
from .exact.proof import check_proof as check_proof
from .in_time.trials import Trials as Trials
from .problem import Problem as Problem
from .sources import Sources as Sources
from .symbolic.derivation import Derivation as Derivation
from .symbolic.derivation import Loss as Loss
from .symbolic.derivation import derive as derive

__all__ = [
    "Derivation",
    "InputError",
    "Loss",
    "Problem",
    "Proof",
    "Sources",
    "Transitions",
    "Trials",
    "Verdict",
    "check_proof",
    "derive",
    "modularity",
]
