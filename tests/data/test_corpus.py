import json
from collections import Counter

import pytest

from llmlab.data import corpus, formats
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.params import resolve
from llmlab.world import archive

WORLD = "llmlab.world.maker.write"


def collect(path, tmp_path, **more):
    facts = corpus.collect(str(path), tmp_path / "raw", 0, **more)
    return facts, corpus.read(tmp_path / "raw")


def archived(path, records):
    """A web archive of (url, content type, body[, status line, more headers]) as a crawler writes it."""
    import io

    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    path.parent.mkdir(exist_ok=True)
    with open(path, "wb") as stream:
        writer = WARCWriter(stream, gzip=path.suffix == ".gz")
        for url, kind, body, *more in records:
            status, headers = more[0] if more else "200 OK", more[1] if len(more) > 1 else []
            http = StatusAndHeaders(status, [("Content-Type", kind), *headers], protocol="HTTP/1.1")
            writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=http))


def test_every_kind_of_file_is_read(tmp_path, pages):
    import pyarrow
    import pyarrow.parquet

    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("plain text")
    (data / "b.md").write_text("# head\n\nbody")
    (data / "c.html").write_text("<p>page</p>")
    (data / "d.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    (data / "e.csv").write_text('text,other\n"three, four",x\n')
    pyarrow.parquet.write_table(pyarrow.table({"text": ["five"]}), data / "f.parquet")
    archive.write(data / "g.warc.gz", pages[:3])
    facts, documents = collect(data, tmp_path)
    found = [d.get("text", d.get("html")) for d in documents]
    assert facts["documents"] == len(documents) == 10
    assert {"plain text", "one", "two", "three, four", "five", "<p>page</p>"} <= set(found)


def test_a_local_folder_in_the_hubs_layout(tmp_path):
    import datasets

    datasets.DatasetDict({"train": datasets.Dataset.from_dict({"text": ["a", "b"]})}).save_to_disk(tmp_path / "hub")
    corpus.check({**resolve("2_dataset_engineering"), "source": str(tmp_path / "hub")})
    assert [d["text"] for d in collect(tmp_path / "hub", tmp_path)[1]] == ["a", "b"]


def test_installed_packages_are_a_source(tmp_path):
    facts, documents = collect("installed:trl", tmp_path, max_documents=30)
    assert facts["documents"] == 30 and {d["source"] for d in documents} == {"trl", "python"} and documents[0]["licence"]


def test_several_places_are_mixed_each_by_its_share(tmp_path):
    for place, texts in (("mine", 3), ("theirs", 40), ("rest", 2)):
        (tmp_path / place).mkdir()
        write_jsonl(tmp_path / place / "part.jsonl", [{"text": f"{place} {n}"} for n in range(texts)])
    more = [f"{tmp_path / 'theirs'} * 0.25", str(tmp_path / "rest")]
    facts, documents = collect(tmp_path / "mine", tmp_path, mixed_with=more)
    counts = [(m["share"], m["documents"], m["taken"], m["left out"]) for m in facts["mixed"]]
    assert counts == [(0.25, 40, 10, 30), (1.0, 2, 2, 0)], "what a share leaves out is said"
    from_where = Counter(d["text"].split()[0] for d in documents)
    assert from_where == {"mine": 3, "theirs": 10, "rest": 2}
    assert len({d["id"] for d in documents}) == len({(d["source"], d["url"]) for d in documents}) == 15, "files of one name are told apart"
    assert collect(tmp_path / "mine", tmp_path, mixed_with=more)[1] == documents, "drawn by the seed"
    few, documents = collect(tmp_path / "mine", tmp_path, mixed_with=more, max_documents=8)
    taken = Counter(d["text"].split()[0] for d in documents)
    assert [m["taken"] for m in few["mixed"]] == [taken["theirs"], taken["rest"]] and sum(taken.values()) == 8, (
        "what is drawn at the end counts"
    )
    assert corpus.mixed_places(more) == [tmp_path / "theirs", tmp_path / "rest"]
    params = {**resolve("2_dataset_engineering"), "source": str(tmp_path / "theirs")}
    corpus.check({**params, "mixed_with": more})
    with pytest.raises(UserError, match="mixed_with: .* asks for 2 times"):
        corpus.check({**params, "mixed_with": [f"{tmp_path / 'rest'} * 2"]})
    with pytest.raises(UserError, match="nowhere"):
        corpus.check({**params, "mixed_with": [str(tmp_path / "nowhere")]})


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [("a.jsonl", b'{"text": "ok"}\nnot json\n[1]\n', [2, 3]), ("a.txt", b"bin\0ary", [1]), ("a.txt", b"  \n", [1])],
)
def test_broken_input_is_counted_with_its_line(tmp_path, name, content, problem):
    data = tmp_path / "data"
    data.mkdir()
    (data / name).write_bytes(content)
    (data / "z.txt").write_text("fine")
    facts, _ = collect(data, tmp_path)
    assert [p["line"] for p in facts["problems"]] == problem
    with pytest.raises(UserError, match=f"line {problem[0]}"):
        collect(data, tmp_path, malformed="refuse")


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: (p.mkdir(), (p / "x.bin").write_bytes(b"1"))])
def test_missing_empty_or_useless_folders_are_refused_before_a_kernel_starts(tmp_path, make):
    make(tmp_path / "data")
    with pytest.raises(UserError):
        corpus.check({**resolve("2_dataset_engineering"), "source": str(tmp_path / "data")})


