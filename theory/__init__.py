"""Symbols and exact arithmetic: what must be true of an optimal code. Knows no solver."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
