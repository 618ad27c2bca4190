"""Every format that this library reads: a small file of it, what reading gives, and how it is damaged."""

from __future__ import annotations

import contextlib
import json
import shutil
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import linkage as lk
from linkage import Block, EncodedSet, Field, Group, Key, Links, Release, Schema, encode, journal, ledger
from linkage.central.modelling import modelfile
from linkage.rows import ContentDigest
from tests.hostile import forgeries, runs
from tests.hostile.mutants import of_bytes, of_text

KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
SCHEMA = Schema(
    project="mutation",
    fields=(Field(name="surname", type="name"), Field(name="dob", type="date", bits=100)),
    groups=(Group(name="ward", smallest=1),),
    blocks=(Block(name="born", keys=("dob:year",)), Block(name="sound", keys=("surname:sound",))),
)


@dataclass(frozen=True)
class Format:
    """One way in.

    make     writes a small file into a folder and returns its path
    read     what the library makes of a file, all of it, as a value that can be compared
    damage   a mutant of bytes
    sealed   whether a changed value without an error is a defect: a digest in the file promises otherwise
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    damage: Callable[[bytes, int], bytes]
    sealed: bool


# ---- encoded sets, links, releases, cases -----------------------------------------------------------------------


def encoded_file(path: Path, n: int = 60, source: str = "police", **options) -> Path:
    table = {
        "no": [f"N{row}" for row in range(n)],
        "surname": [f"Lee{row % 13}" if row % 7 else None for row in range(n)],
        "dob": [f"{1950 + row % 70}-01-{1 + row % 28:02}" for row in range(n)],
        "ward": [f"E0{row % 3}" for row in range(n)],
    }
    encode(table, SCHEMA, KEY, id="no", source=source, out=path, progress=False, **options)
    return path


def read_encoded(path: Path) -> object:
    loaded = EncodedSet.load(path, max_bytes=1 << 30)
    total = ContentDigest()
    for rows in loaded.batches(100):
        total.update(rows)
    whole = EncodedSet.load(path, max_bytes=1 << 30)
    assert whole.to_arrow().num_rows == len(whole.record_ids) == len(whole)
    assert whole._repr_html_()
    return loaded.schema.canonical(), loaded.source, loaded.key_check, len(loaded), loaded.digest(), total.hexdigest()


def links() -> Links:
    """Links of two sources."""
    ids = {source: [f"{source[0]}{row:030}" for row in range(40)] for source in ("police", "school")}
    linked = [f"{row:032x}" if row % 3 == 0 else None for row in range(40)]
    pairs = {
        "left_source": ["police"] * 14, "left_id": ids["police"][::3],
        "right_source": ["school"] * 14, "right_id": ids["school"][::3],
        "match_weight": [float(row) for row in range(14)], "probability": [row / 14 for row in range(14)],
    }  # fmt: skip
    records = {
        "source": ["police"] * 40 + ["school"] * 40, "record_id": ids["police"] + ids["school"], "link_id": linked * 2
    }  # fmt: skip
    return Links(
        pa.table(pairs), pa.table(records), ("police", "school"), SCHEMA, KEY.check("mutation"),
        {"probability": 0.5}, bytes(range(32)),
    )  # fmt: skip


def kept_links_file(path: Path) -> Path:
    """A result that is carried on, with what it keeps, its quality and its events."""
    people = lk.study.invent(300, seed=5, agencies=["registry", "childrens_centre", "primary_school"])
    schema = Schema.preset("uk-person", project="mutation")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = [
            encode(people[name], schema, KEY, id=people.ids[name], source=name, columns=people.held(name, schema),
                   progress=False) for name in people.ids
        ]  # fmt: skip
        first = lk.link(*sets[:2], progress=False)
        lk.link(*sets, standing=first, progress=False).save(path)
    return path


def read_links(path: Path) -> object:
    loaded = Links.load(path)
    assert len(loaded) == loaded.to_arrow().num_rows
    assert repr(loaded) and loaded._repr_html_() and loaded.run
    for source in loaded.sources:
        assert loaded.release(source, present_in=loaded.sources[:1])._repr_html_()
    tables = [table.to_pydict() for table in (loaded.pairs, loaded.records, loaded.conflicts, loaded.events)]
    if loaded.kept is not None:
        kept = loaded.kept
        tables += [kept.footer(), *(table.to_pydict() for table in (kept.pairs, kept.contents, kept.known))]
    quality = None if loaded.quality is None else (str(loaded.quality), json.dumps(loaded.quality.to_json()))
    sealed = loaded.sources, loaded.schema.canonical(), loaded.key_check, dict(loaded.cut), loaded.release_key
    return tables, quality, sealed


def read_release(path: Path) -> object:
    loaded = Release.load(path)
    assert repr(loaded) and loaded._repr_html_()
    return loaded.table.to_pydict(), loaded.project, loaded.source, loaded.key_check, loaded.run


def release_file(path: Path, **options) -> Path:
    links().release("police", **options).save(path)
    return path


def cases_file(path: Path) -> Path:
    names = ("case", "record_id", "surname", "dob")
    rows = {name: [f"{name}{row:028}" if name != "dob" else "differs" for row in range(20)] for name in names}
    lk.CaseList(pa.table(rows), "mutation", "police", KEY.check("mutation"), "0123456789abcdef").save(path)
    return path


def read_cases(path: Path) -> object:
    loaded = lk.CaseList.load(path)
    assert loaded._repr_html_()
    return loaded.table.to_pydict(), loaded.project, loaded.source, loaded.key_check, loaded.run


# ---- JSON, TOML and lines ---------------------------------------------------------------------------------------


def model_file(path: Path) -> Path:
    people = lk.study.invent(300, seed=5, agencies=["registry", "childrens_centre"])
    schema = Schema(project="mutation", fields=SCHEMA.fields)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = [
            encode(people[name], schema, KEY, id=people.ids[name], source=name, columns=people.held(name, schema),
                   progress=False) for name in people.ids
        ]  # fmt: skip
        lk.fit(*sets, progress=False).save(path)
    return path


def read_model(path: Path) -> object:
    loaded = lk.Model.load(path)
    assert str(loaded) and loaded._repr_html_()
    assert loaded.to_arrow().num_rows and loaded.doubts(100) is not None
    return modelfile.to_text(loaded)


def agreement_file(path: Path) -> Path:
    path.write_text(
        'version = 1\nproject = "early-help"\nlayout = "record"\nbits = 512\n\n'
        '[[field]]\nname = "given_name"\ntype = "name"\nq = 3\nclean = ["case", "titles"]\n'
        'placeholders = ["none", "x"]\n\n'
        '[[field]]\nname = "dob"\ntype = "date"\nday_first = false\nweight = 2.5\nmissing = "refuse"\n\n'
        '[[field]]\nname = "age"\ntype = "number"\nstep = 0.5\nreach = 4\nhashes = 7\n\n'
        '[[field]]\nname = "kind"\ntype = "category"\ncodes = { A = ["one", "eins"], B = ["two"] }\n\n'
        '[harden]\nfold = 1\n\n[[group]]\nname = "ward"\nsmallest = 5\n\n'
        '[[block]]\nname = "sound"\nkeys = ["given_name:sound", "dob:year"]\n'
    )
    Schema.load(path)
    return path


def read_agreement(path: Path) -> object:
    loaded = Schema.load(path)
    again = path.with_name("again.toml")
    loaded.save(again)
    assert Schema.load(again).fingerprint() == loaded.fingerprint()
    assert loaded._repr_html_()
    return loaded.fingerprint()


def key_file(path: Path) -> Path:
    KEY.save(path)
    return path


def read_key(path: Path) -> object:
    return Key.load(path).check("mutation")


def log_file(path: Path) -> Path:
    for number in range(6):
        journal.append(path, "encode", who="x", counts={"records": number}, seconds=0.25)
    # the verifier is given the last hash, as the other agencies keep it
    path.with_suffix(".head").write_text(journal.verify(path).head)
    return path


def read_log(path: Path) -> object:
    head = path.with_name("log.head").read_text()
    found = journal.verify(path, head=head)
    carried_on = shutil.copy(path, path.with_name("carried on"))
    journal.append(carried_on, "link")
    assert journal.verify(carried_on).lines == found.lines + 1
    return found


def read_forged_log(path: Path) -> object:
    found = journal.verify(path)
    carried_on = shutil.copy(path, path.with_name("carried on"))
    journal.append(carried_on, "link")
    assert journal.verify(carried_on).lines == found.lines + 1
    return found


def ledger_file(path: Path) -> Path:
    shown = {"a, b": ledger.Count(17, 15), "a": ledger.Count(3, None), "all": ledger.Count(20, 20)}
    counts = {json.dumps((known_to, "north")): count for known_to, count in shown.items()}
    by_ward, of_all = json.dumps([["a", "b"], "ward"]), json.dumps([["a", "b"], None, "a"])
    ledger.save(path, [ledger.Entry(by_ward, "strict", 400, counts), ledger.Entry(of_all, "hes", 390, counts)])
    return path


def read_ledger(path: Path) -> object:
    loaded = ledger.load(path)
    again = path.with_name("again.json")
    ledger.save(again, loaded)
    assert ledger.load(again) == loaded
    return loaded


# ---- clkhash and anonlink ---------------------------------------------------------------------------------------


def clks_file(path: Path) -> Path:
    path.write_text(json.dumps({"clks": ["/w8A" * 4, "AAAA" * 4, "q83v" * 4] * 5}))
    return path


def blocked_clks_file(path: Path) -> Path:
    path.write_text(json.dumps({"clknblocks": [["/w8A" * 4, "1", "22"], ["AAAA" * 4], ["q83v" * 4, "7"]] * 5}))
    return path


def read_clks(path: Path) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        loaded = lk.interop.read_clks(path, source="x", max_bytes=1 << 28)
    assert len(loaded) == loaded.to_arrow().num_rows
    return loaded.digest(), loaded.schema.fingerprint(), len(loaded)


def clkhash_schema_file(path: Path, version: int) -> Path:
    config: dict = {"l": 1024, "kdf": {"type": "HKDF", "hash": "SHA256", "salt": "c2FsdA==", "info": "", "keySize": 64}}
    text = {"type": "string", "encoding": "utf-8", "case": "mixed", "minLength": 1, "maxLength": 40}
    number = {"type": "integer", "minimum": 0, "maximum": 120}
    if version == 3:
        ways: list[dict] = [
            {"comparison": {"type": "ngram", "n": 2, "positional": True}, "strategy": {"bitsPerToken": 10}},
            {"comparison": {"type": "numeric", "thresholdDistance": 5, "resolution": 2, "fractionalPrecision": 1},
             "strategy": {"bitsPerFeature": 100}, "hash": {"type": "doubleHash"}},
        ]  # fmt: skip
    elif version == 2:
        ways = [{"ngram": 2, "strategy": {"k": 10}}, {"ngram": 1, "positional": True, "strategy": {"numBits": 100}}]
    else:
        config |= {"k": 30, "hash": {"type": "blakeHash"}}
        ways = [{"ngram": 2, "weight": 1.5}, {"ngram": 1, "positional": True}]
    features = [{"identifier": "row", "ignored": True}] + [
        {"identifier": name, "format": given, "hashing": way}
        for name, given, way in zip(("surname", "age"), (text, number), ways, strict=True)
    ]
    path.write_text(json.dumps({"version": version, "clkConfig": config, "features": features}, indent=1))
    return path


def read_clkhash_schema(path: Path) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        loaded = Schema.from_clkhash(path)
        lk.interop.encode_clkhash(
            {"row": ["1", "2"], "surname": ["Lee", "Ray"], "age": ["12", "30"]}, loaded, b"secret of the test",
            source="x",
        )  # fmt: skip
    return loaded.fingerprint()


def groups_file(path: Path) -> Path:
    path.write_text(json.dumps([[[0, row], [1, row + 3]] for row in range(20)]))
    return path


def read_groups(path: Path) -> object:
    found = lk.interop.read_groups(path, max_bytes=1 << 28)
    lk.interop.write_groups(found, path.with_name("again.json"))
    assert sorted(map(sorted, lk.interop.read_groups(path.with_name("again.json")))) == sorted(map(sorted, found))
    return found


def candidate_pairs_file(path: Path) -> Path:
    import numpy as np

    rows = np.zeros(20, np.dtype([("similarity", "<f8"), ("datasets", "<u4", 2), ("records", "<u4", 2)]))
    rows["similarity"], rows["datasets"] = np.linspace(1, 0.5, 20), (0, 1)
    rows["records"] = np.arange(40).reshape(20, 2)
    path.write_bytes(bytes((1, 8, 4, 4)) + rows.tobytes())
    return path


SETS: list[EncodedSet] = []


def _sets() -> list[EncodedSet]:
    if not SETS:
        SETS.extend((_numbered_set(), _numbered_set("y")))
    return SETS


def _numbered_set(source: str = "x") -> EncodedSet:
    import numpy as np

    schema = Schema(project="mutation", layout="record", bits=64, fields=(Field(name="surname", type="name"),))
    ids = [f"{row:010}" for row in range(40)]
    return EncodedSet.from_arrays(
        ids, {"record": np.arange(1, 41, dtype=np.uint64)[:, None]}, schema=schema, source=source
    )


def read_candidate_pairs(path: Path) -> object:
    found = lk.interop.read_candidate_pairs(path, *_sets(), max_bytes=1 << 28)
    return found.left.tolist(), found.right.tolist(), found.similarity.tolist()


def pairs_file(path: Path) -> Path:
    left, right = _sets()
    lk.write_pairs(lk.compare_in_parts(left, right, threshold=0.6, progress=False), path)
    return path


def read_pairs(path: Path) -> object:
    from linkage.interop import resulttables

    found = resulttables.read_pairs(path, *_sets(), max_bytes=1 << 28)
    return found.left.tolist(), found.right.tolist(), found.similarity.tolist()


def blocks_file(path: Path) -> Path:
    from linkage.interop import blocks

    blocks.write_blocks(_sets()[0], [(str(row % 3), "ward") for row in range(40)], path)
    return path


def read_blocks(path: Path) -> object:
    from linkage.interop import blocks

    return blocks.read_blocks(path, _sets()[0], max_bytes=1 << 28)


# ---- tables -----------------------------------------------------------------------------------------------------

ROWS = {
    "case_no": ["1", "2", "3", "4"],
    "surname": ["O'Brien", 'Smith "Bob"', "İnci, née Şahin", "李"],
    "dob": ["2001-02-03", "", "03/04/1999", "1985"],
    "ward": ["E01", "E01", "E02", "E02"],
}


def csv_file(path: Path) -> Path:
    cells = [list(ROWS), *map(list, zip(*ROWS.values(), strict=True))]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in row) for row in cells]
    path.write_text("\n".join(quoted) + "\n", encoding="utf-8")
    return path


def table_file(path: Path) -> Path:
    pq.write_table(pa.table(ROWS), path)
    return path


def read_table(path: Path) -> object:
    columns = {"record_id": "case_no"}
    made = encode(path, SCHEMA, KEY, id=columns["record_id"], source="x", progress=False)
    problems = SCHEMA.check(path, id="case_no")
    return made.digest(), [item._asdict() for item in problems]


def ids_file(path: Path) -> Path:
    pq.write_table(pa.table({"record_id": links().records["record_id"][:10]}), path)
    return path


def decisions_file(path: Path) -> Path:
    rows = [f"police,{row:032x},school,{row + 7:032x},{'true' if row % 2 else 'false'}" for row in range(10)]
    path.write_text("left_source,left_id,right_source,right_id,same\n" + "\n".join(rows) + "\n")
    return path


def decisions_table(path: Path) -> Path:
    ids = [f"{row:032x}" for row in range(10)]
    rows = {"left_source": ["police"] * 10, "left_id": ids, "right_source": ["school"] * 10, "right_id": ids[::-1]}
    pq.write_table(pa.table(rows | {"same": ["true", "no", None, "unsure", ""] * 2}), path)
    return path


def read_known(path: Path) -> object:
    from linkage.central.overtime.told import latest
    from linkage.commands.tablefiles import table_of
    from linkage.decisions import decided_pairs
    from linkage.kept import no_known

    with _as_commands_do():
        return latest(no_known(), decided_pairs(table_of(str(path)), "known")).to_pydict()


def read_gone(path: Path) -> object:
    from linkage.central.overtime import told
    from linkage.commands.tablefiles import table_of

    ids = table_of(str(path), "record_id")
    with _as_commands_do():
        return told.withdrawn({"police": ids}, [], links())


@contextlib.contextmanager
def _as_commands_do() -> Iterator[None]:
    """A fault that our own code finds in an argument is one of the file, which a command took it from."""
    try:
        yield
    except (ValueError, TypeError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1].filename
        if not Path(where).is_relative_to(Path(lk.__file__).parent):
            raise
        raise lk.LinkageError(str(error)) from None


def bridge_file(path: Path) -> Path:
    ids = links().records.to_pylist()
    rows = [f"{row['record_id']},{row['record_id'][::-1]}x\n" for row in ids if row["source"] == "police"]
    path.write_text("old_record_id,new_record_id\n" + "".join(rows))
    return path


def read_bridge(path: Path) -> object:
    from linkage.central.overtime import batches, told
    from linkage.commands.tablefiles import table_of

    with _as_commands_do():
        return batches._under_new_ids(
            links(), told.new_ids({"police": table_of(str(path))}, links())
        ).records.to_pydict()


def review_rows() -> dict[str, list[str]]:
    numbers = [f"{row:016x}" for row in range(10)]
    sides = {"left_source": ["police"] * 10, "left_id": [f"p{row:030}" for row in range(10)]}
    sides |= {"right_source": ["school"] * 10, "right_id": [f"s{row:030}" for row in range(10)]}
    return {"case": numbers, **sides, "surname": ["differs"] * 10}


def review_file(path: Path) -> Path:
    rows = review_rows()
    lines = [",".join(row) for row in zip(*rows.values(), strict=True)]
    path.write_text("\n".join([",".join(rows), *lines]) + "\n")
    return path


def review_table(path: Path) -> Path:
    pq.write_table(pa.table(review_rows()), path)
    return path


def read_review(path: Path) -> object:
    from linkage.central.reviewing.review import settled
    from linkage.commands.tablefiles import table_of
    from linkage.decisions import PAIR

    told = {"police": pa.table({"case": review_rows()["case"], "same": [True, False] * 5})}
    with _as_commands_do():
        return [table.to_pydict() for table in settled(table_of(str(path), "case", *PAIR), told)]


def answers_file(path: Path) -> Path:
    path.write_text("case,same\n" + "".join(f"{row:016x},{'yes' if row % 2 else ''}\n" for row in range(10)))
    return path


def read_answers(path: Path) -> object:
    from linkage.central.reviewing.review import settled
    from linkage.commands.tablefiles import table_of

    with _as_commands_do():
        return [
            table.to_pydict() for table in settled(pa.table(review_rows()), {"police": table_of(str(path), "case")})
        ]


def truth_file(path: Path) -> Path:
    ids = [f"p{row:030}" for row in range(0, 40, 3)], [f"s{row:030}" for row in range(0, 40, 3)]
    path.write_text("left_id,right_id\n" + "".join(f"{left},{right}\n" for left, right in zip(*ids, strict=True)))
    return path


def read_truth(path: Path) -> object:
    return str(lk.evaluate(links(), path))


# ---- all of them ------------------------------------------------------------------------------------------------


def _saved(path: Path, made: Links) -> Path:
    made.save(path)
    return path


def _format(make, name, read, damage, *, sealed=False) -> Format:
    return Format(lambda folder: make(folder / name), read, damage, sealed)


def _of_run(part: str, damage, *, sealed=False) -> Format:
    """A file of a run's folder."""
    return _format(
        lambda path: runs.run_file(path, part), f"of {part}", lambda path: runs.read_run(path, part), damage,
        sealed=sealed,
    )  # fmt: skip