def test_too_little_or_only_broken_text_is_refused_before_a_kernel_starts(tmp_path):
    check = lambda **more: corpus.check({**resolve("2_dataset_engineering"), "source": str(tmp_path / "data"), **more})  # noqa: E731
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_bytes(b"bin\0ary")
    with pytest.raises(UserError, match="holds no documents; a.txt, line 1: binary"):
        check()
    (tmp_path / "data" / "b.jsonl").write_text('{"text": "one"}\n{"text": broken\n' + '{"text": "more"}\n' * 22)
    with pytest.raises(UserError, match="holds 23 documents; a.txt, line 1: binary, not text; b.jsonl, line 2"):
        check()
    (tmp_path / "data" / "c.jsonl").write_text('{"text": "more"}\n' * 2)
    check()
    (tmp_path / "data" / "a.txt").unlink()
    with pytest.raises(UserError, match="b.jsonl, line 2"):
        check(malformed="refuse")
    (tmp_path / "data" / "b.jsonl").write_text('{"text": "fine"}\n' * 50 + "broken\n")
    with pytest.raises(UserError, match="b.jsonl, line 51"):
        check(malformed="refuse")


def test_tables_as_spreadsheets_write_them(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufefftext;other\none, two;x\n".encode())
    (tmp_path / "a2.csv").write_text('text,"tags; a; b; c"\n"one; three",x\n')
    (tmp_path / "b.jsonl").write_bytes('\ufeff{"text": "três"}\n'.encode())
    (tmp_path / "c.txt").write_bytes("\ufeffquatro".encode())
    _, documents = collect(tmp_path, tmp_path.parent / "out")
    assert [d["text"] for d in documents] == ["one, two", "one; three", "três", "quatro"]


@pytest.mark.parametrize(("name", "text"), [("a.txt", "não é"), ("a.csv", "text\nnão\n"), ("a.jsonl", '{"text": "não"}\n')])
def test_another_encoding_is_a_problem_and_never_garbled(tmp_path, name, text):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(text.encode("latin1"))
    (tmp_path / "data" / "z.txt").write_text("fine")
    facts, documents = collect(tmp_path / "data", tmp_path)
    assert [d["text"] for d in documents] == ["fine"] and [p["file"] for p in facts["problems"]] == [name]


def test_what_is_not_read_is_counted(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "A.TXT").write_text("shouted name")
    (tmp_path / "data" / "b.png").write_bytes(b"PNG")
    (tmp_path / "data" / "c.jsonl").write_text('{"text": "\\ud83d half"}\n{"text": " "}\n{"text": "fine", "license": "MIT"}\n')
    facts, documents = collect(tmp_path / "data", tmp_path)
    assert [d["text"] for d in documents] == ["shouted name", "fine"] and documents[1]["licence"] == "MIT"
    assert [(p["file"], p["line"]) for p in facts["problems"]] == [("b.png", 0), ("c.jsonl", 1), ("c.jsonl", 2)]


@pytest.mark.parametrize(
    ("kind", "page", "text"),
    [
        ("text/html; charset=iso-8859-1", "<p>n\xe3o</p>".encode("latin1"), "<p>não</p>"),
        ("text/html", '<meta charset="windows-1252"><p>n\xe3o</p>'.encode("cp1252"), '<meta charset="windows-1252"><p>não</p>'),
        ("Text/HTML", "<p>não</p>".encode(), "<p>não</p>"),
        ('text/html; Charset="ISO-8859-1"', b"<p>\x93n\xe3o\x94</p>", "<p>“não”</p>"),
        ("application/xhtml+xml", "<p>não</p>".encode("utf-16"), "<p>não</p>"),
        ("text/html", b"<p>n\xe3o</p>", None),
        ("text/html; charset=undefined", b"<p>no</p>", None),
    ],
)
def test_pages_of_an_archive_are_read_in_their_own_encoding(tmp_path, kind, page, text):
    archived(tmp_path / "data" / "a.warc.gz", [("https://a.example/", kind, page)])
    (tmp_path / "data" / "z.txt").write_text("fine")
    facts, documents = collect(tmp_path / "data", tmp_path)
    assert [d["html"] for d in documents if "html" in d] == ([text] if text else []) and len(facts["problems"]) == (not text)


def test_the_record_of_its_version_stands_for_an_installed_package():
    assert [p.name for p in corpus.places("installed:trl,peft")] == ["METADATA", "METADATA"] and [p.name for p in corpus.places(WORLD)] == [
        "asked.jsonl",
        "material.yaml",
        "outsider.jsonl",
        "portuguese.jsonl",
        "told.jsonl",
    ]


def test_a_missing_column_names_the_ones_there_are(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"txt": "x"}) + "\n")
    with pytest.raises(UserError, match="did you mean 'txt'"):
        collect(tmp_path / "a.jsonl", tmp_path)


