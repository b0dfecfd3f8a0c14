"""What the models of a run will be asked: tasks that somebody brings, or that the text gives of itself."""

import math
import re
import shutil
from collections import defaultdict
from pathlib import Path

from llmlab.data import derive, guests, harness, hub, material, personal, tasks
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_json, write_jsonl
from llmlab.spine.params import near

HELD_OUT, MOST = 20, 500  # of conversations every so manieth, and so many at most, where a task brings no half to decide by


def write(given, tasks_given, labels_given, columns, out, instructions=()):
    """Writes the tasks that somebody brings into `out`, with moderators' labels and planted insults beside them; none for mere text.

    Args:
        given: folder of the material, or None.
        tasks_given, labels_given: what the parameters name; the material's own where they name nothing.
        columns: two names, where a table holds questions and answers under names of its own.
        instructions: files of conversations of which some are held out, where a task of such columns has a test half alone.
    """
    out = Path(out)
    shutil.rmtree(out, ignore_errors=True)  # of a former attempt, perhaps from another source
    heads, items = [], {}
    for head, found in brought(material.part(given, "tasks", tasks_given), columns):
        heads.append(head)
        items[head["name"]] = found if found["validation"] or head["final"] else _with_validation(found, instructions, columns)
    tasks.write(out, heads, items)
    write_json(out / "about.json", material.described(given))
    labels = [row for text in material.part(given, "labels.jsonl", labels_given) for _, row in guests.rows(guests.named(text))]
    if labels:
        write_jsonl(out / "labels.jsonl", [{**row, "text": personal.masked(_label(row)["text"])} for row in labels])
    for insults in material.part(given, "truth/insults.jsonl"):
        write_jsonl(out / "insults.jsonl", jsonl(insults))


def _with_validation(found, instructions, columns):
    """Both halves of a task that came with a test half alone: some of the lessons are held out, or the half is halved."""
    rows = [row for text in material.others(instructions) for row in guests.rows(guests.named(text))] if columns else []
    if not rows:
        return {"validation": found["test"][1::2], "test": found["test"][::2]}
    chosen = rows[::HELD_OUT][:MOST]
    return {
        **found,
        "validation": tasks.shaped("held_out", [(place, {**row, "split": "validation"}) for place, row in chosen], None, columns)[1][
            "validation"
        ],
    }


def questions(folder):
    """Everything that a user is to be asked, as a set of texts."""
    return {
        i["messages"][-1]["content"]
        for split in ("validation", "test")
        for t in tasks.read(folder, split)
        for i in t["items"]
        if "messages" in i
    }


def brought(texts, columns=()):
    """(head, items by split) of each task that texts name: a file of items, a folder of such files with a tasks.yaml, or a dataset of the hub."""
    for text in texts:
        if harness.is_public(text):
            yield from harness.brought(text)
            continue
        guest = guests.named(text)
        folder = guest.path is not None and guest.path.is_dir() and not hub.is_layout(guest.path)
        heads = tasks.heads_of(guest.path) if folder else {}
        by_name = defaultdict(list)
        for (file, line), row in guests.rows(guest):
            by_name[stem(file)].append(((file, line), row))
        for name in heads:
            if name not in by_name:
                raise UserError(f"tasks.yaml tells of {name!r}, and {name}.jsonl holds no item", near(name, by_name), f"ls {guest.path}")
        for name, rows in by_name.items():
            split = tasks.SPLITS.get(name.lower())  # a file that is called test.csv is a test
            rows = [(place, {"split": split, **row}) for place, row in rows] if split else rows
            yield tasks.shaped("task" if split else name, rows, heads.get(name), columns)


def stem(file):
    name = re.sub(r"\W+", "_", Path(file.removeprefix("hub:")).name.split(".")[0]).strip("_")
    return name or "task"


def _label(row):
    """A moderator's label, whatever it is called."""
    said = str(row.get("label", "")).lower()
    rude = {"rude", "offensive", "toxic", "hate", "insult", "1", "true", "yes"}
    if not isinstance(row.get("text"), str) or not said:
        raise UserError(f"a label has the columns {', '.join(row)}", "text, and label: rude or fine", "mend the labels")
    row["label"] = "rude" if said in rude else "fine"
    return row


def derived(parts, out, seed):
    """Where nobody brought a task: tasks from documents that no model of the run is trained on, written beside what is there."""
    if any(head["better"] == "higher" for head in tasks.read(out, "test")):
        return
    heads, items = derive.tasks({s: parts[s] for s in ("validation", "test")}, seed)
    if not any(head["better"] == "higher" for head in heads):
        raise UserError(
            f"no question can be made of the {len(parts['validation']) + len(parts['test'])} documents that are held out",
            "some with more than 100 characters of running text, in which words repeat",
            "llmlab run RUN -p source=MORE_TEXT   (or -p tasks=FILE)",
        )
    tasks.add(out, heads, items)


def asked(folder):
    """Rows {"task", "judged by", "validation", "test", "chance", "test says"} of the tasks in a folder: whether their items are enough to say anything."""
    halves = [{t["name"]: t for t in tasks.read(folder, split)} for split in ("validation", "test")]
    rows = []
    for name, head in halves[1].items():
        clusters = len({i["cluster"] for i in head["items"]})
        width = 1 / math.sqrt(max(1, clusters))  # about two standard errors of a share of one half
        says = "nothing: too few items that differ" if width > 0.3 else f"a score to about ± {min(0.5, width):.2f}"
        rows.append(
            {
                "task": name,
                "judged by": head["metric"],
                "validation": len(halves[0][name]["items"]),
                "test": len(head["items"]),
                "chance": head["chance"],
                "test says": says,
            }
        )
    return rows
