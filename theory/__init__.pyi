from .conditions import Verdict as Verdict
from .conditions import modularity as modularity
from .errors import InputError as InputError
from .problem import Problem as Problem
from .sources import Sources as Sources

__all__ = ["InputError", "Problem", "Sources", "Verdict", "modularity"]
