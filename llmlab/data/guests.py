"""Other people's tables: a file, the files of a folder, or a dataset of the hub, row by row, several of them with weights.

One guest is named by a text: `path/to/file.jsonl`, `folder/`, `hub:NAME:CONFIGURATION:SPLIT`, each with ` * WEIGHT` behind it if its rows are to
count more or less than once: with 0.5 a half of them is drawn, with 2 each comes twice.
"""

import contextlib
import os
import random
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from llmlab.data import containers, formats, harness, hub, layouts, material, tables, turns
from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT

ENDINGS = (*tables.READERS, *(kind + end for kind in tables.READERS for end in containers.STREAMS))


@dataclass(frozen=True)
class Guest:
    """What one text names."""

    name: str
    weight: float = 1.0

    @property
    def path(self):
        """Where it lies on this machine; None for a dataset that does not."""
        if self.name.startswith("hub:"):
            return hub.folder(self.name)
        return Path(os.path.normpath(ROOT / Path(self.name).expanduser()))


def named(text):
    """The Guest that a text names."""
    match = re.fullmatch(r"(.*?)\s+\*\s*([\d.]+)", text.strip())
    if not text.strip():
        raise UserError(
            "a guest without a name",
            "a file, a folder or hub:NAME, in a list",
            "llmlab run RUN -p 'instructions=[FILE]'   (or [] for none)",
        )
    try:
        return Guest(match[1], float(match[2])) if match else Guest(text.strip())
    except ValueError:
        raise UserError(
            f"{text!r}: {match[2]} is no number", "FILE * WEIGHT", f"llmlab run RUN -p 'instructions=[\"{match[1]} * 0.5\"]'"
        ) from None


def places(texts):
    """Files and folders that texts name, for whoever notes their content."""
    texts = material.others(texts)
    public = [path for text in texts if harness.is_public(text) for path in harness.places(text)]
    return public + [guest.path for guest in map(named, texts) if guest.path is not None and not harness.is_public(guest.name)]


def rows(guest, odd=None):
    """(where, row) of a guest's rows, `where` being the file's name and its line. A row that is no row is an error: lessons are not counted
    among what a crawl may lose; and neither is a table without a row, which somebody meant to hold some.

    Args:
        odd: a list to which problems are added, rows as `formats.Problems` has them, where the reader decides whether they are errors.
    """
    if guest.name.startswith("hub:") or (guest.path.is_dir() and hub.is_layout(guest.path)):
        problems, line = formats.Problems(), 0
        for line, row in enumerate(hub.rows(guest.name, guest.path, problems), 1):
            yield (guest.name, line), row
        _settle(problems, odd)
        _check_some(line + len(problems), guest.name, guest.path or guest.name)
        return
    for file in _files(guest):
        name = formats.Where(file.relative_to(guest.path).as_posix() if guest.path.is_dir() else file.name, file)
        problems, line = formats.Problems(), 0
        book = formats.Book(problems, name)
        try:
            with _whole(file, book) as table:
                for line, row in tables.raw(table, book):
                    yield (name, line), row
        except (UserError, GeneratorExit):
            raise
        except Exception as error:  # whatever a reader stumbles over, the place is known
            book.problem(line + 1, f"cannot be read: {(str(error).splitlines() or [type(error).__name__])[0][:120]}")
        _settle(problems, odd)
        _check_some(line + len(problems), name, file)


def _settle(problems, odd):
    refuse(problems) if odd is None else odd.extend(problems)


@contextlib.contextmanager
def _whole(file, book):
    """A table, unpacked if it is compressed."""
    if not file.name.lower().endswith(tuple(containers.STREAMS)):
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            containers.unpack(file, Path(folder), book)
        except Exception as error:  # cut off, or not what its name says
            book.problem(0, f"damaged: {(str(error) or type(error).__name__)[:100]}")
        else:
            yield Path(folder) / file.stem
            return
        refuse(book.problems)


def _files(guest):
    path = guest.path
    if path is None:
        raise UserError(f"{guest.name} is not on this machine", "a file, a folder or hub:NAME", "llmlab run RUN -p 'instructions=[FILE]'")
    shown = lambda p: not any(part.startswith(".") for part in p.relative_to(path).parts)  # noqa: E731
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if is_table(p) and p.is_file() and shown(p))
    if not path.exists() or not found or not is_table(found[0]):
        beside = sorted(p.name for p in path.parent.iterdir() if p.name.endswith(ENDINGS))[:8] if path.parent.is_dir() else []
        raise UserError(
            f"{guest.name}: there is no such file" if not path.exists() else f"{guest.name} holds no table",
            f"tables end in {' '.join(ENDINGS)}" + (f"; beside it: {', '.join(beside)}" if beside else ""),
            f"ls {path.parent}",
        )
    return found


def is_table(path):
    """Whether a file is a table, by its name."""
    return path.name.lower().endswith(ENDINGS)


def refuse(problems):
    """Raises UserError for the first of some problems, if there are any."""
    if problems:
        first = problems[0]
        raise UserError(
            f"{first['file']}, line {first['line']}: {first['why']}" + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""),
            "rows that are whole: a lesson that is dropped in silence is missed by nobody",
            formats.look(first["file"], first["line"]),
        )


def _check_some(rows, name, place):
    """Refuses a table that holds nothing: a task, or what is to be looked up, would be missing and nobody would know."""
    if not rows:
        raise UserError(f"{name} holds no row", "at least one, or no such file", f"head -3 {place}")


def laid_out(guest, layout_of, shaped, wanted):
    """(rows in one shape, the layout they had, how many were whole and said nothing, the columns that nobody read) of a guest, all of which must have the same
    layout.

    Args:
        layout_of: from column names to the name of a layout, or None.
        shaped: from a row and its layout to the row as it is wanted, or `layouts.Untrue`.
        wanted: in words, the layouts that are known.
    """
    found, layout, first, mute, unread = [], None, None, 0, {}
    for (file, line), row in ((place, turns.Row(row)) for place, row in rows(guest)):
        here = layout_of(row)
        if here is None or here != (layout or here):
            wrong = (
                f"no layout that we know; its columns are {', '.join(row)}"
                if here is None
                else f"the layout of {here}, after {layout} in {first}"
            )
            raise UserError(
                f"{file}, line {line}: {wrong}",
                f"one layout in a guest: {wanted}",
                f"{formats.look(file, line)}   (then name the files one by one)",
            )
        layout, first = here, first or f"line {line}"
        try:
            found.append(shaped(row, layout))
        except layouts.Mute:
            mute += 1
        except layouts.Untrue as error:
            raise UserError(f"{file}, line {line}: {error}", wanted, formats.look(file, line)) from None
        unread |= dict.fromkeys(row.unread())
    if not found:
        raise UserError(f"{guest.name} holds no row", "at least one", f"head -1 {guest.path or guest.name}")
    return found, layout, mute, list(unread)


def drawn(found, weight, seed):
    """Which of some rows count, and how often: the whole part of the weight for all, once more for a share of them drawn at random.

    Returns: [times] in the order of the rows.
    """
    part = round((weight % 1) * len(found))
    once_more = set(random.Random(f"weight {seed}").sample(range(len(found)), part))
    return [int(weight) + (i in once_more) for i in range(len(found))]
