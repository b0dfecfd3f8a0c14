"""File formats that documents come in: text, Markdown, HTML, JSON lines, CSV, Parquet, web archives.

A file that cannot be read, or a broken line, is a problem that is counted and named; it stops nothing unless one asks for that.
"""

import csv
import json
import re
import sys
import zlib

import pyarrow
import pyarrow.parquet
from warcio.exceptions import ArchiveLoadFailed

from llmlab.spine.errors import UserError
from llmlab.spine.params import near

KINDS = (".txt", ".md", ".rst", ".html", ".htm", ".jsonl", ".csv", ".parquet", ".warc", ".warc.gz")


def readable(path):
    """Whether a file is, by its name, of a kind that we read."""
    return path.name.lower().endswith(KINDS)


def files(path, ignore=()):
    """The readable files at `path`, in order of name."""
    if not path.exists():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.exists() else []
        raise UserError(
            f"there is no {path}",
            near(path.name, beside) if beside else f"{path.parent} does not exist either",
            "llmlab run RUN -p source=FOLDER",
        )
    try:
        files = (
            [path]
            if path.is_file()
            else sorted(p for p in path.rglob("*") if p.is_file() and readable(p) and p.name[0] != "." and p.name not in ignore)
        )
        other = [] if files or path.is_file() else [p.name for p in path.iterdir()][:5]
    except PermissionError:
        raise UserError(f"{path} cannot be read", "a folder you may read", f"chmod -R u+rX {path}") from None
    if not files or not readable(files[0]):
        raise UserError(
            f"{path} holds no file that we read",
            f"found {', '.join(other) or path.name}; we read {' '.join(KINDS)}",
            "llmlab run RUN -p source=FOLDER",
        )
    return files


def read(path, text_column, malformed, problems, root=None):
    """Documents of one file; what cannot be read lands in `problems`, or raises when `malformed` is "refuse".

    Args:
        root: the folder that is read, so that files of one name in different subfolders have different ids.
    """
    name = path.relative_to(root).as_posix() if root and path != root else path.name
    reader = {".jsonl": _read_jsonl, ".csv": _read_csv, ".parquet": _read_parquet, ".warc": _read_warc, ".gz": _read_warc}.get(
        path.suffix.lower(), _read_text
    )
    try:
        for document in reader(path, text_column, malformed, problems):
            at = name if document["url"] == path.name else document["url"]
            yield {**document, "id": name + document["id"].removeprefix(path.name), "url": at}
    except PermissionError:
        raise UserError(f"{path} cannot be read", "a file you may read", f"chmod u+r {path}") from None
    except (
        csv.Error,
        pyarrow.lib.ArrowInvalid,
        ArchiveLoadFailed,
        EOFError,
        zlib.error,
    ) as error:  # a table or an archive that is broken as a whole
        _problem(path, 1, f"damaged: {str(error).splitlines()[0][:120]}", malformed, problems)
    except UnicodeDecodeError:
        _problem(path, 1, "not UTF-8 (iconv -f latin1 -t utf-8 may mend it)", malformed, problems)


def _document(path, n, **content):
    return {"id": f"{path.name}:{n}", "source": path.parent.name or "files", "url": path.name, **content}


def _problem(path, line, why, malformed, problems):
    if malformed == "refuse":
        raise UserError(
            f"{path}, line {line}: {why}", "well-formed lines only, since malformed = 'refuse'", "llmlab run RUN -p malformed=skip"
        )
    problems.append({"file": path.name, "line": line, "why": why})


def _read_text(path, text_column, malformed, problems):
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        return _problem(path, 1, "binary, not text", malformed, problems)
    text = raw.decode("utf-8-sig")
    if not text.strip():
        return _problem(path, 1, "empty", malformed, problems)
    if path.suffix.lower() in (".html", ".htm"):
        yield _document(path, 1, html=text)
    else:
        for n, part in enumerate(parts(text), 1):
            yield _document(path, n, text=part)


def parts(text, size=4000, whole=20_000):
    """A text of more than `whole` characters in parts of about `size`, cut at blank lines where there are some.

    A document is what gets dropped, held out or repeated, so a book in one file has to be many of them.
    """
    start = 0
    while start < len(text):
        end = start + size if len(text) > whole else len(text)
        if end < len(text):
            cuts = (
                text.rfind(mark, start + size // 2, end) + len(mark)
                for mark in ("\n\n", "\n", ". ", " ")
                if mark in text[start + size // 2 : end]
            )
            end = next(cuts, end)
        if text[start:end].strip():
            yield text[start:end]
        start = end


def _read_jsonl(path, text_column, malformed, problems):
    def rows():
        with open(path, "rb") as stream:
            for n, line in enumerate(stream, 1):
                try:
                    row = json.loads(line.decode("utf-8-sig"))
                    assert isinstance(row, dict)
                except (json.JSONDecodeError, UnicodeDecodeError, AssertionError):
                    _problem(path, n, "not a JSON object", malformed, problems)
                else:
                    yield n, row

    return table(path, rows(), text_column, malformed, problems)


def _read_csv(path, text_column, malformed, problems):
    csv.field_size_limit(sys.maxsize)
    with open(path, encoding="utf-8-sig", newline="") as stream:
        heading = stream.readline()
        stream.seek(0)
        delimiter = max(",;\t|", key=re.sub(r'"[^"]*"', "", heading).count)  # a spreadsheet writes semicolons where the comma is decimal
        yield from table(path, enumerate(csv.DictReader(stream, delimiter=delimiter), 2), text_column, malformed, problems)


def _read_parquet(path, text_column, malformed, problems):
    return table(path, enumerate(pyarrow.parquet.read_table(path).to_pylist()), text_column, malformed, problems)


def table(path, rows, text_column, malformed, problems):
    """Documents of a table: its text column, or customer and agent of a ticket.

    Args:
        rows: pairs of a line number and a dictionary. A first row without the column means that the name is wrong: an error.
    """
    for k, (n, row) in enumerate(rows):
        if text_column in row:
            text = row[text_column] or ""
        elif "customer" in row and "agent" in row:
            text = f"{row.get('subject', '')}\nCustomer: {row['customer']}\nSupport: {row['agent']}"
        elif k == 0:
            raise UserError(f"{path.name} has no column {text_column!r}", near(text_column, row), "llmlab run RUN -p text_column=NAME")
        else:
            _problem(path, n, f"no column {text_column!r}", malformed, problems)
            continue
        text, licence = str(text), row.get("licence") or row.get("license")
        whole = text == text.encode("utf-8", "ignore").decode()
        if whole and text.strip():
            yield _document(path, n, text=text, **({"licence": licence} if licence else {}))
        else:
            _problem(path, n, "empty" if whole else "half a character (a lone surrogate)", malformed, problems)


def _read_warc(path, text_column, malformed, problems):
    from llmlab.data import webarchive

    robots, pages = {}, []
    for url, kind, body in webarchive.read(path):
        if url.endswith("/robots.txt"):
            robots[url.removesuffix("/robots.txt")] = body or ""
        elif "html" in kind and body is None:
            _problem(path, len(pages) + 1, f"{url} is not in the encoding that it says", malformed, problems)
        elif "html" in kind:
            pages.append((url, body))
    for n, (url, body) in enumerate(pages):
        host = "/".join(url.split("/")[:3])
        yield {**_document(path, n, html=body), "url": url, "robots": robots.get(host, "")}
