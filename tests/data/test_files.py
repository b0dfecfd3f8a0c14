"""Everything that people have, in one folder: good files, broken ones, and files within files."""

import gzip
import io
import json
import lzma
import subprocess
import tarfile
import zipfile

import pytest

from llmlab.data import containers, corpus, formats, tables
from llmlab.data.papers import PANDOC
from llmlab.spine.errors import UserError

CODE = "def count(lamps):\n    total = 0\n    for lamp in lamps:\n        if lamp.on:\n            total += 1\n    return total\n"
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
    {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Lamps\n\nCount them."},
    {"cell_type": "code", "id": "b", "metadata": {}, "source": CODE, "outputs": [], "execution_count": None}]}  # fmt: skip
MAIL = "From: ana@mail.example.com\nTo: bo@mail.example.com\nSubject: {}\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nO caf\xe9 fechou \xe0s dez.\n"


def pandoc(text, path):
    import pypandoc

    subprocess.run([pypandoc.get_pandoc_path(), "-f", "markdown", "-o", str(path)], input=text.encode(), check=True)


def pdf(path, *pages):
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    with PdfPages(path) as book:
        for text in pages:
            figure = Figure()
            figure.text(0.1, 0.5, text)
            book.savefig(figure)


def fill(folder):
    """A folder of everything. Returns {name of a file: words that must come out of it}."""
    prose = "The lamp in room {} was repaired last spring and has not failed since then."
    (folder / "wiki/en").mkdir(parents=True)
    (folder / "wiki/en/a.txt").write_text(prose.format("A"))
    (folder / "lamps.py").write_text(CODE)
    (folder / "n.ipynb").write_text(json.dumps(NOTEBOOK))
    (folder / "m.eml").write_bytes(MAIL.format("Caf").encode("latin1"))
    (folder / "box.mbox").write_bytes(
        b"".join(b"From ana Thu Jan  1 00:00:00 2026\n" + MAIL.format(n).encode("latin1") + b"\n" for n in (1, 2))
    )
    for end in PANDOC:
        pandoc(f"# Title\n\n{prose.format(end[1:])}\n\n    indented:\n        code\n", folder / f"p{end}")
    pdf(folder / "q.pdf", prose.format("pdf"), "", prose.format("second page"))
    with gzip.open(folder / "r.jsonl.gz", "wt") as stream:
        stream.write(json.dumps({"text": prose.format("gz")}) + "\nbroken\n")
    with lzma.open(folder / "s.csv.xz", "wt") as stream:
        stream.write(f'text\n"{prose.format("xz")}"\n')
    import zstandard

    (folder / "t.txt.zst").write_bytes(zstandard.compress(prose.format("zst").encode()) + zstandard.compress(b" Twice."))
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        for name, text in (("deep/u.txt", prose.format("tar")), ("../out.txt", "escape")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    with zipfile.ZipFile(folder / "v.zip", "w") as archive:
        archive.writestr("x/w.tar.gz", inner.getvalue())
        archive.writestr("x/y.md", prose.format("zip"))
        archive.writestr("x/z.png", b"\x89PNG")
    (folder / "o.docx").write_bytes(b"PK\x03\x04 not really")
    (folder / "o.pdf").write_bytes(b"%PDF-1.7 not really")
    (folder / "o.zip").write_bytes(b"PK\x03\x04 not really")
    (folder / "o.gz").write_bytes(gzip.compress(b"no name says what this is"))
    (folder / "o.txt.gz").write_bytes(gzip.compress(b"cut off " * 5000)[:-20])
    (folder / "o.eml").write_bytes(b"no headers here\n")
    (folder / "o.mbox").write_bytes(b"")
    (folder / "o.ipynb").write_text("{}")
    (folder / ".hidden").write_text("x")
    (folder / "link.txt").symlink_to(folder / "wiki/en/a.txt")
    (folder / "away.txt").symlink_to("/etc/hostname")
    return {
        "wiki/en/a.txt": "room A", "lamps.py": "        if lamp.on:", "n.ipynb": "        if lamp.on:", "m.eml": "O café fechou às dez.", "box.mbox": "O café",
        **{f"p{end}": f"room {end[1:]} was" for end in PANDOC}, "q.pdf": "room second page was", "r.jsonl": "room gz", "s.csv": "room xz",
        "t.txt": "then. Twice.", "v.zip/x/w.tar.gz/deep/u.txt": "room tar", "v.zip/x/y.md": "room zip",
    }  # fmt: skip


def test_a_folder_of_everything(tmp_path):
    wanted = fill(tmp_path / "all")
    facts = corpus.collect(str(tmp_path / "all"), tmp_path / "out", 1)
    documents = corpus.read(tmp_path / "out")
    texts = {d["id"].rpartition(":")[0]: d["text"] for d in documents}
    assert set(texts) == set(wanted) and len(documents) == len(wanted) + 1, "two messages in the box, one document each otherwise"
    for name, words in wanted.items():
        assert words in texts[name], name
    assert {d["source"] for d in documents} == {"all", "wiki/en", "v.zip/x", "v.zip/x/w.tar.gz/deep"}
    problems = {(p["file"], p["line"]): p["why"] for p in facts["problems"]}
    assert {file for file, _ in problems} == {
        "o.docx", "o.pdf", "o.zip", "o.gz", "o.txt.gz", "o.eml", "o.mbox", "o.ipynb", ".hidden", "link.txt", "away.txt", "q.pdf", "r.jsonl",
        "v.zip/x/w.tar.gz", "v.zip/x/z.png",
    }, problems  # fmt: skip
    assert problems["r.jsonl", 2].startswith("not a JSON object") and "1 of 3 pages" in problems["q.pdf", 0]


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"0" * 80_000_000))
    problems = formats.Problems()
    assert list(formats.read(tmp_path / "b.txt.gz", tables.Columns(), problems)) == []
    assert "expands to more than" in problems[0]["why"]
    data = b"x"
    for level in range(6):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(f"{level}.zip" if level else "a.txt", data)
        data = stream.getvalue()
    (tmp_path / "n.zip").write_bytes(data)
    problems = formats.Problems()
    assert list(formats.read(tmp_path / "n.zip", tables.Columns(), problems)) == [] and "archives within" in problems[0]["why"]


