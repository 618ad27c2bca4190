"""Arguments of another kind than a function asks for, named before anything is done with them.

Most often it is the path of a file that holds what was meant. Without this it comes out later, as an ``AttributeError``
or, from the steps that see people, as "unexpected" with a place in our code. What is asked for is what the signature
says (`linkage.argumentkinds`): there is no second list to keep in step with it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from linkage.argumentkinds import Kind, UnfitError, chosen, kinds
from linkage.errors import nearest

Given = ParamSpec("Given")
Made = TypeVar("Made")

_OWN = ("self", "cls")
_HOW_TO_GET: Mapping[str, str] = {
    "of the type Key": "make one with Key.generate() or read it with Key.load(path)",
    "of the type Schema": "read the agreement with Schema.load(path) or make one with Schema.preset(name)",
    "of the type EncodedSet": "read it with EncodedSet.load(path)",
    "of the type Links": "read it with Links.load(path)",
    "of the type Model": "read it with Model.load(path)",
    "of the type Release": "read it with Release.load(path)",
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
            bound = signature.bind(*given, **named)
        except TypeError:
            raise TypeError(f"{step.__name__}() {_misfit(signature.parameters, len(given), named)}") from None
        own = bound.arguments
        for name, wanted in kinds_of_all().items():
            if name in own:
                several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
                taken = tuple(require(value, wanted, name) for value in (own[name] if several else (own[name],)))
                own[name] = taken if several else taken[0]
        if own.get("seed", 0) < 0:
            raise ValueError(f"seed: at least 0, not {own['seed']}")
        return step(*bound.args, **bound.kwargs)

    return entry


def require(value: object, wanted: Sequence[Kind], name: str) -> object:
    """The value as it is given on; ``TypeError`` unless it is of one of the kinds.

    >>> require(3.5, kinds("int | None"), "threads")
    Traceback (most recent call last):
    TypeError: threads: must be a whole number or None, not float
    """
    kind = chosen(value, wanted)
    if kind is None:
        said = [each.said for each in wanted]
        more = [_HOW_TO_GET[each] for each in said if each in _HOW_TO_GET]
        more += [_MEANT[each] for each in (name,) if each in _MEANT and not more]
        raise TypeError("; ".join([f"{name}: must be {' or '.join(said)}, not {_type_of(value)}", *more]))
    try:
        return kind.given_on(value)
    except UnfitError as error:
        reason = str(error)
    raise ValueError(f"{name}: {reason}")


def _misfit(parameters: Mapping[str, inspect.Parameter], n_given: int, named: Iterable[str]) -> str:
    """What is wrong with a call: an argument that there is not, one given twice, some that it lacks, or too many."""
    by_place = [each.name for each in parameters.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    by_name = [each.name for each in parameters.values() if each.kind is each.KEYWORD_ONLY]
    names = [name for name in (*by_place, *by_name) if name not in _OWN]
    unknown = [name for name in named if name not in names]
    if unknown and names:
        return f"has no argument '{unknown[0]}'; {nearest(unknown[0], names)}"
    twice = [name for name in by_place[:n_given] if name in named]
    if twice:
        return f"is given {twice[0]} twice, by place and by name"
    given = {*named, *by_place[:n_given]}
    lacking = [name for name in names if parameters[name].default is inspect.Parameter.empty and name not in given]
    if lacking:
        return f"needs {', '.join(lacking)}"
    own = [name for name in by_place if name not in _OWN]
    others = f"; name the others: {', '.join(by_name)}" if by_name else ""
    return f"takes {', '.join(own) or 'none'} by place{others}"


def _type_of(value: object) -> str:
    """Its name, and that of the first that it holds which is no text: never a value, which could be a person's."""
    held = value if isinstance(value, list | tuple) else ()
    inner = next((f" of {type(each).__name__}" for each in held if not isinstance(each, str)), "")
    return type(value).__name__ + inner
