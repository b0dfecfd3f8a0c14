"""Everything that people have, in one folder: good files, broken ones, and files within files."""

import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from everything import fill

from llmlab.data import containers, corpus, formats, tables
from llmlab.spine.errors import UserError


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