def test_what_was_whole_before_the_damage_is_read(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in ("a.txt", "b.txt"):
            info = tarfile.TarInfo(name)
            info.size = 5000
            archive.addfile(info, io.BytesIO(b"word " * 1000))
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:7000])
    problems = formats.Problems()
    found = list(formats.read(tmp_path / "a.tar", tables.Columns(), problems))
    assert [d["id"] for d in found] == ["a.tar/a.txt:1"] and "damaged" in problems[0]["why"]


@pytest.mark.parametrize("end", containers.STREAMS)
def test_a_compressed_file_that_ends_early_is_a_problem(tmp_path, end):
    import zstandard

    pack = {".zst": zstandard.compress, ".gz": gzip.compress, ".xz": lzma.compress, ".bz2": __import__("bz2").compress}[end]
    (tmp_path / f"a.txt{end}").write_bytes(pack(bytes(str(list(range(3000))), "ascii"))[:-30])
    problems = formats.Problems()
    assert list(formats.read(tmp_path / f"a.txt{end}", tables.Columns(), problems)) == [] and len(problems) == 1


def test_a_folder_in_the_layout_of_the_hub(tmp_path):
    """What a dataset's repository looks like: a README.md with a header, and Parquet or JSON lines by configuration and split."""
    import pyarrow
    import pyarrow.parquet

    repository = tmp_path / "repo"
    for part in ("en", "pt"):
        (repository / part).mkdir(parents=True)
        pyarrow.parquet.write_table(
            pyarrow.table({"body": [f"{part} {n}" for n in range(40)], "n": list(range(40))}), repository / part / "train-0.parquet"
        )
    pyarrow.parquet.write_table(pyarrow.table({"body": ["held out"], "n": [0]}), repository / "en" / "test-0.parquet")
    (repository / "README.md").write_text(
        "---\nlicense: mit\nconfigs:\n- config_name: en\n  default: true\n  data_files:\n  - split: train\n    path: en/train-*.parquet\n"
        "- config_name: test\n  data_files:\n  - split: held\n    path: en/test-0.parquet\n- config_name: pt\n  data_files:\n  - split: train\n    path: pt/*.parquet\n---\n# A dataset\n"
    )

    def read(source, **more):
        corpus.collect(source, tmp_path / "out", 1, text_column="body", **more)
        return [d["text"] for d in corpus.read(tmp_path / "out")]

    assert read(str(repository)) == [f"en {n}" for n in range(40)]
    assert read(f"hub:{repository}:pt")[0] == "pt 0" and read(f"hub:{repository}:test:held") == ["held out"]
    some = read(f"hub:{repository}:pt", max_documents=5)
    assert len(some) == 5 and some != [f"pt {n}" for n in range(5)]
    for source, said in ((f"hub:{repository}:xx", "xx"), (f"hub:{repository}:pt:dev", "dev")):
        with pytest.raises(UserError, match=said):
            read(source)


def test_links_are_followed_once_and_never_in_circles(tmp_path):
    root = tmp_path / "root"
    for name in ("x", "y", ".store"):
        (root / name).mkdir(parents=True)
        (root / name / "a.txt").write_text(f"text of {name}")
    (root / "x" / "to_y").symlink_to(root / "y")
    (root / "y" / "to_x").symlink_to(root / "x")
    (root / "y" / "up").symlink_to(root)
    (root / "snapshot").symlink_to(root / ".store")  # as a cache of the hub has it
    facts = corpus.collect(str(root), tmp_path / "out", 1)
    assert {d["id"]: d["text"] for d in corpus.read(tmp_path / "out")} == {
        f"{n}/a.txt:1": f"text of {s}" for n, s in (("x", "x"), ("y", "y"), ("snapshot", ".store"))
    }
    assert {p["file"] for p in facts["problems"]} == {".store", "x/to_y", "y/to_x", "y/up"}