FORMATS = {
    "encoded set": _format(encoded_file, "a.parquet", read_encoded, of_bytes, sealed=True),
    "encoded set, row groups": _format(
        lambda path: encoded_file(path, 30, memory=1), "b.parquet", read_encoded, of_bytes, sealed=True
    ),
    "encoded set, forged": _format(encoded_file, "c.parquet", read_encoded, forgeries.parquet),
    "links": _format(lambda path: _saved(path, links()), "d.parquet", read_links, of_bytes, sealed=True),
    "links, carried on": _format(kept_links_file, "e.parquet", read_links, of_bytes, sealed=True),
    "links, forged": _format(lambda path: _saved(path, links()), "f.parquet", read_links, forgeries.parquet),
    "links, carried on, forged": _format(kept_links_file, "g.parquet", read_links, forgeries.parquet),
    "release": _format(release_file, "h.parquet", read_release, of_bytes, sealed=True),
    "release with confidence": _format(
        lambda path: release_file(path, confidence=True), "i.parquet", read_release, of_bytes, sealed=True
    ),
    "release, forged": _format(release_file, "j.parquet", read_release, forgeries.parquet),
    "cases": _format(cases_file, "k.parquet", read_cases, of_bytes, sealed=True),
    "cases, forged": _format(cases_file, "l.parquet", read_cases, forgeries.parquet),
    "model": _format(model_file, "model.json", read_model, of_text, sealed=True),
    "model, forged": _format(model_file, "forged.json", read_model, forgeries.model),
    "agreement": _format(agreement_file, "agreement.toml", read_agreement, of_text),
    "key": _format(key_file, "project.key", read_key, of_text, sealed=True),
    "log": _format(log_file, "log.jsonl", read_log, of_text, sealed=True),
    "log, forged": _format(log_file, "forged.jsonl", read_forged_log, forgeries.log),
    "ledger": _format(ledger_file, "ledger.json", read_ledger, of_text),
    "CLKs": _format(clks_file, "clks.json", read_clks, of_text),
    "CLKs with blocks": _format(blocked_clks_file, "clknblocks.json", read_clks, of_text),
    **{
        f"clkhash schema {version}": _format(
            lambda path, version=version: clkhash_schema_file(path, version), f"schema{version}.json",
            read_clkhash_schema, of_text,
        ) for version in (1, 2, 3)
    },
    "groups": _format(groups_file, "groups.json", read_groups, of_text),
    "candidate pairs": _format(candidate_pairs_file, "candidates", read_candidate_pairs, of_bytes),
    "pairs": _format(pairs_file, "pairs.parquet", read_pairs, of_bytes),
    "blocks": _format(blocks_file, "blocks.json", read_blocks, of_text),
    "CSV": _format(csv_file, "table.csv", read_table, of_text),
    "table in Parquet": _format(table_file, "table.parquet", read_table, of_bytes),
    "record ids": _format(ids_file, "ids.parquet", read_gone, of_bytes),
    "known pairs": _format(decisions_file, "known.csv", read_known, of_text),
    "decisions in Parquet": _format(decisions_table, "decisions.parquet", read_known, of_bytes),
    "answers to cases": _format(answers_file, "answers.csv", read_answers, of_text),
    "bridge": _format(bridge_file, "bridge.csv", read_bridge, of_text),
    "review": _format(review_file, "review.csv", read_review, of_text),
    "review in Parquet": _format(review_table, "review.parquet", read_review, of_bytes),
    "truth": _format(truth_file, "truth.csv", read_truth, of_text),
    "run": _of_run("run.json", of_text, sealed=True),
    "run, forged": _of_run("run.json", forgeries.run),
    "part of a run": _of_run("contenders-00000.parquet", of_bytes, sealed=True),
    "part of a run, forged": _of_run("contenders-00000.parquet", forgeries.parquet),
    "model of a run, forged": _of_run("model.parquet", forgeries.parquet),
    "similar pairs of a run, forged": _of_run("alike-00000.parquet", forgeries.parquet),
    "end of a part, forged": _of_run("done-00000.parquet", forgeries.parquet),
}  # fmt: skip
