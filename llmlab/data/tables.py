"""Rows to documents: JSON, JSON lines, CSV, Parquet. A parser that would rather guess than fail is not believed."""

import csv
import json
import re
import sys
from dataclasses import dataclass

from llmlab.data import encodings, layouts
from llmlab.data.layouts import Untrue
from llmlab.spine.params import near

BESIDE = ("subject", "customer", "agent", "licence", "license", "url")
TALK = ("messages", "conversations", "turns", "chosen", "rejected")  # a conversation is read as text too


@dataclass(frozen=True)
class Columns:
    """Which column holds the text. Without it, `customer` and `agent` of a ticket, or a conversation; `licence` and `url` are read beside it.

    `question` is read where there is nothing of these: the column that a table of questions and answers calls so.
    """

    text: str = "text"
    question: str = ""

    def of(self, names):
        """The columns of a table that are needed; None if there is no text among them."""
        talk = {"customer", "agent"} <= set(names) or set(TALK) & set(names)
        asked = {self.question, *BESIDE} if self.question and self.question in names else None
        wanted = {self.text, *BESIDE} if self.text in names else {*BESIDE, *TALK} if talk else asked
        return wanted and [n for n in names if n in wanted]


def row(columns, values):
    """A document from one row, or `Untrue`."""
    if columns.text in values:
        text = _written(values[columns.text], columns.text)
    elif {"customer", "agent"} <= set(values):
        told = {k: _written(values[k], k) for k in ("subject", "customer", "agent") if k in values}
        text = f"{told.get('subject', '')}\nCustomer: {told['customer']}\nSupport: {told['agent']}"
    elif (talk := layouts.dialogue(values)) is not None:
        text = talk
    elif columns.question and columns.question in values:
        text = _written(values[columns.question], columns.question)
    else:
        raise Untrue(f"no column {columns.text!r}; {near(columns.text, values)}")
    if text != text.encode("utf-8", "ignore").decode():
        raise Untrue("not UTF-8" if any("\udc80" <= c <= "\udcff" for c in text) else "half a character (a lone surrogate)")
    licence, url = values.get("licence") or values.get("license"), values.get("url")
    return {
        "text": text,
        **({"licence": licence} if licence else {}),
        **({"url": url} if isinstance(url, str) and url.strip() else {}),
    }


def _written(value, column):
    """The text of a cell. A list of texts is joined; nothing else becomes text by being printed."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return "\n".join(value)
    raise Untrue(f"{column!r} is no text but {json.dumps(value, default=str)[:40]}")


class Everything:
    """Columns of which all are wanted."""

    def of(self, names):
        return list(names)


def raw(path, book):
    """(line, {column: value}) of the rows of a table as they are, whatever they hold."""
    kind = next(k for k in READERS if path.name.lower().endswith(k))
    if kind == ".parquet":
        import pyarrow.parquet

        file = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)
        return _groups(file, file.schema_arrow.names, book)
    if kind in (".csv", ".tsv"):
        return _rows(encodings.lenient(path.read_bytes(), book).removeprefix("\ufeff"), Everything(), book)
    return _objects(path, book) if kind in (".jsonl", ".ndjson") else _listed(path, book)


def documents(columns, rows, book):
    """Pairs of a line and a document from pairs of a line and a row's values."""
    for line, values in rows:
        try:
            yield line, row(columns, values)
        except Untrue as error:
            book.problem(line, str(error))


# --- JSON lines -------------------------------------------------------------------------------------------------------------------------
def read_jsonl(path, columns, book):
    return documents(columns, _objects(path, book), book)


def _objects(path, book):
    for line, text in _lines(path, book):
        try:
            found = json.loads(text, object_pairs_hook=_once)
        except Untrue as error:
            book.problem(line, str(error))
        except (ValueError, RecursionError) as error:  # not JSON, a number too long for Python, nested too deeply
            book.problem(line, f"not a JSON object ({str(error).splitlines()[0][:60]})")
        else:
            if isinstance(found, dict):
                yield line, found
            else:
                book.problem(line, "not a JSON object")


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(k for k, _ in pairs if [p[0] for p in pairs].count(k) > 1)
        raise Untrue(f"{twice!r} is given twice")
    return found


def _lines(path, book):
    """(number, line) of a file, but for those that are blank."""
    whole = encodings.lenient(path.read_bytes(), book).removeprefix("\ufeff")
    return ((n, line) for n, line in enumerate(whole.split("\n"), 1) if line.strip())


# --- JSON -------------------------------------------------------------------------------------------------------------------------------
def read_json(path, columns, book):
    """The objects of a list, alone or as the one list in an object; an object without a list is a row itself. Lines of objects are what they are in a .jsonl."""
    return documents(columns, _listed(path, book), book)


