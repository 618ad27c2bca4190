"""Arguments of another kind than a function asks for, named before anything is done with them.

Most often it is the path of a file that holds what was meant. Without this it comes out later, as an ``AttributeError``
or, from the steps that see people, as "unexpected" with a place in our code. What is asked for is what the signature
says: there is no second list to keep in step with it.
"""

from __future__ import annotations

import ast
import functools
import inspect
import numbers
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from typing import NamedTuple, ParamSpec, TypeVar

from linkage.errors import nearest

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Kind(NamedTuple):
    """One of the kinds that an argument may be of, and its name in a message."""

    fits: Callable[[object], bool]
    said: str


def checked(step: Callable[Given, Made]) -> Callable[Given, Made]:
    """The same function, which raises ``TypeError`` for an argument that is not of the kind in its signature.

    And ``ValueError`` for a ``seed`` below 0, which is the same everywhere. A kind that is not known here, such as
    ``object`` or a name for several values, is left to the function.

    >>> @checked
    ... def count(links: Links, *, seed: int = 0) -> int: ...
    >>> count("links.parquet")
    Traceback (most recent call last):
    TypeError: links: must be of the type Links, not str; read it with Links.load(path)
    """
    signature = inspect.signature(step)

    @functools.cache  # names in annotations are those of the whole package, which is not there yet when this one is
    def kinds_of_all() -> Mapping[str, tuple[Kind, ...]]:
        every = signature.parameters.values()
        found = {each.name: kinds(each.annotation) for each in every if isinstance(each.annotation, str)}
        return {name: own for name, own in found.items() if own}

    @functools.wraps(step)
    def entry(*given: Given.args, **named: Given.kwargs) -> Made:
        try:
            bound = signature.bind(*given, **named).arguments
        except TypeError:
            raise TypeError(f"{step.__name__}() {_misfit(signature.parameters, len(given), named)}") from None
        for name, wanted in kinds_of_all().items():
            if name in bound:
                several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
                for value in bound[name] if several else (bound[name],):
                    require(value, wanted, name)
        if bound.get("seed", 0) < 0:
            raise ValueError(f"seed: at least 0, not {bound['seed']}")
        return step(*given, **named)

    return entry


def _misfit(parameters: Mapping[str, inspect.Parameter], n_given: int, named: Iterable[str]) -> str:
    """What is wrong with a call: an argument that there is not, too many without a name, or some that it lacks."""
    names = [name for name in parameters if name != "self"]
    unknown = [name for name in named if name not in parameters]
    if unknown:
        return f"has no argument '{unknown[0]}'; {nearest(unknown[0], names)}"
    by_place = [each.name for each in parameters.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    given = {*named, *by_place[:n_given]}
    lacking = [
        each.name
        for each in parameters.values()
        if each.default is each.empty and each.kind is not each.VAR_POSITIONAL and each.name not in given
    ]
    if lacking:
        return f"needs {', '.join(lacking)}"
    return f"takes {', '.join(by_place)} by place; name the others: {', '.join(names[len(by_place) :])}"


def require(value: object, wanted: Sequence[Kind], name: str) -> None:
    """Raise ``TypeError`` unless a value is of one of the kinds.

    >>> require(3.5, kinds("int | None"), "threads")
    Traceback (most recent call last):
    TypeError: threads: must be a whole number or None, not float
    """
    if any(each.fits(value) for each in wanted):
        return
    said = [each.said for each in wanted]
    more = [_HOW_TO_GET[each] for each in said if each in _HOW_TO_GET]
    more += [_MEANT[each] for each in (name,) if each in _MEANT and not more]
    raise TypeError("; ".join([f"{name}: must be {' or '.join(said)}, not {_type_of(value)}", *more]))


def kinds(annotation: str) -> tuple[Kind, ...]:
    """Those of an annotation; none if any of its parts is unknown, so that anything goes.

    >>> [each.said for each in kinds("Sequence[str] | Links | None")], kinds("object | None")
    (['a sequence, each text', 'of the type Links', 'None'], ())
    """
    return _kinds_of(ast.parse(annotation, mode="eval").body)


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
        return Kind(lambda value: isinstance(value, Iterable) and not isinstance(value, str | bytes), "iterable")
    if container not in ("Sequence", "Collection", "tuple"):
        return None
    alike = len({ast.unparse(each) for each in content if ast.unparse(each) != "..."}) == 1
    inner = _kinds_of(content[0]) if alike and not isinstance(content[0], ast.Subscript) else ()
    n = len(content) if container == "tuple" and ast.unparse(content[-1]) != "..." else None

    def fits(value: object) -> bool:
        if isinstance(value, str | bytes) or not (isinstance(value, Iterable) and isinstance(value, Sized)):
            return False
        if container != "Collection" and isinstance(value, AbstractSet | Mapping):  # which have no order
            return False
        if n is not None and len(value) != n:
            return False
        return not inner or all(any(kind.fits(each) for kind in inner) for each in value)

    each = f", each {' or '.join(kind.said for kind in inner)}" if inner else ""
    said = f"a tuple of {n}" if n is not None else "a collection" if container == "Collection" else "a sequence"
    return Kind(fits, said + each)


def _kind_of_ours(name: str) -> Kind | None:
    import linkage  # it has all of them

    own = getattr(linkage, name, None)
    return Kind(lambda value: isinstance(value, own), f"of the type {name}") if isinstance(own, type) else None


def _type_of(value: object) -> str:
    """Its name, and that of the first that it holds which is no text: never a value, which could be a person's."""
    held = value if isinstance(value, list | tuple) else ()
    inner = next((f" of {type(each).__name__}" for each in held if not isinstance(each, str)), "")
    return type(value).__name__ + inner


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


_SIMPLE: Mapping[str, Kind] = {
    "int": Kind(_is_whole, "a whole number"),
    "float": Kind(_is_number, "a number"),
    "bool": Kind(lambda value: isinstance(value, bool), "True or False"),
    "str": Kind(lambda value: isinstance(value, str), "text"),
    "bytes": Kind(lambda value: isinstance(value, bytes), "bytes"),
    "Measure": Kind(lambda value: isinstance(value, str), "text"),
    "Columns": Kind(lambda value: value is None or isinstance(value, Mapping), "a mapping"),
    "PathLike": Kind(lambda value: isinstance(value, str | os.PathLike), "a path"),
}

_HOW_TO_GET: Mapping[str, str] = {
    "of the type Key": "make one with Key.generate() or read it with Key.load(path)",
    "of the type Schema": "read the agreement with Schema.load(path) or make one with Schema.preset(name)",
    **{
        f"of the type {name}": f"read it with {name}.load(path)" for name in ("EncodedSet", "Links", "Model", "Release")
    },
    "of the type CaseList": "read it with CaseList.load(path)",
}
_MEANT: Mapping[str, str] = {
    "id": "the name of the column of record ids; number the records if there is none",
    "clks": "bitarray objects, such as bitarray('1010'); a file of base64 is read by read_clks",
    "duplicates": 'sources, such as ["police"]',
    "present_in": 'sources, such as ["school"]',
    "runs": "such as {'registry x police': (links, truth)}",
    "columns": 'a dict from field to column, such as {"surname": "last_name", "sex": None}',
}
