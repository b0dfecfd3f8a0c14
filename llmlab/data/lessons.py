"""What a source teaches and is tested on: cleaning, tasks, conversations and preferences, whoever brings them."""

import functools
import random
import tempfile
from collections import Counter
from pathlib import Path

from llmlab.data import (
    bias,
    clean,
    corpus,
    derive,
    duplicates,
    exams,
    feedback,
    formats,
    guests,
    harness,
    layouts,
    material,
    misses,
    offence,
    personal,
    tasks,
    teaching,
    telephones,
)
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.places import shown


def cleaning(
    language,
    min_words,
    words,
    near_duplicate_threshold,
    offensive_filter,
    keep_contacts,
    tasks,
    counterfactual=None,
    trusted=(),
    licences=(),
    regions=(),
    swear=(),
):
    """The cleaning steps in order, as [(name, step)].

    Args:
        tasks: folder of the evaluation tasks, against which documents are decontaminated.
        licences: SPDX names of the licences that a document must stand under; none for no rule.
        counterfactual: pairs of words to exchange in half of the documents; None for no exchange.
        regions: countries whose telephone numbers are looked for; those where the language is spoken if none is given.
        trusted: sources that the rules for web text do not apply to: what a company writes about its products is short on purpose.
    """
    from llmlab.data.tasks import questions

    detector = offence.of(tasks) if offensive_filter == "classifier" else None
    return [
        ("permission", _spare(trusted, functools.partial(clean.permission, allowed=licences))),
        ("extract", clean.extract),
        ("normalise", clean.normalise),
        ("language", _spare(trusted, clean.language(language))),
        ("quality", _spare(trusted, clean.quality(min_words, words, english=language == "en"))),
        ("exact duplicates", duplicates.exact_duplicates),
        ("near duplicates", duplicates.near_duplicates(near_duplicate_threshold, words=words)),
        ("personal data", personal.personal_data(keep_contacts, regions or telephones.regions_of(language))),
        ("offensive text", offence.offensive_text(offensive_filter, detector, swear)),
        ("decontaminate", clean.decontaminate(questions(tasks))),
        *([("counterfactual", functools.partial(bias.counterfactual, pairs=counterfactual))] if counterfactual else []),
    ]


def _spare(sources, step):
    """A step that passes documents of trusted sources unchanged."""

    def spared(documents):
        kept, dropped = step([d for d in documents if d["source"] not in sources])
        gone = {id(d) for d in dropped}
        return [d for d in documents if id(d) not in gone], dropped

    return spared


def check(params):
    """Before any kernel starts: what the parameters and a material bring is there, in layouts that are known, and every task has items; returns their heads."""
    columns = params["columns"]
    if len(columns) not in (0, 2):
        raise UserError(
            f"columns = {columns}", "two names: that of the question, that of the answer", "llmlab run RUN -p 'columns=[text, category]'"
        )
    named, learns = functools.partial(_named, params), params["offensive_filter"] == "classifier"
    read_instructions(named("instructions", "instructions.jsonl"), columns)
    rated_preferences(params)
    exams.check_apart(params["instructions"], params["tasks"], columns)
    brought = exams.brought(_local(params), params["tasks"], columns, params["instructions"], params["seed"])
    if not offence.labelled(named("labels", "labels.jsonl")) and learns and not material.is_maker(params["source"]):
        raise offence.unlabelled()
    _known(named("knowledge", "knowledge.jsonl"))
    for name in ("tasks", "labels", "knowledge"):
        for text in params[name]:
            if not text.startswith(harness.MARK) and guests.named(text).weight != 1:
                raise UserError(
                    f"{name}: {text!r} has a weight",
                    "weights count lessons; tasks, labels and knowledge count once",
                    f"llmlab run RUN -p '{name}=[{guests.named(text).name}]'",
                )
    return [head for head, _ in brought]


def _local(params):
    """The folder of the material, if it is one that lies on this machine."""
    path = corpus.local(params["source"])
    return path if material.is_material(path) else None


def _named(params, name, part):
    """What a parameter names, or what the material has of it."""
    return material.part(_local(params), part, params[name])


def rated_preferences(params):
    """The pairs, and the answers that were rated alone, that the parameters and a material bring."""
    return read_preferences(_named(params, "preferences", "preferences.jsonl"))[0]


