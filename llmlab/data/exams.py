"""What the models of a run will be asked: tasks that somebody brings, or that the text gives of itself."""

import math
import random
import re
import shutil
from collections import defaultdict
from pathlib import Path

from llmlab.data import derive, guests, harness, hub, layouts, material, metrics, offence, personal, taskfiles, tasks, turns
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_json, write_jsonl
from llmlab.spine.params import near
from llmlab.spine.places import shown
from llmlab.spine.provenance import fingerprint

HELD_OUT, MOST = 0.05, 500  # share of conversations, and so many at most, where a task brings no half to decide by
SOME = 40  # items on conduct to decide by, beside tasks that somebody brought: phases 4 to 6 ask them again and again
RESERVED = ("labels", "insults", "tasks", "about")  # files beside the tasks


def write(given, tasks_given, labels_given, columns, out, instructions=(), seed=0, about=None):
    """Writes the tasks that somebody brings into `out`, with moderators' labels and planted insults beside them; none for mere text.

    Args:
        given: folder of the material, or None.
        tasks_given, labels_given: what the parameters name; the material's own where they name nothing.
        columns: two names, where a table holds questions and answers under names of its own.
        instructions: files of conversations of which some are held out, where a task of such columns has a test half alone, or where there is none.
        about: what is said of the material, and in which words its answers are judged; what it says of itself if nothing is given.
    """
    out = Path(out)
    shutil.rmtree(out, ignore_errors=True)  # of a former attempt, perhaps from another source
    found = brought(given, tasks_given, columns, instructions, seed)
    mark = lambda head: fingerprint(place) if (place := metrics.judge(head["metric"])) is not None else ""  # noqa: E731
    tasks.write(out, [{**head, "judged_by": mark(head)} for head, _ in found], {head["name"]: items for head, items in found})
    write_json(out / "about.json", about or material.described(given))
    if labels := offence.labelled(material.part(given, "labels.jsonl", labels_given)):
        write_jsonl(out / "labels.jsonl", [{**row, "text": personal.masked(row["text"])} for row in labels])
    for insults in material.part(given, "truth/insults.jsonl"):
        write_jsonl(out / "insults.jsonl", jsonl(insults))


def brought(given, named, columns=(), instructions=(), seed=0):
    """[(head, items by split)] of the tasks that somebody brings; where two columns of a table are taught, and no task asks such rows, some of them are held
    out and asked. Each task that can be the one to decide by has a half to decide with."""
    texts = material.part(given, "tasks", named)
    found = gathered(texts, columns)
    named_so = {_named(guest, place[0])[0] for guest, place, _ in _in_columns(texts, columns)} if columns else set()
    if columns and not named_so:
        found += _held_out(material.part(given, "instructions.jsonl", instructions), columns, [head["name"] for head, _ in found], seed)
    whole = [
        (head, items if items["validation"] or head["final"] else _with_validation(head, items, named_so, instructions, columns, seed))
        for head, items in found
    ]
    for head, items in whole:
        if tasks.decides(head) and not items["validation"]:
            raise UserError(
                f"task {head['name']} has {len(items['test'])} item{'s' * (len(items['test']) != 1)}, and none of them to decide by",
                f"two at least that do not stand and fall together; or, for the very end alone, {head['name']}: {{final: true}} in a tasks.yaml",
                "llmlab run RUN -p 'tasks=[FILE]'",
            )
    return whole


def judges(folder):
    """The models and files that judge the tasks of a folder and lie outside the run, for whoever notes their content."""
    return list(
        dict.fromkeys(place for head in read_json(Path(folder) / "tasks.json") if (place := metrics.judge(head["metric"])) is not None)
    )


def check_apart(instructions, asked, columns):
    """Refuses to teach and to ask the same table, also one in a folder that is asked: what is asked is not taught, so nothing would be left."""
    lies = lambda text: Path(guest.name) if (guest := guests.named(text)).name.startswith("hub:") else guest.path  # noqa: E731
    exam = [lies(text) for text in material.others(asked) if not harness.is_public(text)]
    for table in map(lies, material.others(instructions)):
        if around := next((place for place in exam if place == table or place in table.parents), None):
            inside = around != table and [p.name for p in sorted(around.iterdir()) if p != table and guests.is_table(p)][:3]
            raise UserError(
                f"{shown(str(table))} is taught and asked, and what is asked is not taught: nothing would be left",
                f"tasks of another table{', such as ' + ', '.join(inside) if inside else ''}"
                + "; or none, and some of its rows are held out and asked" * bool(columns),
                f"llmlab run RUN -p 'tasks=[{'' if columns and not inside else 'OTHER_FILE'}]'",
            )


