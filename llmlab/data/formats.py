"""Files that documents come in: which are read, by which reader, and the book of what was not taken.

Every file, row and record is either a document or a problem with its file, its physical line and the reason.
"""

import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path

from llmlab.data import containers, encodings, papers, tables, webarchive
from llmlab.spine.errors import UserError
from llmlab.spine.params import near


class Problems(list):
    """What was not taken: rows {"file", "line", "why"}, line 0 for a file as a whole; the first is an error if `strict`.

    `notes` holds what was taken on an assumption: rows {"file", "note"}; `sites` what sites forbid, {host: {"robots" or "tdmrep": rules}},
    since the rules of a crawl may stand in another archive than its pages.
    """

    def __init__(self, strict=False):
        super().__init__()
        self.strict, self.notes, self.sites = strict, [], {}

    def add(self, file, line, why):
        if self.strict:
            raise UserError(
                f"{file}, line {line}: {why}", "well-formed files only, since malformed = 'refuse'", "llmlab run RUN -p malformed=skip"
            )
        self.append({"file": str(file), "line": line, "why": why})


class Where(str):
    """What a file is called on a page, and where it lies."""

    path = None

    def __new__(cls, called, path):
        where = super().__new__(cls, called)
        where.path = Path(path)
        return where


def look(where, line):
    """The command that shows a line of a file, packed or not; of what is no text, what it is."""
    path = getattr(where, "path", None)
    if path is None:  # of a hub
        return f"llmlab run RUN --only 2   (with a mended copy on this machine in place of {where})"
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    name, ends = shlex.quote(str(path)), [end.lower() for end in path.suffixes]
    if ends and ends[-1] in UNPACK:
        return f"{UNPACK[ends[-1]]} {name} | sed -n {max(1, line)}p"
    return f"ls -l {name}" if ends and ends[-1] == ".parquet" else f"sed -n {max(1, line)}p {name}"


UNPACK = {".gz": "gzip -dc", ".bz2": "bzip2 -dc", ".xz": "xz -dc", ".zst": "zstd -dc"}


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


def check_exists(path, name="source"):
    """Raises UserError if the parameter `name` names a path where nothing is."""
    if not path.exists():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.exists() else []
        raise UserError(
            f"there is no {path}",
            near(path.name, beside) if beside else f"{path.parent} does not exist either",
            f"llmlab run RUN -p {name}=FOLDER",
        )


def files(path, problems=None, ignore=()):
    """The readable files at `path`, in order of name. What lies there and is passed over is a problem."""
    path, problems = Path(path), Problems() if problems is None else problems
    check_exists(path)
    try:
        found = [path] if path.is_file() else sorted(p for p in _walk(path, problems.add) if p.name not in ignore)
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


def _walk(root, note):
    """Files below a folder, each once under its own name if it has one there. What is passed over, links out of the folder among it, is noted."""
    real, folders, links, seen = root.resolve(), [root], [], set()
    while folders or links:
        path = folders.pop() if folders else links.pop()  # links last, and those of links after them
        target, where = path.resolve(), path.relative_to(root).as_posix()
        if path.is_symlink() and (
            why := _outside(target, real) or (target in seen and f"a link to {target.relative_to(real)}, which is read")
        ):
            note(where, 0, why)
        elif path.is_dir() and target not in seen:
            seen.add(target)
            for inner in _shown(path, root, note):
                (links if inner.is_symlink() else folders).append(inner)
        elif target not in seen:
            seen.add(target)
            if readable(path) and path.is_file():
                yield path
            else:
                note(where, 0, "of no kind that we read")


def _shown(folder, root, note):
    """What lies in a folder but for what is hidden, the last name first."""
    if not os.access(folder, os.R_OK | os.X_OK):
        note(folder.relative_to(root).as_posix(), 0, "a folder that may not be read")
        return
    for inner in sorted(folder.iterdir(), reverse=True):
        if not inner.name.startswith("."):
            yield inner
        else:
            files = f" folder, {sum(p.is_file() for p in inner.rglob('*'))} files" if inner.is_dir() else ""
            note(inner.relative_to(root).as_posix(), 0, f"hidden{files}")


def _outside(target, real):
    """Why a link is not followed, None if it may be."""
    return "a link that leaves the folder" if not target.is_relative_to(real) else None if target.exists() else "a link to nothing"


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
            yield from _documents(book, source, line, content, by_row=reader in tables.READERS.values())
        if not line and len(problems) == before:
            book.problem(1, "holds no document")
    except UserError:
        raise
    except PermissionError:
        book.problem(0, "may not be read (chmod u+r)")
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
        for file in sorted(_walk(out, lambda file, *said: book.problems.add(f"{book.file}/{file}", *said))):
            yield from read(file, columns, book.problems, out, within=str(Path(book.file).parent) if single else book.file, home=home)


def rows(name, found, columns, problems):
    """Documents of a table that is no file: rows that a library hands over, counted from 1."""
    book = Book(problems, name)
    for line, content in tables.documents(columns, enumerate(found, 1), book):
        yield from _documents(book, name, line, content, by_row=True)


def _documents(book, source, line, content, by_row):
    """What a reader found at a line, as documents: none and a problem if it is empty, several if it is long. A row is a work of its own."""
    if not content.get("text", content.get("html", "")).strip():
        return book.problem(line, "empty")
    address = f"{book.file}#{line}" if by_row else book.file
    row = {"id": f"{book.file}:{line}", "source": source, "url": address, **content}
    yield from cut(row) if "text" in row else [row]


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
