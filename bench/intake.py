"""What it costs to read what people have: 100 MB in files of many kinds, and the search for personal data in lines of 10 MB.

Each kind is read in a process of its own, so that its peak memory is its own. Times are shares of the time that reading the same texts from
one JSON-lines file takes: this machine's seconds are nobody else's.

    .venv/bin/python bench/intake.py [megabytes]
"""

import gzip
import io
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

READ = """
import resource, sys, time
from llmlab.data import corpus
started = time.time()
facts = corpus.collect(sys.argv[1], sys.argv[2], 1)
print(facts["documents"], len(facts["problems"]), time.time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def texts(megabytes):
    """Documentation of installed packages, over and over, each time with other numbers, so that no two texts are alike."""
    from llmlab.data import installed

    known, size = [d["text"] for d in itertools.islice(installed.documents(["numpy", "pandas", "datasets"]), 3000)], 0
    for n in itertools.count():
        text = f"{known[n % len(known)]}\n\nNote {n}."
        size += len(text.encode())
        yield text
        if size > megabytes * 1e6:
            return


def jsonl(folder, rows):
    (folder / "a.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in rows))


def csv(folder, rows):
    import csv

    with open(folder / "a.csv", "w", newline="") as stream:
        csv.writer(stream).writerows([["text"], *([t] for t in rows)])


def parquet(folder, rows):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"text": rows}), folder / "a.parquet")


def markdown(folder, rows):
    for n, text in enumerate(rows):
        (folder / f"{n}.md").write_text(text)


def html(folder, rows):
    from html import escape

    for n, text in enumerate(rows):
        (folder / f"{n}.html").write_text(f"<html><body><main><p>{escape(text)}</p></main></body></html>")


def compressed(folder, rows):
    with gzip.open(folder / "a.jsonl.gz", "wt", compresslevel=1) as stream:
        stream.writelines(json.dumps({"text": t}) + "\n" for t in rows)


def zipped(folder, rows):
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n, text in enumerate(rows):
            archive.writestr(f"{n}.txt", text)


def warc(folder, rows):
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    with open(folder / "a.warc.gz", "wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for n, text in enumerate(rows):
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            body = io.BytesIO(f"<html><body><p>{text}</p></body></html>".encode())
            writer.write_record(writer.create_warc_record(f"https://example.org/{n}", "response", payload=body, http_headers=head))


def documents(folder, rows):
    """Word processor's files are slow to make and to read: a hundredth of the others."""
    import pypandoc

    rows = rows[: max(1, len(rows) // 100)]
    for n in range(0, len(rows), 20):
        text = "\n\n".join(rows[n : n + 20]).replace("<", "")
        subprocess.run([pypandoc.get_pandoc_path(), "-f", "commonmark", "-o", str(folder / f"{n}.docx")], input=text.encode(), check=True)


def main(megabytes=100.0):
    kinds = [jsonl, csv, parquet, markdown, html, compressed, zipped, warc, documents]
    rows, base = list(texts(megabytes / (len(kinds) - 1))), None
    print(f"{'kind':12}{'documents':>10}{'problems':>9}{'seconds':>9}{'of jsonl':>9}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as home:
        for kind in [*kinds, None]:
            folder = Path(home) / (kind.__name__ if kind else ".")
            folder.mkdir(exist_ok=True)
            if kind:
                kind(folder, rows)
            out = subprocess.run(
                [sys.executable, "-c", READ, str(folder), f"{home}-raw"], capture_output=True, text=True, check=True
            ).stdout
            found, problems, seconds, peak = map(float, out.split())
            base = base or seconds
            print(
                f"{kind.__name__ if kind else 'all of them':12}{found:10.0f}{problems:9.0f}{seconds:9.1f}{seconds / base:9.1f}{peak:9.0f}",
                flush=True,
            )
    lines()


def lines(size=10_000_000):
    """Seconds to look for personal data in one line of 10 MB: of prose, of a log, of numbers, of digits."""
    from llmlab.data import personal

    rng = random.Random(0)
    made = {
        "prose": " ".join(texts(size / 1e6)).replace("\n", " ")[:size],
        "log": "".join(f"2026-11-25 12:{i % 60:02d} host[{i % 999}]: GET /a/{i} 200 {i * 37 % 9999} 10.0.{i % 256}.{i * 7 % 256} " for i in range(size // 55))[:size],
        "numbers": " ".join(str(rng.randrange(10 ** rng.randrange(1, 6))) for _ in range(size // 4))[:size],
        "digits": "".join(rng.choices("0123456789", k=size)),
    }  # fmt: skip
    personal.find_personal("0")  # the tables are read once
    for kind, line in made.items():
        half, whole = (_seconds(personal.find_personal, line[:end]) for end in (size // 2, size))
        print(f"{kind:12}{len(line) / 1e6:6.1f} MB in one line: {whole:5.1f} s, {whole / half:.1f} times its half")


def _seconds(function, *arguments):
    started = time.process_time()
    function(*arguments)
    return time.process_time() - started


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
