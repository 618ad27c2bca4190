"""The report: one page that needs nothing else, says what there is and what is not known, and gives no record away."""

import dataclasses
import html.parser
import re
import shutil
import subprocess
import warnings

import pytest

import linkage as lk
from linkage import study
from linkage.cli import cli
from linkage.commands.exitcodes import run
from linkage.page import Section, facts, page, table, text

pytest.importorskip("matplotlib", reason="pictures are the extra `plot`").use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")

AGENCIES = ("registry", "childrens_centre")
SCHEMA = dataclasses.replace(
    lk.Schema.preset("uk-person", project="early-help"), groups=(lk.Group(name="ward", smallest=1),)
)
PEOPLE = study.invent(700, seed=31, agencies=AGENCIES, preset="hard")
KEY = lk.Key.generate()


def encoded(schema):
    return [
        lk.encode(PEOPLE[name], schema, KEY, id=PEOPLE.ids[name], source=name, columns=PEOPLE.held(name, schema),
                  progress=False) for name in AGENCIES
    ]  # fmt: skip


with warnings.catch_warnings():
    warnings.simplefilter("ignore", lk.LinkageWarning)
    SETS = encoded(SCHEMA)
    LINKS = lk.link(*SETS, progress=False)


class Read(html.parser.HTMLParser):
    """Tags, ids, what is asked for from elsewhere, and the text of a page."""

    def __init__(self, content):
        super().__init__()
        self.tags, self.ids, self.asked, self.words = [], [], [], []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href", "data", "action") and not (value or "").startswith("#"):
                self.asked.append(value)

    def handle_data(self, data):
        self.words.append(data)


