"""What an annotation of a public function asks for: the kinds of values that fit it, how each is called in a message.

A kind also says how a value is given on: numbers of NumPy become Python's, columns of Arrow, pandas or polars lists.
"""

from __future__ import annotations

import ast
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np


class UnfitError(Exception):
    """What is wrong with a value of the right kind, in words of ours: of other errors the text may be anyone's."""


class Kind(NamedTuple):
    """One of the kinds that a value may be of, and its name in a message.

    ``given_on`` is what the function gets; `UnfitError` says what is wrong with a value of the right kind.
    """

    fits: Callable[[object], bool]
    said: str
    given_on: Callable[[Any], object] = lambda value: value


def kinds(annotation: str) -> tuple[Kind, ...]:
    """Those of an annotation; none if any of its parts is unknown, so that anything goes.

    >>> [each.said for each in kinds("Sequence[str] | Links | None")], kinds("object | None")
    (['a sequence, each text', 'of the type Links', 'None'], ())
    """
    return _kinds_of(ast.parse(annotation, mode="eval").body)


def chosen(value: object, wanted: Sequence[Kind]) -> Kind | None:
    """The first of the kinds that a value is of."""
    return next((each for each in wanted if each.fits(value)), None)


def _kinds_of(node: ast.expr) -> tuple[Kind, ...]:
    found = [_kind(part) for part in _parts(node)]
    return tuple(each for each in found if each is not None) if None not in found else ()


def _parts(node: ast.expr) -> Iterable[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from (*_parts(node.left), *_parts(node.right))
    else:
        yield node


def _kind(node: ast.expr) -> Kind | None:
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        if node.value.id == "Literal":
            return _TEXT
        return _kind_of_several(node.value.id, node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
    if isinstance(node, ast.Constant) and node.value is None:
        return Kind(lambda value: value is None, "None")
    if not isinstance(node, ast.Name):
        return None
    return _SIMPLE.get(node.id) or _kind_of_ours(node.id)


def _kind_of_several(container: str, content: Sequence[ast.expr]) -> Kind | None:
    """A mapping, a tuple of so many, or any number of values: each of its kind, unless they hold values themselves."""
    if container == "Mapping":
        return Kind(lambda value: isinstance(value, Mapping), "a mapping")
    if container in ("Iterable", "Iterator"):  # to be gone through once: what it holds is seen on the way
        return Kind(_is_iterable, "iterable", listed)
    if container not in ("Sequence", "Collection", "tuple"):
        return None
    alike = len({ast.unparse(each) for each in content if ast.unparse(each) != "..."}) == 1
    inner = _kinds_of(content[0]) if alike and not isinstance(content[0], ast.Subscript) else ()
    n = len(content) if container == "tuple" and ast.unparse(content[-1]) != "..." else None

    def fits(value: object) -> bool:
        if not (_is_iterable(value) and isinstance(value, Sized)):
            return False
        if container != "Collection" and isinstance(value, AbstractSet | Mapping):  # which have no order
            return False
        held = listed(value)
        return _is_iterable(held) and n in (None, len(held)) and (not inner or all(chosen(one, inner) for one in held))

    def given_on(value: object) -> object:
        held = listed(value)
        if container == "Collection" and held is value:  # a set stays one
            return value
        return tuple(each.given_on(one) if (each := chosen(one, inner)) else one for one in held)

    each = f", each {' or '.join(kind.said for kind in inner)}" if inner else ""
    said = f"a tuple of {n}" if n is not None else "a collection" if container == "Collection" else "a sequence"
    return Kind(fits, said + each, given_on)


def listed(value: Any) -> Any:
    """What Arrow, NumPy, pandas or polars hold in a column, as a list; anything else as it is.

    >>> listed(np.array([3, 4])), listed("word")
    ([3, 4], 'word')
    """
    for way in ("to_pylist", "tolist", "to_list"):
        if hasattr(value, way):
            return getattr(value, way)()
    return value


def with_numbers_of_python(settings: object) -> None:
    """Make the NumPy numbers among the settings of a frozen dataclass Python's, as their checks and files want them.

    A range of settings to try comes out of NumPy more often than not.
    """
    for setting, value in vars(settings).items():
        if isinstance(value, np.generic):
            object.__setattr__(settings, setting, value.item())


def _kind_of_ours(name: str) -> Kind | None:
    import linkage  # it has all of them

    own = getattr(linkage, name, None)
    return Kind(lambda value: isinstance(value, own), f"of the type {name}") if isinstance(own, type) else None


def _is_iterable(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_path(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, os.PathLike) and isinstance(os.fspath(value), str))


def _path(value: Any) -> object:
    text = os.fspath(value)
    if not text or "\0" in text:
        raise UnfitError("a path that is empty, or has a NUL in it")
    return value


_TEXT = Kind(lambda value: isinstance(value, str), "text")
_SIMPLE: Mapping[str, Kind] = {
    "int": Kind(_is_whole, "a whole number", operator.index),
    "float": Kind(_is_number, "a number", lambda value: value if isinstance(value, int | Fraction) else float(value)),
    "bool": Kind(lambda value: isinstance(value, bool | np.bool_), "True or False", bool),
    "str": _TEXT,
    **dict.fromkeys(("Case", "How", "Layout", "Level", "Measure", "Preset"), _TEXT),  # which are Literal
    "bytes": Kind(lambda value: isinstance(value, bytes), "bytes"),
    "Columns": Kind(lambda value: value is None or isinstance(value, Mapping), "a mapping"),
    "PathLike": Kind(_is_path, "a path", _path),
}
