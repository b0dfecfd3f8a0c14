"""Files that documents come in: which are read, by which reader, and the book of what was not taken.

Every file, row and record is either a document or a problem with its file, its physical line and the reason.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from llmlab.data import containers, encodings, papers, tables, webarchive
from llmlab.spine.errors import UserError
from llmlab.spine.params import near


class Problems(list):
    """What was not taken: rows {"file", "line", "why"}, line 0 for a file as a whole; the first is an error if `strict`.

    `notes` holds what was taken on an assumption: rows {"file", "note"}.
    """

    def __init__(self, strict=False):
        super().__init__()
        self.strict, self.notes = strict, []

    def add(self, file, line, why):
        if self.strict:
            raise UserError(
                f"{file}, line {line}: {why}", "well-formed files only, since malformed = 'refuse'", "llmlab run RUN -p malformed=skip"
            )
        self.append({"file": str(file), "line": line, "why": why})


@dataclass(frozen=True)
class Book:
    """The page of one file in the book of problems."""

    problems: Problems
    file: str

    def problem(self, line, why):
        self.problems.add(self.file, line, why)

    def note(self, note):
        self.problems.notes.append({"file": self.file, "note": note})


def read_text(path, columns, book):
    """A plain text, whole."""
    yield 1, {"text": encodings.decode(path.read_bytes(), book)}


def read_html(path, columns, book):
    """A page, in the encoding that it names itself."""
    raw = path.read_bytes()
    yield 1, {"html": encodings.decode(raw, book, encodings.named_in(raw))}


READERS = {
    **dict.fromkeys((".txt", ".md", *papers.CODE), read_text),
    **dict.fromkeys((".html", ".htm"), read_html),
    **tables.READERS,
    **papers.READERS,
    **dict.fromkeys((".warc", ".warc.gz"), webarchive.read),
}
KINDS = (*READERS, *containers.KINDS)


def _kind(name):
    """The ending by which a file is read, None if it is not: the longest that fits, so that .warc.gz is not a .gz."""
    return max((k for k in KINDS if name.lower().endswith(k)), key=len, default=None)


def readable(path):
    """Whether a file is, by its name, of a kind that we read."""
    return _kind(path.name) is not None


def files(path, problems=None, ignore=()):
    """The readable files at `path`, in order of name. What lies there and is passed over is a problem."""
    path, problems = Path(path), Problems() if problems is None else problems
    if not path.exists():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.exists() else []
        raise UserError(
            f"there is no {path}",
            near(path.name, beside) if beside else f"{path.parent} does not exist either",
            "llmlab run RUN -p source=FOLDER",
        )
    try:
        found = [path] if path.is_file() else sorted(p for p in _walk(path, problems) if p.name not in ignore)
        other = [] if found or path.is_file() else [p.name for p in path.iterdir()][:5]
    except PermissionError:
        raise UserError(f"{path} cannot be read", "a folder you may read", f"chmod -R u+rX {path}") from None
    if not found or not readable(found[0]):
        raise UserError(
            f"{path} holds no file that we read",
            f"found {', '.join(other) or path.name}; we read {' '.join(KINDS)}",
            "llmlab run RUN -p source=FOLDER",
        )
    return found


def _walk(root, problems):
    """Files below a folder. Links are followed inside it, each file is read once, and what is passed over is noted."""
    real, seen, links = root.resolve(), set(), []
    for folder, below, names in os.walk(root, followlinks=True):
        here = Path(folder)
        for name in sorted(below):
            inner, where = here / name, (here / name).relative_to(root).as_posix()
            target = inner.resolve()
            if name.startswith("."):
                problems.add(where, 0, f"hidden folder, {sum(len(n) for _, _, n in os.walk(inner))} files")
            elif not target.is_relative_to(real):
                problems.add(where, 0, "a link that leaves the folder")
            elif inner.is_symlink() and (target == real or target in here.resolve().parents or target == here.resolve()):
                problems.add(where, 0, "a link to a folder that it lies in")
            elif os.access(inner, os.R_OK | os.X_OK):
                continue
            else:
                problems.add(where, 0, "a folder that may not be read")
            below.remove(name)
        below.sort()
        for path in (here / name for name in sorted(names)):
            if path.is_symlink() or here.resolve() != real / here.relative_to(root):
                links.append(path)
            elif _taken(path, root, problems):
                seen.add(path.resolve())
                yield path
    for path in links:  # after the files themselves, so that a file is read under its own name where it has one
        target, where = path.resolve(), path.relative_to(root).as_posix()
        if not target.is_relative_to(real):
            problems.add(where, 0, "a link that leaves the folder")
        elif not target.exists():
            problems.add(where, 0, "a link to nothing")
        elif target in seen:
            problems.add(where, 0, f"a link to {target.relative_to(real).as_posix()}, which is read")
        elif _taken(path, root, problems):
            seen.add(target)
            yield path


def _taken(path, root, problems):
    """Whether a file is to be read; noted if not."""
    why = (
        "hidden"
        if path.name.startswith(".")
        else "no file"
        if not path.is_file()
        else None
        if readable(path)
        else "of no kind that we read"
    )
    if why:
        problems.add(path.relative_to(root).as_posix(), 0, why)
    return why is None


def read(path, columns, problems, root=None, within="", home=None):
    """Documents of one file: {"id", "source", "url", "text" or "html", …}.

    Args:
        within, home: of a file from a container, the container's own name, which counts as a folder, and that of the folder that is read.
        columns: which columns of tables hold what, as `tables.Columns` says.
        root: the folder that is read: subfolders are sources of their own, named by their path in it.
    """
    home = home or (root or path.parent).name
    inside = Path(within) / (path.relative_to(root) if root and path != root else path.name)
    name, source = inside.as_posix(), inside.parent.as_posix() if inside.parent.name else home or "files"
    line, book, before = 0, Book(problems, name), len(problems)
    reader = READERS.get(_kind(path.name))
    try:
        if reader is None:
            yield from _unpacked(path, columns, book, home)
            return
        for line, content in reader(path, columns, book):
            if not content.get("text", content.get("html", "")).strip():
                book.problem(line, "empty")
                continue
            address = f"{name}#{line}" if reader in tables.READERS.values() else name
            row = {"id": f"{name}:{line}", "source": source, "url": address, **content}
            yield from cut(row) if "text" in row else [row]
        if not line and len(problems) == before:
            book.problem(1, "holds no document")
    except UserError:
        raise
    except PermissionError:
        raise UserError(f"{path} cannot be read", "a file you may read", f"chmod u+r {path}") from None
    except (encodings.Undecodable, papers.Unreadable, containers.Unpackable) as error:
        book.problem(line or 1, str(error))
    except Exception as error:  # whatever a reader stumbles over, the place is known, and no broken file ends a run
        why = (str(error).splitlines() or [type(error).__name__])[0]
        book.problem(line + 1, f"damaged: {why[:120]}")


DEEPEST = 3  # containers in containers


def _unpacked(path, columns, book, home):
    """Documents of the files in a container. A compressed file is one file under its own name."""
    if sum(part.lower().endswith(containers.KINDS) for part in Path(book.file).parts) > DEEPEST:
        return book.problem(0, f"more than {DEEPEST} archives within another")
    with tempfile.TemporaryDirectory() as folder:
        out, single = Path(folder), not path.name.lower().endswith((".zip", *containers.TARS))
        try:
            containers.unpack(path, out, book)
        except containers.Unpackable:
            raise
        except Exception as error:  # what was whole before the damage is read
            book.problem(0, f"damaged, what follows is not read: {(str(error) or type(error).__name__)[:100]}")
        if single and not readable(out / path.stem):
            return book.problem(0, f"compressed, and {path.stem} is of no kind that we read")
        for file in sorted(_walk(out, _Within(book)), key=str):
            yield from read(file, columns, book.problems, out, within=str(Path(book.file).parent) if single else book.file, home=home)


class _Within:
    """The book of problems for files in a container, whose names begin with its own."""

    def __init__(self, book):
        self.book = book

    def add(self, file, line, why):
        self.book.problems.add(f"{self.book.file}/{file}", line, why)


def rows(name, found, columns, problems):
    """Documents of a table that is no file: rows that a library hands over, counted from 1."""
    for line, content in tables.documents(columns, enumerate(found, 1), Book(problems, name)):
        if content["text"].strip():
            yield from cut({"id": f"{name}:{line}", "source": name, "url": f"{name}#{line}", **content})
        else:
            problems.add(name, line, "empty")


def cut(document, size=4000, whole=20_000):
    """A document of more than `whole` characters as parts of one work, which share its address."""
    if len(document["text"]) <= whole:
        return [document]
    stem, _, at = document["id"].rpartition(":")
    number = (lambda n: n) if document["url"] == stem else (lambda n: f"{at}.{n}")  # a file that is one work is counted by its parts
    return [{**document, "id": f"{stem}:{number(n)}", "text": part} for n, part in enumerate(parts(document["text"], size, whole), 1)]


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
