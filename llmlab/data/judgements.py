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
import unicodedata
from pathlib import Path

from llmlab.data import layouts

CHOICES = ("a", "b", "tie", "bad", "skip")
SCORES = (1, 2, 3, 4, 5)
MIDDLE = 3  # neither liked nor not


def named(annotator):
    """A name as it is kept: Ana and "ana " are one person, and José is one whose accent is a sign of its own."""
    return " ".join(unicodedata.normalize("NFKC", str(annotator)).split()).casefold()


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


def when(row):
    """Seconds since 1970 at which a judgement was given, None where nobody says: what other tools wrote may stand in any order."""
    with contextlib.suppress(TypeError, ValueError):
        return float(row.get("at"))
    try:
        moment = datetime.datetime.fromisoformat(str(row.get("at")))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def aligned(row):
    """A judgement of a pair written so that "a" is the answer that comes first in the alphabet, for everybody."""
    if row["a"] <= row["b"]:
        return row
    exchanged = {"a": "b", "b": "a"}
    more = {"gold": exchanged.get(row["gold"], row["gold"])} if "gold" in row else {}
    more |= {"from": row["from"][::-1]} if "from" in row else {}
    return {**row, "a": row["b"], "b": row["a"], "choice": exchanged.get(row["choice"], row["choice"]), **more}


def voted(pair):
    """Judgements of a pair that says who preferred which answer, [] of any other."""
    if layouts.JUDGES not in pair or "chosen" not in pair:
        return []
    a, b = (pair[side][0]["content"] for side in ("chosen", "rejected"))
    asked = {"item": item_id(pair["prompt"], a, b), "prompt": pair["prompt"], "a": a, "b": b, **simulated(pair)}
    return [{**asked, "choice": "ab"[side == "rejected"], "annotator": named(who)} for who, side in pair[layouts.JUDGES].items()]


def simulated(pair):
    """What a judgement says of whom a pair calls its annotators: whether they are no people."""
    return {"simulated": True} if layouts.SIMULATED in str(pair.get("annotators")) else {}


def counts(row):
    """Whether a judgement says something of answers: it is neither a test of the annotator (gold, repeats) nor a skip."""
    return "gold" not in row and not row.get("repeat") and row.get("choice") != "skip"


def counted(rows):
    """The judgements of pairs that count, aligned; of somebody who judged a pair twice, the first."""
    return _first([aligned(r) for r in rows if "b" in r and counts(r)])


def scored(rows):
    """The judgements of single answers on a scale that count; of somebody who scored an answer twice, the first."""
    return _first([r for r in rows if "score" in r and "b" not in r and counts(r)])


def uncounted(rows):
    """{why: how many} of judgements that are neither `counted` nor `scored`."""
    tests = sum(not counts(r) for r in rows)
    return {
        "a gold item, a repeat or a skip": tests,
        "by somebody who judged it before": len(rows) - tests - len(counted(rows)) - len(scored(rows)),
    }


def _first(rows):
    found = {}
    for n, row in enumerate(rows):  # a row that was written by hand may say neither, and is then like no other
        found.setdefault((row.get("item", n), row.get("annotator", n)), row)
    return list(found.values())