def test_unknown_packages_and_hub_names(tmp_path):
    with pytest.raises(UserError, match="not installed"):
        collect("installed:nunpy", tmp_path)
    with pytest.raises(UserError, match="cannot be loaded"):
        collect("hub:nobody/nothing", tmp_path)


def test_files_of_one_name_in_different_folders_stay_apart(tmp_path):
    for name in "abc":
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "index.html").write_text(f"<p>page {name}\u2028line</p>")
    _, documents = collect(tmp_path / "site", tmp_path)
    assert [d["id"] for d in documents] == ["a/index.html:1", "b/index.html:1", "c/index.html:1"]
    assert [d["url"] for d in documents] == ["a/index.html", "b/index.html", "c/index.html"] and "\u2028" in documents[0]["html"]


def test_a_book_in_one_file_is_many_documents_and_loses_nothing(tmp_path):
    verses = "".join(f"Line {n} of the play.\nAnd its answer.\n\n" for n in range(3000))
    (tmp_path / "book.txt").write_text(verses)
    (tmp_path / "note.txt").write_text("short")
    facts, documents = collect(tmp_path / "book.txt", tmp_path)
    assert "".join(d["text"] for d in documents) == verses and 20 < len(documents) == len({d["id"] for d in documents})
    assert all(d["text"].endswith("\n\n") and len(d["text"]) <= 4000 for d in documents)
    assert len(collect(tmp_path / "note.txt", tmp_path)[1]) == 1
    assert max(map(len, formats.parts("x" * 50_000))) <= 4000


