"""Arguments of another kind than asked for: most often the path of a file that holds what was meant."""

import pytest

import linkage as lk

KEY = lk.Key.generate()
TABLE = {"no": ["1", "2"], "surname": ["Lee", "Ray"]}
SCHEMA = lk.Schema(project="arguments", fields=(lk.Field(name="surname", type="name"),))
SET = lk.encode(TABLE, SCHEMA, KEY, id="no", source="x", progress=False)
RELEASE, CASES = ("r.parquet", "c.parquet")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: lk.compare("a.parquet", SET, threshold=0.8),
            "an encoded set: must be of the type EncodedSet, not str; read it",
        ),
        (lambda: lk.compare(SET, "b.parquet", threshold=0.8), r"an encoded set: .*EncodedSet.load\(path\)"),
        (lambda: lk.nearest_records("a", SET, k=1), "an encoded set: must be of the type EncodedSet"),
        (lambda: lk.plan(None, SET, threshold=0.8), "an encoded set: must be of the type EncodedSet, not NoneType"),
        (lambda: lk.fit(None), "an encoded set: must be of the type EncodedSet"),
        (lambda: lk.overlap("links.parquet"), r"links: must be of the type Links, not str; read it with Links.load"),
        (lambda: lk.report("links.parquet", "r.html"), "links: must be of the type Links"),
        (lambda: lk.rejoin(RELEASE, TABLE, KEY, id="no"), "release: must be of the type Release, not str"),
        (lambda: lk.open_cases(CASES, TABLE, KEY, id="no"), "cases: must be of the type CaseList, not str"),
        (lambda: lk.refine(None, SET, SET, {}), "model: must be of the type Model, not NoneType"),
        (lambda: lk.bridge(TABLE, KEY, None, id="no", source="x", project="p"), "key: make one with Key.generate"),
        (lambda: lk.withdrawal(TABLE, "project.key", id="no", source="x", project="p"), "key: make one"),
        (lambda: lk.encode(TABLE, SCHEMA, KEY, id="no", source="x", id_key=7), "key: make one"),
    ],
)
def test_entry__says_which_argument_is_of_another_kind_and_how_to_read_it(call, says):
    """Most were an AttributeError, or "unexpected" with the place in our code where it came out."""
    with pytest.raises(TypeError, match=says):
        call()
