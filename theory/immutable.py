"""What does not change once it is made: objects, and the arrays in them.

One rule holds for every array that an object keeps: nobody can write to it. An array that was given is copied, unless
it is locked already down to the memory that it is a view of; one that was computed is locked in place. So whoever has
data too large to copy locks them (``data.setflags(write=False)``) and gives them away as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def is_locked(array: NDArray[Any]) -> bool:
    """Whether nobody can write to an array: neither through it nor through what it is a view of.

    Example:
        >>> data = np.zeros((3, 2))
        >>> view = data[:, :1]
        >>> view.setflags(write=False)
        >>> is_locked(view), data.setflags(write=False), is_locked(view)
        (False, None, True)
    """
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    if owner is None:
        return True
    try:
        return memoryview(owner).readonly
    except TypeError:  # memory of another kind, of which nothing is known
        return False


def locked(array: NDArray[T]) -> NDArray[T]:  # type: ignore[type-var]  # whatever it holds
    """The array itself if nobody can write to it, or else a copy to which nobody can.

    Example:
        >>> data = np.zeros(3)
        >>> kept = locked(data)
        >>> data[0] = 1.0
        >>> kept.tolist(), kept.flags.writeable, locked(kept) is kept
        ([0.0, 0.0, 0.0], False, True)
    """
    if is_locked(array):
        return array
    copied = np.array(array, copy=True, subok=False)
    copied.setflags(write=False)
    return copied


def _refuse(self: Any, *_: Any, **__: Any) -> NoReturn:
    kind = type(self).__mro__[1].__name__
    raise TypeError(f"this {kind} is part of a result and does not change; make a copy with {kind}(...)")


class FixedList(list[Any]):
    """A list that cannot be changed.

    Example:
        >>> FixedList([1, 2]) == [1, 2]
        True
    """

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(_content(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return FixedList, (list(self),)


class FixedDict(dict[str, Any]):
    """A dictionary that cannot be changed.

    Example:
        >>> FixedDict(a=1)["a"]
        1
    """

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(_content(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return FixedDict, (dict(self),)


_PLAIN = frozenset({float, int, bool, str, type(None)})
"""Classes of most values that an object keeps: there is nothing to lock in them."""


def _fixed(value: Any) -> Any:
    """A value that an object keeps, such that it does not change: arrays, lists and dictionaries, those in them too."""
    if isinstance(value, np.ndarray):
        return locked(value)
    if type(value) is dict:
        return FixedDict({key: _fixed(item) for key, item in value.items()})
    if type(value) is list:
        return FixedList(_fixed(item) for item in value)
    if type(value) is tuple:
        return tuple(_fixed(item) for item in value)
    return value


def _lock(value: Any) -> None:
    """Lock in place what an object has computed itself."""
    if type(value) in _PLAIN:
        return
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, tuple | list):
        for item in value:
            _lock(item)


class derived(cached_property[T]):  # noqa: N801  # stands where `property` does
    """A property that follows from what an object was made of: computed once, its arrays locked."""

    if TYPE_CHECKING:

        def __init__(self, func: Callable[[Any], T]) -> None: ...

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> derived[T]: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> derived[T] | T:
        if instance is None:
            return self
        # Without the lock of `cached_property`, which is one for all instances: two threads compute the same.
        value: Any = self.func(instance)
        _lock(value)
        if type(value) is dict:
            value = FixedDict(value)
        return vars(instance).setdefault(self.attrname or "", value)


def _content(value: Any) -> Any:
    """What a value is compared and hashed by: arrays by their shape and numbers, of which 0.0 is -0.0, and NaN NaN."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            return value.shape, tuple(_content(item) for item in value.ravel().tolist())
        numbers = value + 0.0 if value.dtype.kind == "f" else value
        return value.shape, value.dtype.str, numbers.tobytes()
    if isinstance(value, float) and np.isnan(value):
        return "NaN"
    if isinstance(value, Mapping):
        return frozenset((key, _content(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(_content(item) for item in value)
    return value


class _Compared:
    """Equal to another of its class that is made of the same."""

    def _made_of(self) -> Any:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, _Compared)
        return self is other or bool(_content(self._made_of()) == _content(other._made_of()))

    def __hash__(self) -> int:
        return hash((type(self), _content(self._made_of())))


_NAMES: dict[Any, tuple[str, ...]] = {}
"""The fields of classes that derive from `Frozen`."""


class Frozen(_Compared):
    """Base of a dataclass (``frozen=True, eq=False``) that holds arrays: they are locked and compared.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, eq=False)
        ... class Point(Frozen):
        ...     place: np.ndarray
        >>> Point(np.zeros(2)) == Point(np.zeros(2)), Point(np.zeros(2)).place.flags.writeable
        (True, False)
    """

    def __post_init__(self) -> None:
        for name in self._names():
            value = getattr(self, name)
            if type(value) in _PLAIN:
                continue
            fixed = _fixed(value)
            if fixed is not value:
                object.__setattr__(self, name, fixed)

    def _made_of(self) -> Any:
        return tuple(getattr(self, name) for name in self._names())

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        """The names of the fields, listed once for each class."""
        if cls not in _NAMES:
            # Those that derive from it are dataclasses.
            _NAMES[cls] = tuple(field.name for field in fields(cls))  # type: ignore[arg-type]
        return _NAMES[cls]

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Arrays that come out of a pickle, or of a deep copy, are not locked.
        vars(self).update({name: _fixed(value) for name, value in state.items()})


class Immutable(_Compared):
    """Base of a class whose constructor ends with ``self._finish()``: from then on no attribute can be set.

    Example:
        >>> class Point(Immutable):
        ...     def __init__(self, place):
        ...         self.place = np.array(place)
        ...         self._finish()
        >>> Point([1, 2]).place.flags.writeable
        False
        >>> Point([1, 2]).place = 3
        Traceback (most recent call last):
        ...
        AttributeError: place: a Point does not change once it is made; make another one
    """

    _finished = False

    _remedy = "make another one"
    """What to do instead of setting the attribute {name}."""

    def _know(self, **known: Any) -> None:
        """Set derived properties that the constructor knows already, by name."""
        for name, value in known.items():
            if self._finished:
                self._refuse(name)
            if not isinstance(getattr(type(self), name, None), derived):
                raise AttributeError(f"{name}: no derived property of a {type(self).__name__}; pass it as an argument")
            vars(self)[name] = value

    def _finish(self) -> None:
        """Lock what the constructor has set."""
        for value in vars(self).values():
            _lock(value)
        vars(self)["_finished"] = True

    def _refuse(self, name: str) -> NoReturn:
        remedy = self._remedy.format(name=name)
        raise AttributeError(f"{name}: a {type(self).__name__} does not change once it is made; {remedy}")

    def __setattr__(self, name: str, value: Any) -> None:
        if self._finished:
            self._refuse(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if self._finished:
            self._refuse(name)
        super().__delattr__(name)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({name: _fixed(value) for name, value in state.items()})