def test_a_damaged_table_is_a_problem_and_stops_nothing(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.parquet").write_bytes(b"PAR1 not parquet PAR1")
    (tmp_path / "data" / "b.warc.gz").write_bytes(b"\x1f\x8b broken")
    (tmp_path / "data" / "c.csv").write_text(f'text\n"{"long " * 50000}"\n')
    facts, documents = collect(tmp_path / "data", tmp_path)
    assert [p["file"] for p in facts["problems"]] == ["a.parquet", "b.warc.gz"] and sum(len(d["text"]) for d in documents) == 250_000


def test_a_second_attempt_with_another_source_finds_nothing_of_the_first(tmp_path, world):
    (tmp_path / "a.txt").write_text("mine")
    collect(tmp_path / "a.txt", tmp_path)
    given = corpus.collect(WORLD, tmp_path / "raw", 1, pages=50)["material"]
    assert {d["source"] for d in corpus.read(tmp_path / "raw")} >= {"forum", "tickets"} and corpus.truth(given)
    facts, _ = collect(tmp_path / "a.txt", tmp_path)
    assert facts["material"] is None and not given.exists() and corpus.truth(None) == []
    corpus.forget(tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize(
    "words",
    ["the kettle whistles whenever somebody leaves another window open", "чайник свистит когда кто-нибудь оставляет открытое окно кухни"],
)
def test_tasks_come_from_cleaned_held_out_text_in_any_alphabet(tmp_path, words):
    from llmlab.data import clean, exams, lessons, tasks

    (tmp_path / "data").mkdir()
    for n in range(200):
        said = " ".join(f"{words.split()[(n * k + k) % 8]} {n * k} {words}." for k in range(1, 7))
        (tmp_path / "data" / f"{n}.html").write_text(
            f"<html><body><article><p>Ask ana{n}@mail.example.com. {said}</p></article></body></html>"
        )
    _, documents = collect(tmp_path / "data", tmp_path)
    exams.write(None, [], [], [], tmp_path / "tasks")
    steps = lessons.cleaning("any", 5, "regex", 1.0, "none", [], tmp_path / "tasks")
    kept, _, _ = clean.run(documents, [s for s in steps if s[0] not in ("quality", "near duplicates")])
    parts = clean.split(kept)
    exams.derived(parts, tmp_path / "tasks", 1)
    assert {"cloze", "offensive", "personal"} <= {t["name"] for t in tasks.read(tmp_path / "tasks", "test")}
    assert "mail.example.com" not in "".join(f.read_text() for f in (tmp_path / "tasks").iterdir())


def test_text_that_no_question_can_be_made_of_is_refused(tmp_path):
    from llmlab.data import exams

    exams.write(None, [], [], [], tmp_path / "tasks")
    with pytest.raises(UserError, match="that are held out"):
        exams.derived({s: [{"id": s, "source": "a", "text": "too little"}] for s in ("validation", "test")}, tmp_path / "tasks", 1)


def test_the_archive_is_the_same_for_the_same_seed(tmp_path, pages):
    for name in ("a", "b"):
        archive.write(tmp_path / name, pages[:20])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_text_of_another_kind_is_halved_and_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "other").mkdir()
    for n in range(8):
        (tmp_path / "other" / f"{n}.txt").write_text(f"The {n}th of eight texts on nothing in particular. " * 4)
    (tmp_path / "other" / "noise.json").write_text("{not json")
    train, test, problems = corpus.general(str(tmp_path / "other"), tmp_path / "out", 0)
    assert (train, test) == (6, 2) and [p["file"] for p in problems] == ["noise.json"]
    assert not {d["text"] for d in jsonl(tmp_path / "out/train.jsonl")} & {d["text"] for d in jsonl(tmp_path / "out/test.jsonl")}
    assert corpus.general("", tmp_path / "none", 0) == (0, 0, [])
    read = [
        d for d in corpus._files(tmp_path / "other", corpus.tables.Columns(), corpus.formats.Problems()) if d["text"].startswith("The 3th")
    ]
    assert corpus.general(str(tmp_path / "other"), tmp_path / "some", 0, read=read)[:2] == (6, 1), (
        "what is learnt from is no text of another kind"
    )