def names(params):
    """({name: head} of the tasks, names of those that can be the one to decide by, topics of the conversations, what the material says of itself) that a run
    with these parameters of phase 2 will have."""
    with tempfile.TemporaryDirectory() as folder:
        given = material.opened(params["source"], corpus.local(params["source"]), Path(folder) / "material", params["seed"], 50)
        heads = [
            {**head, **exams.compares(items["test"])}
            for head, items in exams.brought(given, params["tasks"], params["columns"], params["instructions"], params["seed"])
        ]
        about = material.described(given, params["word_lists"])
        rows, _ = read_instructions(material.part(given, "instructions.jsonl", params["instructions"]), params["columns"])
    able = [head["name"] for head in heads if tasks.decides(head)]
    forms = {kind: ["chat", "text"] if kind in derive.GOES_ON else ["chat"] for kind in derive.KINDS}
    derived = {kind: tasks.task(kind, derive.KINDS[kind][0], forms=forms[kind]) for kind in exams.lacking(heads, about)}
    topics = sorted({row["topic"] for row in rows}) or derive.TOPICS
    return {**derived, **{head["name"]: head for head in heads}}, able or list(derived), topics, about


# --- lessons ----------------------------------------------------------------------------------------------------------------------------
SHOWN = 6  # columns that nobody read are named, so many of them
INSTRUCTIONS = "messages; ShareGPT conversations; Alpaca instruction, output; prompt, completion; question, answer, after a context; turns; or two named columns"
PREFERENCES = (
    "prompt, chosen, rejected; chosen, rejected with a common beginning; instruction, completions with scores; prompt, completion, label"
)


def read_instructions(texts, columns=(), seed=0):
    """(conversations, notes on where they came from and in which layout) of what texts name, as often as their weights say."""
    layout_of = functools.partial(layouts.instruction_layout, columns=tuple(columns))
    shaped = functools.partial(layouts.instruction, columns=tuple(columns))
    return _read(texts, layout_of, shaped, INSTRUCTIONS, seed, _topical)


def read_preferences(texts, seed=0):
    """(pairs, notes) of what texts name; thumbs without a partner stay as they are, for methods that learn from single answers, and the notes say how many."""
    rows, notes = _read(texts, layouts.preference_layout, layouts.preference, PREFERENCES, seed, lambda row, guest: row)
    pairs, alone, more = feedback.paired([r for r in rows if "completion" in r])
    said = "the prompt has no answer with the other thumb: for methods that learn from single answers, such as kto"
    notes += [{"guest": "thumbs", "layout": "thumbs", "rows": len(alone), "note": said}] * bool(alone)
    left = "left out: said of an answer that others rated too"
    notes += [{"guest": "thumbs", "layout": "thumbs", "rows": more, "note": left}] * bool(more)
    return [r for r in rows if "completion" not in r] + pairs + alone, notes


def _read(texts, layout_of, shaped, wanted, seed, told):
    """(rows, each with how many `times` it counts, notes on the guests)."""
    rows, notes = [], []
    for guest in map(guests.named, texts):
        found, layout, mute, unread = guests.laid_out(guest, layout_of, shaped, wanted)
        rows += [{**told(row, guest), "times": n} for row, n in zip(found, guests.drawn(found, guest.weight, seed))]
        note = [f"weight {guest.weight:g}"] * (guest.weight != 1) + [f"{mute} left out: two answers with equal scores"] * bool(mute)
        note += [f"not read: {', '.join(unread[:SHOWN])}" + f" and {len(unread) - SHOWN} more columns" * (len(unread) > SHOWN)] * bool(
            unread
        )
        notes.append({"guest": shown(guest.name), "layout": layout, "rows": len(found) + mute, "note": "; ".join(note)})
    return rows, notes


def _topical(row, guest):
    return {**row, "topic": str(row["topic"]) if "topic" in row else exams.stem(guest.name)}


def write_knowledge(given, texts, out, keep=()):
    """Rows {"title", "text"} that answers may look up, into a JSON-lines file, personal data masked; returns how many: 0 where there are none."""
    rows = _known(material.part(given, "knowledge.jsonl", texts))
    write_jsonl(out, [{k: personal.masked(v, keep) for k, v in row.items()} for row in rows])
    return len(rows)


def _known(texts):
    """Rows of knowledge as they are wanted, or an error that names the first that is none."""
    found = []
    for text in texts:
        for (file, line), row in guests.rows(guests.named(text)):
            if not isinstance(row.get("text"), str) or not isinstance(row.get("title") or "", str):
                raise UserError(
                    f"{file}, line {line}: knowledge with the columns {', '.join(row)}",
                    "text, and an optional title",
                    formats.look(file, line),
                )
            found.append({"title": row.get("title") or "", "text": row["text"]})
    return found


