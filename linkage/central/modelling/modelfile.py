"""The file of a model: JSON that a person can read, and that nobody can change unnoticed.

::

    format      "model 2"
    schema      the agreement, as every encoded file holds it
    matches     expected number of them, in the sets that the model was fitted to
    households  pairs of one household for a record of the smaller set
    moved       share of the matches whose home is another
    steps       that estimation took; 0 for a model that was given
    converged   whether estimation had settled
    fields      by filter: its name, the labels of its levels, and m, u and h by level
    content     SHA-256 of all the above; it finds damage and slips of the hand, not malice
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

from linkage.canonical import from_canonical
from linkage.central.modelling.levels import Comparison, comparisons
from linkage.central.modelling.model import FieldWeights, Model
from linkage.central.modelling.modelgiven import count, require_fields_layout, share_moved, shares
from linkage.errors import FileFormatError, LimitError, SchemaError
from linkage.files import PathLike, written_beside
from linkage.jsonfile import read_json

FORMAT = "model 2"
# a model of 64 fields takes 100 kB; the rest is for long lists of codes in the agreement
_MAX_MEMORY = 64 << 20
_MAX_STEPS = 1_000_000
_MOST_SAID = 300
_KEYS = ("format", "schema", "matches", "households", "moved", "steps", "converged", "fields", "content")
_KEYS_OF_A_FIELD = ("field", "levels", "m", "u", "h")
T = TypeVar("T")


def save(model: Model, path: PathLike) -> None:
    """See `Model.save`."""
    content = _content(model)
    _model(content)  # what could not be loaded again is an error now
    with written_beside(path) as part:
        part.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def load(path: PathLike) -> Model:
    """See `Model.load`."""
    place = Path(path)
    try:
        return _model(read_json(place, max_bytes=_MAX_MEMORY))
    except LimitError:
        reason = "larger than a model can be"
    except FileFormatError:
        raise
    except ValueError as error:  # of which `SchemaError` is one
        reason = str(error)
    raise FileFormatError(f"{place}: {reason}", path=str(place), reason="model")


def to_text(model: Model) -> str:
    """The content of the file, as one line."""
    return json.dumps(_content(model), allow_nan=False)


def from_text(text: str) -> Model:
    """The model of such a line. Raises ``ValueError`` saying what is wrong."""
    try:
        return _model(json.loads(text))
    except json.JSONDecodeError:
        raise ValueError("not JSON") from None
    except RecursionError:
        raise ValueError("nested too deep") from None


def _content(model: Model) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format": FORMAT,
        "schema": model.schema.canonical(),
        "matches": float(model.matches),
        "households": float(model.households),
        "moved": float(model.moved),
        "steps": int(model.steps),
        "converged": bool(model.converged),
        "fields": [
            {
                "field": item.comparison.name,
                "levels": item.comparison.labels(),
                "m": list(item.m),
                "u": list(item.u),
                "h": list(item.h),
            }
            for item in model.fields
        ],
    }
    return content | {"content": _digest(content)}


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _model(content: object) -> Model:
    """The model that a file holds; ``ValueError`` says what is wrong, and where."""
    if not isinstance(content, dict) or not isinstance(content.get("format"), str):
        raise ValueError("JSON, but not a model; those come from `linkage fit` or Model.save")
    if content["format"] != FORMAT:
        raise ValueError(f"not a model as this release writes it ('{FORMAT}'): fit or give it again")
    _require_keys(content, _KEYS, "the model")
    try:
        schema = from_canonical(_of_type(content, "schema", str))
    except SchemaError as error:  # it may quote the file
        said = "".join(letter if letter.isprintable() else "?" for letter in str(error)[:_MOST_SAID])
        raise ValueError(f"schema: {said}") from None
    require_fields_layout(schema)
    steps = _of_type(content, "steps", int)
    if not 0 <= steps <= _MAX_STEPS:
        raise ValueError("steps: not a number of steps")
    plan, fields = comparisons(schema), _of_type(content, "fields", list)
    if len(fields) != len(plan):
        raise ValueError(f"fields: {len(fields):,} are there, the agreement has {len(plan)}")
    model = Model(
        schema,
        tuple(_field(item, given) for item, given in zip(plan, fields, strict=True)),
        matches=count(content["matches"], "matches"),
        households=count(content["households"], "households"),
        steps=steps,
        converged=_of_type(content, "converged", bool),
        moved=share_moved(content["moved"]),
    )
    if _content_digest(model) != content["content"]:
        raise ValueError(
            "not what was written: a figure was changed. To give a model of your own, use Model.of on an edited "
            "Model.to_arrow"
        )
    return model


def _content_digest(model: Model) -> object:
    # of the model, not of the file: line breaks and the order of names may change on the way
    return _content(model)["content"]


def _field(comparison: Comparison, given: object) -> FieldWeights:
    where = f"field '{comparison.name}'"
    if not isinstance(given, dict):
        raise ValueError(f"fields: {where} is not an object")
    _require_keys(given, _KEYS_OF_A_FIELD, where)
    if given["field"] != comparison.name:
        raise ValueError(f"fields: {where} has another name; they stand in the order of the agreement")
    if given["levels"] != comparison.labels():
        raise ValueError(f"{where}: its levels are not those of this release, which are {comparison.labels()}")
    for which in ("m", "u", "h"):
        if not isinstance(given[which], list) or len(given[which]) != comparison.levels:
            raise ValueError(f"{where}, {which}: must have a number for each of its {comparison.levels} levels")
    m, u, h = (shares(given[which], comparison, which) for which in ("m", "u", "h"))
    return FieldWeights(comparison, m, u, h)


def _require_keys(content: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    lacking = [key for key in keys if key not in content]
    if lacking:
        raise ValueError(f"{where} lacks {', '.join(lacking)}")
    if len(content) > len(keys):
        raise ValueError(f"{where} has something more than {', '.join(keys)}")


def _of_type(content: dict[str, Any], key: str, kind: type[T]) -> T:
    value = content[key]
    if type(value) is not kind:  # not isinstance: True is an int, and no number of steps
        raise ValueError(f"{key}: must be of type {kind.__name__}")
    found: T = value
    return found