def _in_columns(texts, columns):
    """(guest, place, row) of the rows that have two columns somebody named, and something in both."""
    for guest in (guests.named(text) for text in texts if not harness.is_public(text)):
        for place, row in guests.rows(guest):
            if set(columns) <= set(row) and all(part.strip() for part in layouts.named(row, columns)):
                yield guest, place, row


def _held_out(texts, columns, taken, seed):
    """[(head, items by split)] of a task that asks rows of the lessons themselves, a share of them in each half; [] where no row has the columns."""
    rows = {plain(layouts.named(row, columns)[0]): (place, row) for _, place, row in _in_columns(texts, columns)}
    whole, each = (*columns, *turns.SYSTEM), min(MOST, max(1, round(HELD_OUT * len(rows))))
    drawn = random.Random(f"held out {seed}").sample(sorted(rows), min(2 * each, len(rows)))
    asked = [
        (rows[question][0], {**{c: v for c, v in rows[question][1].items() if c in whole}, "split": ("validation", "test")[n % 2]})
        for n, question in enumerate(drawn)
    ]
    if not asked:
        return []
    name = stem(columns[1])
    name = name if name not in (*RESERVED, *taken) else f"{name}_held_out"
    labels = {layouts.named(row, columns)[1] for _, row in rows.values()}
    metric = "exact" if len(labels) <= len(rows) / 2 else "f1"  # answers that hardly ever come again are no classes
    return [taskfiles.shaped(name, asked, {"metric": metric, "about": f"{columns[1]} of rows that are held out of the lessons"}, columns)]


def _with_validation(head, found, named_so, instructions, columns, seed):
    """Both halves of a task that came with a test half alone: some of the lessons are held out, where both have two columns that somebody named, or the half is
    halved as `taskfiles.halved` does. named_so: names of the tasks that have them."""
    taught = material.others(instructions) if head["name"] in named_so else []
    rows = [(place, row) for _, place, row in _in_columns(taught, columns)]
    if not rows:
        halves = taskfiles.halved(head["name"], found["test"])
        return {half: [i for i, of in zip(found["test"], halves) if of == half] for half in ("validation", "test")}
    drawn = random.Random(f"held out {seed}").sample(rows, min(MOST, max(1, round(HELD_OUT * len(rows)))))
    whole = (*columns, *turns.SYSTEM)
    asked = [(place, {**{c: v for c, v in row.items() if c in whole}, "split": "validation"}) for place, row in drawn]
    return {**found, "validation": taskfiles.shaped("held_out", asked, None, columns)[1]["validation"]}


def plain(text):
    """A question as it is compared with others: one case, single spaces."""
    return " ".join(text.casefold().split())


def questions(folder):
    """Everything that is to be asked, as a set of plain texts."""
    items = [i for split in ("validation", "test") for t in tasks.read(folder, split) for i in t["items"]]
    return {plain(i["messages"][-1]["content"]) for i in items if "messages" in i} | {plain(i["text"]) for i in items if i.get("text")}


