"""What people judged: a JSON-lines file that only grows. Each judgement is on the disk before the next question is shown.

    {"item": id, "prompt": [messages], "a": text, "b": text, "choice": "a" | "b" | "tie" | "bad" | "skip", "annotator": name,
     "shown": "ab" or "ba", "seconds": to decide, "at": when (UTC), "comment", "reasons", "gold": what is right, "repeat": 1 if it was asked before,
     "tab": where it was given}

A single answer has "a" alone, and a "score" from 1 to 5 in place of a choice; a thumb is a 1 or a 5, and so is a "gold". {"undo": item, "repeat", "annotator"} takes a
judgement back. Several people, tabs and processes may write to one file.
"""

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
from pathlib import Path

CHOICES = ("a", "b", "tie", "bad", "skip")
SCORES = (1, 2, 3, 4, 5)
MIDDLE = 3  # neither liked nor not


def item_id(prompt, *answers):
    """The name of a question: the same whichever answer comes first."""
    return hashlib.sha256(json.dumps([prompt, *sorted(answers)], ensure_ascii=False).encode()).hexdigest()[:12]


def append(path, row):
    """Writes one line, whole and flushed, after any half line that a kill left behind. Raises OSError if the disk is full; the file is as before then."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    row = {**row, "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    with open(path, "ab+", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            line = line if stream.read(1) == b"\n" else b"\n" + line
        try:
            _write(stream, line)
            os.fsync(stream.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(stream.fileno(), end)
            raise


def _write(stream, data):
    """All of it: a disk that is nearly full takes a part."""
    while data:
        data = data[stream.write(data) :]


def read(path):
    """(rows that stand, lines that are none): later undos are carried out, and a half line is counted and left out."""
    rows, broken = [], 0
    data = Path(path).read_bytes() if Path(path).exists() else b""
    for line in data.decode("utf-8", "replace").split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        rows += [row] if isinstance(row, dict) else []
        broken += not isinstance(row, dict)
    return standing(rows), broken


def standing(rows):
    """The judgements that were not taken back, in their order; of one that was given twice, in two tabs at once, the first, and in one tab the last. Rows of no
    sitting all stand."""
    found = {}
    for n, row in enumerate(rows):
        taken_back = "undo" in row
        sat = taken_back or "at" in row
        key = (row.get("annotator"), row.get("undo" if taken_back else "item"), row.get("repeat", 0)) if sat else n
        if taken_back:
            found.pop(key, None)
        elif key not in found or replaces(row, found[key]):
            found[key] = row
    return list(found.values())


def replaces(row, before):
    """Whether a judgement stands in place of one of the same question: a tab that is answered goes on, so one that judges again did not hear that it was heard."""
    return bool(row.get("tab")) and row["tab"] == before.get("tab")


def aligned(row):
    """A judgement of a pair written so that "a" is the answer that comes first in the alphabet, for everybody."""
    if row["a"] <= row["b"]:
        return row
    exchanged = {"a": "b", "b": "a"}
    more = {"gold": exchanged.get(row["gold"], row["gold"])} if "gold" in row else {}
    more |= {"from": row["from"][::-1]} if "from" in row else {}
    return {**row, "a": row["b"], "b": row["a"], "choice": exchanged.get(row["choice"], row["choice"]), **more}


def counted(rows):
    """The judgements of pairs that say which answer is better: neither tests of the annotator (gold, repeats) nor skips; aligned."""
    return [aligned(r) for r in rows if "b" in r and "gold" not in r and not r.get("repeat") and r.get("choice") != "skip"]


def scored(rows):
    """The judgements of single answers on a scale, without tests of the annotator, repeats and skips."""
    return [r for r in rows if "score" in r and "b" not in r and "gold" not in r and not r.get("repeat")]