def write(
    given, documents, instructions, preferences, instructions_out, preferences_out, seed, count, keep=(), columns=(), tasks_folder=None
):
    """Writes conversations and pairs, as JSON lines, without repetitions and personal data. Returns facts about them.

    Args:
        given: folder of the material, or None.
        documents: that lessons are derived from, where neither parameters nor material bring any.
        instructions, preferences: what the parameters name.
        count: conversations at most, drawn at random, and a fifth of it pairs; 0 for all.
        keep: contacts that are no personal data.
        tasks_folder: what will be asked, and so must not be taught.
    """
    rows, notes = read_instructions(material.part(given, "instructions.jsonl", instructions), columns, seed)
    pairs, more = read_preferences(material.part(given, "preferences.jsonl", preferences), seed)
    asked = exams.questions(tasks_folder) if tasks_folder else set()
    if not rows:
        rows, own = derive.lessons(documents, seed, count or 5000)
        notes.append({"guest": "derived", "layout": "from the text itself", "rows": len(rows), "note": ""})
        pairs = pairs or own
    rows, left = _chosen(rows, asked, keep, count, seed)
    if not pairs:
        pairs = misses.pairs(rows, seed)
        flaws = ", ".join(f"{flaw} ({n})" for flaw, n in Counter(p["flaw"] for p in pairs).items())
        notes.append({"guest": "derived", "layout": "answers to other questions", "rows": len(pairs), "note": f"rejected since it {flaws}"})
    pairs, unlike = _chosen(pairs, asked, keep, count and max(20, count // 5), seed)
    if not rows or not pairs:
        what, why = ("conversations", left) if not rows else ("pairs of answers", unlike)
        reasons = ", ".join(f"{reason} ({n})" for reason, n in why.items()) or "there are none"
        raise UserError(
            f"no {what} are left: {reasons}",
            "some that are whole and that no task asks",
            "llmlab run RUN -p instructions=[FILE]   (or preferences)",
        )
    write_jsonl(instructions_out, rows)
    write_jsonl(preferences_out, pairs)
    single = sum("completion" in p for p in pairs)
    return {
        "conversations": len(rows),
        "turns": sum(len(r["messages"]) // 2 for r in rows),
        "pairs": len(pairs) - single,
        **({"single answers": single} if single else {}),
        "annotators": feedback.who(pairs),
        "waterfall": [
            teaching.waterfall("conversations", len(rows), left),
            teaching.waterfall("pairs" + " and single answers" * bool(single), len(pairs), unlike),
        ],
        "guests": notes + more,
        "topics": ", ".join(sorted({r["topic"] for r in rows})),
    }


def _chosen(rows, asked, keep, most, seed):
    """(lessons worth teaching, {reason: how many are left out}): in = kept + left out, a lesson that counts twice being two.

    Args:
        asked: questions of tasks, which must not be taught; most: so many are drawn, 0 for all.
    """
    told = teaching.untold(rows, asked)
    sound, left = teaching.sound(told, keep)
    left = {"is asked in a task": len(rows) - len(told), **left, "not drawn by its weight": sum(r.get("times", 1) == 0 for r in sound)}
    once = [{k: v for k, v in row.items() if k != "times"} for row in sound if row.get("times", 1) > 0]
    more = [{k: v for k, v in row.items() if k != "times"} for row in sound for _ in range(row.get("times", 1) - 1)]
    kept = _some(once + more, most, seed)
    left |= {"not drawn (conversations)": len(once) + len(more) - len(kept)}
    return kept, {reason: n for reason, n in left.items() if n}


def _some(rows, most, seed):
    """All rows, or `most` of them drawn at random, in their order."""
    if not most or most >= len(rows):
        return rows
    return [rows[i] for i in sorted(random.Random(f"some {seed}").sample(range(len(rows)), most))]


def probe(documents, instructions, tokenizer):
    """Three documents and one conversation that every notebook shows in its own way; one that the tokenizer's template shows, if there is any."""
    chosen = sorted(documents, key=lambda d: (abs(len(d["text"]) - 400), d["id"]))[:3]
    taught = [r for r in jsonl(instructions) if r["messages"][0]["role"] != "system"] or jsonl(instructions)
    longer = [r for r in taught if 2 < len(r["messages"]) < 6]
    shown = (r for r in (*longer, *taught) if teaching.encoded(tokenizer, r["messages"]))
    first = next(shown, taught[0])
    return {
        "documents": [
            {"source": d["source"], "url": personal.masked(d["url"]), "raw": personal.black_out(d.get("raw", d["text"])), "text": d["text"]}
            for d in chosen
        ],
        "messages": first["messages"],
    }