def _listed(path, book):
    text = encodings.decode(path.read_bytes(), book).removeprefix("\ufeff")
    first, _, rest = text.strip().partition("\n")
    if rest and _is_object(first):
        return _objects(path, book)
    listed = re.match(r'\s*(?:\{(?:[^\[{}]*,)?\s*"[^"\\]*"\s*:\s*)?\[(?=\s*\{)', text)
    return _elements(text, listed.end(), book) if listed else _whole(text, book)


def _is_object(text):
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _elements(text, at, book):
    """(line, object) of the elements of a list; what follows a broken one is not read."""
    decoder, line, counted = json.JSONDecoder(object_pairs_hook=_once), 1, 0
    while (at := re.compile(r"[\s,]*").match(text, at).end()) < len(text) and text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            found, at = decoder.raw_decode(text, at)
        except Untrue as error:
            book.problem(line, str(error))
            _, at = json.JSONDecoder().raw_decode(text, at)
            continue
        except (ValueError, RecursionError) as error:
            return book.problem(line, f"not JSON, and what follows is not read ({str(error).splitlines()[0][:60]})")
        if isinstance(found, dict):
            yield line, found
        else:
            book.problem(line, "not a JSON object")
    if at >= len(text):
        book.problem(line, "the list does not end")
    elif rest := text[at + 1 :].strip("} \r\n\t"):
        book.problem(line, f"what follows the list is not read: {rest[:40]}")


def _whole(text, book):
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return book.problem(1, f"not JSON ({str(error).splitlines()[0][:60]})")
    if not isinstance(found, dict):
        return book.problem(1, "not a JSON object")
    yield 1, found


# --- CSV --------------------------------------------------------------------------------------------------------------------------------
def read_csv(path, columns, book):
    text = encodings.lenient(path.read_bytes(), book).removeprefix("\ufeff")
    return documents(columns, _rows(text, columns, book), book)


def _rows(text, columns, book):
    """(physical line, {heading: value}) of the rows that have as many fields as there are headings."""
    csv.field_size_limit(sys.maxsize)
    physical = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", text)
    heading = re.sub(r'"[^"]*"', "", physical[0] if physical else "")
    delimiter = max(",;\t|", key=heading.count)  # a spreadsheet writes semicolons where the comma is decimal
    records = _records(physical, delimiter, book)
    _, names = next(records, (1, []))
    used = columns.of(names)
    if used is None:
        return book.problem(1, f"no column {columns.text!r}; {near(columns.text, names)}")
    if twice := [n for n in used if names.count(n) > 1]:
        return book.problem(1, f"{names.count(twice[0])} columns are called {twice[0]!r}")
    for line, fields in records:
        if len(fields) == len(names):
            yield line, {n: v for n, v in zip(names, fields) if n in used}
        elif fields:
            book.problem(line, f"{len(fields)} fields, {len(names)} headings")


def _records(physical, delimiter, book):
    """(physical line, fields) of each record. After a broken one the next line is read afresh, so that an open quote costs one line."""
    at = 0
    while at < len(physical):
        reader, start = csv.reader((physical[k] for k in range(at, len(physical))), delimiter=delimiter, strict=True), at
        try:
            for fields in reader:
                yield at + 1, fields
                at = start + reader.line_num
        except csv.Error as error:
            book.problem(at + 1, f"broken quotes: {error}")
            at += 1


# --- Parquet ----------------------------------------------------------------------------------------------------------------------------
def read_parquet(path, columns, book):
    """Row by row, of the columns that are needed; a damaged group of rows costs no other."""
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)
    used = columns.of(file.schema_arrow.names)
    if used is None:
        return book.problem(1, f"no column {columns.text!r}; {near(columns.text, file.schema_arrow.names)}")
    yield from documents(columns, _groups(file, used, book), book)


def _groups(file, used, book):
    first = 1
    for group in range(file.num_row_groups):
        count, done = file.metadata.row_group(group).num_rows, 0
        try:
            for batch in file.iter_batches(1000, row_groups=[group], columns=used):
                for values in batch.to_pylist():
                    done += 1
                    yield first + done - 1, values
        except Exception as error:  # whatever the decoder meets, the place is known
            book.problem(first + done, f"damaged, rows {first + done} to {first + count - 1}: {str(error).splitlines()[0][:100]}")
        first += count


READERS = {".json": read_json, ".jsonl": read_jsonl, ".ndjson": read_jsonl, ".csv": read_csv, ".tsv": read_csv, ".parquet": read_parquet}