def gathered(texts, columns=()):
    """[(head, items by split)] of the tasks that texts name: a file of items, a folder of such files with a tasks.yaml, a dataset of the hub, or
    `lm_eval:` and public names. Files that are called after a split are parts of one task; any other two of one name are an error."""
    public = [found for text in texts if harness.is_public(text) for found in harness.brought(text)]
    rows, heads, owner = defaultdict(list), {}, defaultdict(dict)
    for guest in (guests.named(text) for text in texts if not harness.is_public(text)):
        said, found = taskfiles.heads_of(guest.path) if _is_folder(guest) else {}, defaultdict(list)
        for place, row in guests.rows(guest):
            name, split = _named(guest, place[0])
            found[name].append((place, {"split": split, **row} if split else row))
            owner[name].setdefault(split, guest.name)
            if any(who != guest.name and (half == split or not half or not split) for half, who in owner[name].items()):
                raise UserError(f"two tasks are called {name!r}", "a name of its own for each", f"mv {guest.name} OTHER_NAME")
        for name in said:
            if name not in found:
                raise UserError(f"tasks.yaml tells of {name!r}, and {name}.jsonl holds no item", near(name, found), f"ls {guest.path}")
        heads |= said
        for name, some in found.items():
            rows[name] += some
    shaped = [*public, *(taskfiles.shaped(name, some, heads.get(name), columns) for name, some in rows.items())]
    names = [head["name"] for head, _ in shaped]
    if wrong := next((n for n in names if n in RESERVED or names.count(n) > 1), None):
        raise UserError(
            f"a task is called {wrong!r}",
            "a name that no other task and no file beside the tasks has",
            f"mv {wrong}.jsonl OTHER_NAME.jsonl",
        )
    for head, items in shaped:
        if not items["test"]:
            raise UserError(
                f"task {head['name']} has no item for the test",
                "some that are not for validation or training: a file test.jsonl beside it, or a name that is no split's",
                "llmlab run RUN -p 'tasks=[VALIDATION_FILE, TEST_FILE]'",
            )
    return shaped


def _is_folder(guest):
    return guest.path is not None and guest.path.is_dir() and not hub.is_layout(guest.path)


def _named(guest, file):
    """(name of the task, its split or None) that a file of a guest belongs to."""
    if guest.name.startswith("hub:"):
        return stem(hub.parse(guest.name)[0]), tasks.SPLITS.get(hub.parse(guest.name)[2].lower()) if guest.name.count(":") == 3 else None
    where = Path(re.sub(r"(\.(gz|bz2|xz|zst))?$", "", file))
    last, split = where.stem, tasks.SPLITS.get(where.stem.lower())
    if split is None:
        return stem("_".join([*where.parent.parts, last])), None
    above = where.parent.name or (guest.path.name if _is_folder(guest) else "")
    return stem(above) if above else "task", split


def stem(name):
    """A name for a task or a topic: that of a file without its endings, in letters that file names may have."""
    last = Path(name.removeprefix("hub:")).name
    return (
        re.sub(r"\W+", "_", re.sub(r"(\.(jsonl|ndjson|json|csv|tsv|parquet|gz|bz2|xz|zst))+$", "", last, flags=re.I)).strip("_") or "task"
    )


def compares(items):
    """{"pairs": whether the same is asked about two groups, "prejudice": whether some item says which choice goes with a prejudice}."""
    groups = defaultdict(set)
    for item in items:
        if "pair" in item:
            groups[item.get("between", ""), str(item["pair"])].add(item.get("group", ""))
    return {"pairs": any(len(of) > 1 for of in groups.values()), "prejudice": any("biased" in item for item in items)}


def lacking(heads, about):
    """Kinds of tasks that are derived from the text, beside those that somebody brought: all where none of them can be decided by; else those on conduct that
    none of them asks about, unless the material says itself what it is judged by."""
    if not any(tasks.decides(head) for head in heads):
        return list(derive.KINDS)
    return [] if about["criteria"] else [kind for kind in derive.CONDUCT if all(head["metric"] != kind for head in heads)]


def derived(parts, out, seed):
    """Tasks from documents that no model of the run is trained on, written beside what is there, where something is `lacking`."""
    there = tasks.read(out, "test")
    kinds = lacking(there, read_json(Path(out) / "about.json"))
    if not kinds:
        return
    heads, items = derive.tasks({s: parts[s] for s in ("validation", "test")}, seed, kinds)
    if not any(tasks.decides(head) for head in [*there, *heads]):
        raise UserError(
            f"no question can be made of the {len(parts['validation']) + len(parts['test'])} documents that are held out",
            "some with more than 100 characters of running text, in which words repeat",
            "llmlab run RUN -p source=MORE_TEXT   (or -p tasks=FILE)",
        )
    if set(kinds) <= set(derive.CONDUCT):  # beside somebody's own exam: enough to decide by, and all of it in the end
        items = {name: {**of, "validation": of["validation"][:SOME]} for name, of in items.items()}
    taken = {head["name"] for head in there}
    tasks.add(out, [h for h in heads if h["name"] not in taken], {n: i for n, i in items.items() if n not in taken})


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
                "judged by": shown(head["metric"]),
                "validation": len(halves[0][name]["items"]),
                "test": len(head["items"]),
                "chance": head["chance"],
                "test says": says,
            }
        )
    return rows
