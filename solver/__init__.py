"""Numbers: from a problem to its certified optimal code. Imports nothing heavy until it is used."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
