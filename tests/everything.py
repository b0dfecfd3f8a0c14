"""A folder of everything that people have: good files, broken ones, and files within files."""

import gzip
import io
import json
import lzma
import subprocess
import tarfile
import zipfile

from llmlab.data.papers import PANDOC

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