def read(path):
    return Read(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    lk.report(LINKS, path, *SETS, seconds=75.0)
    return path


def test_report__fetches_nothing_and_runs_nothing(whole):
    seen = read(whole)
    assert not seen.asked and not {"script", "img", "iframe", "object", "link", "form"} & set(seen.tags)
    content = whole.read_text(encoding="utf-8")
    assert "default-src 'none'" in content and "@import" not in content
    assert not re.findall(r"url\((?!#)", content)


def test_report__says_what_was_linked_and_how_good_it_is(whole):
    words = " ".join(read(whole).words)
    for said in (
        "early-help", SCHEMA.fingerprint(), LINKS.key_check, LINKS.run, f"{len(LINKS):,}", "1 min 15 s",
        f"{LINKS.quality.precision.value:.3f}", f"{LINKS.quality.recall.low:.3f}", "By ward", "One pair explained",
        "given_name", "before comparing", "Known to whom", "childrens_centre, registry", "Below 10 suppressed",
        "What is not known", "no pair was left out by blocking",
    ):  # fmt: skip
        assert said in words, said


def test_report__holds_no_record_id_unless_a_pair_is_asked_for(whole, tmp_path):
    ids = {name for each in SETS for name in each.record_ids.to_pylist()}
    content = whole.read_text(encoding="utf-8")
    assert not [name for name in ids if name in content]
    pair = LINKS.pairs["left_id"][0].as_py(), LINKS.pairs["right_id"][0].as_py()
    ordered = sorted(SETS, key=lambda each: each.source)
    lk.report(LINKS, tmp_path / "pair.html", *ordered, pair=pair)
    words = " ".join(read(tmp_path / "pair.html").words)
    assert [name for name in ids if name in words] and all(name in words for name in pair)


def test_report__is_the_same_page_every_time_with_ids_of_its_own(whole, tmp_path):
    lk.report(LINKS, tmp_path / "again.html", *SETS, seconds=75.0)
    assert (tmp_path / "again.html").read_bytes() == whole.read_bytes()
    seen = read(whole)
    assert len(seen.ids) == len(set(seen.ids)) and seen.tags.count("svg") == seen.tags.count("figure") == 4
    assert whole.stat().st_mode & 0o077 == 0


def test_report__can_be_read_without_seeing_the_pictures(whole):
    content = whole.read_text(encoding="utf-8")
    assert '<html lang="en">' in content and content.count('role="img" aria-label="') == 4
    assert read(whole).tags.count("details") == 4  # the figures of each picture, as a table
    assert read(whole).tags.count("h1") == 1


def test_report__of_links_alone_says_what_it_lacks(tmp_path):
    lk.report(LINKS, tmp_path / "a.html")
    assert "that takes the sets" in " ".join(read(tmp_path / "a.html").words)
    clks = encoded(lk.Schema.preset("uk-person", project="early-help", layout="record"))
    lk.report(lk.link(*clks, threshold=0.75, progress=False), tmp_path / "b.html", *clks)
    words = " ".join(read(tmp_path / "b.html").words)
    assert "Nothing shows how good" in words and "similarity 0.75 or more" in words
    lk.report(lk.link(*clks, progress=False), tmp_path / "c.html", evaluation=lk.evaluate(LINKS, PEOPLE.truth, key=KEY))
    assert "Held against the truth" in " ".join(read(tmp_path / "c.html").words)


def test_report__of_no_links_is_a_page_all_the_same(tmp_path):
    nothing = dataclasses.replace(LINKS, pairs=LINKS.pairs.slice(0, 0))
    lk.report(nothing, tmp_path / "a.html")
    assert "No pair was linked" in " ".join(read(tmp_path / "a.html").words)


def test_report__of_a_set_with_no_records_is_a_page_all_the_same(tmp_path):
    """A batch in which nobody came: the page fitted a model, which no set without records has."""
    empty = SETS[1].without(SETS[1].record_ids.to_pylist())
    links = lk.link(SETS[0], empty, model=lk.fit(*SETS), progress=False)
    lk.report(links, tmp_path / "page.html", SETS[0], empty)
    assert "early-help" in (tmp_path / "page.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=f"set of '{empty.source}' has no records; a model"):
        lk.link(SETS[0], empty, progress=False)


def test_report__needs_no_latex(tmp_path):
    """A matplotlibrc with usetex ended in an error of matplotlib's, or in pictures whose words are no text."""
    import matplotlib

    with matplotlib.rc_context({"text.usetex": True}):
        lk.report(LINKS, tmp_path / "page.html", *SETS)
    assert "<text" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_report__refuses_what_was_not_linked(tmp_path):
    stranger = dataclasses.replace(LINKS, sources=("a", "b"))
    with pytest.raises(ValueError, match="was not linked"):
        lk.report(stranger, tmp_path / "a.html", *SETS)
    with pytest.raises(ValueError, match="give the two sets"):
        lk.report(LINKS, tmp_path / "a.html", pair=("a", "b"))
    with pytest.raises(ValueError, match="no record"):
        lk.report(LINKS, tmp_path / "a.html", *SETS, pair=("a", "b"))
    assert not list(tmp_path.iterdir())


def test_report__without_matplotlib_says_so_before_anything_is_done(tmp_path, monkeypatch):
    from linkage import charts

    monkeypatch.setattr(charts.importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(ImportError, match=r"pip install matplotlib"):
        lk.report(LINKS, tmp_path / "a.html")


def test_page__escapes_what_it_is_given():
    bad = '<script>alert("x")</script>'
    made = page(bad, [Section(bad, (text(bad), facts({bad: bad}, caption=bad), table((bad,), [(bad, None, True)])))])
    assert "<script" not in made and made.count("&lt;script&gt;") >= 8


def test_report__from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, each in zip(("a.parquet", "b.parquet"), SETS, strict=True):
        each.save(name)
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "l.parquet", "--report", "one.html"]) == 0
    assert run(cli, ["report", "l.parquet", "a.parquet", "b.parquet", "-o", "two.html", "--title", "Births"]) == 0
    assert capsys.readouterr().out.endswith("two.html\n")
    assert read(tmp_path / "one.html").tags.count("svg") == read(tmp_path / "two.html").tags.count("svg") == 4
    assert "Births" in (tmp_path / "two.html").read_text(encoding="utf-8")
    assert run(cli, ["report", "l.parquet", "-o", "l.parquet"]) == 2
    around = f"../{tmp_path.name}/m.parquet"  # the page replaced the links, and all link ids were gone
    for same in ("m.parquet", around):
        assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "m.parquet", "--report", same]) == 2
    assert not (tmp_path / "m.parquet").exists()
    assert run(cli, ["report", "a.parquet", "-o", "x.html"]) == 3 and not (tmp_path / "x.html").exists()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_report__opens_in_a_browser_without_a_complaint(whole):
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom",
         whole.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "What was linked" in done.stdout
    assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_report__of_candidates_does_not_say_that_all_were_compared(tmp_path):
    """It did, beside the share that meets; and by group nothing was said to be lost."""
    blocked = lk.Schema.preset("uk-person", project="early-help", blocks=True)
    schema = dataclasses.replace(blocked, groups=(lk.Group(name="ward", smallest=1),))
    rule = next(block.name for block in schema.blocks)
    links = lk.link(*encoded(schema), candidates=lk.Blocks(rules=[rule]), progress=False)
    assert links.quality.groups["ward"]
    assert max(links.quality.groups["ward"].values()) < 0.99 * max(LINKS.quality.groups["ward"].values())
    lk.report(links, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "every record with every other" not in page and "candidates only, see below" in page
    lk.report(LINKS, tmp_path / "page.html")
    assert "every record with every other" in (tmp_path / "page.html").read_text(encoding="utf-8")
