"""What a source teaches and is tested on: cleaning, tasks, conversations and preferences, whoever brings them."""

import functools
import random
import tempfile
from pathlib import Path

from llmlab.data import bias, clean, corpus, derive, duplicates, exams, guests, layouts, material, offence, personal, teaching, telephones
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.params import shown


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
        ("offensive text", offence.offensive_text(offensive_filter, detector)),
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
    """Before any kernel starts: what the parameters bring is there, in layouts that are known, and every task has items."""
    read_instructions(material.others(params["instructions"]), params["columns"])
    read_preferences(material.others(params["preferences"]))
    names = [head["name"] for head, _ in exams.brought(material.others(params["tasks"]), params["columns"])]
    if twice := [n for n in names if names.count(n) > 1]:
        raise UserError(f"two tasks are called {twice[0]!r}", "a name of its own for each", "rename a file")
    for text in material.others((*params["labels"], *params["knowledge"])):
        next(iter(guests.rows(guests.named(text))), None)


def names(params):
    """(names of the tasks, topics of the conversations) that a run with these parameters of phase 2 will have."""
    with tempfile.TemporaryDirectory() as folder:
        given = material.opened(params["source"], corpus.local(params["source"]), Path(folder) / "material", params["seed"], 50)
        heads = [head for head, _ in exams.brought(material.part(given, "tasks", params["tasks"]), params["columns"])]
        rows, _ = read_instructions(material.part(given, "instructions.jsonl", params["instructions"]), params["columns"])
    derived = [] if any(head["better"] == "higher" for head in heads) else list(derive.KINDS)
    topics = sorted({row["topic"] for row in rows}) or derive.TOPICS
    return [*(head["name"] for head in heads), *derived], topics


# --- lessons ----------------------------------------------------------------------------------------------------------------------------
INSTRUCTIONS = "messages; ShareGPT conversations; Alpaca instruction, output; prompt, completion; question, answer; turns; or two columns that you name"
PREFERENCES = (
    "prompt, chosen, rejected; chosen, rejected with a common beginning; instruction, completions with scores; prompt, completion, label"
)


def read_instructions(texts, columns=(), seed=0):
    """(conversations, notes on where they came from and in which layout) of what texts name, as often as their weights say."""
    layout_of = functools.partial(layouts.instruction_layout, columns=tuple(columns))
    shaped = functools.partial(layouts.instruction, columns=tuple(columns))
    return _read(texts, layout_of, shaped, INSTRUCTIONS, seed, _topical)


def read_preferences(texts, seed=0):
    """(pairs, notes) of what texts name; thumbs without a partner are left out, and the notes say how many."""
    rows, notes = _read(texts, layouts.preference_layout, layouts.preference, PREFERENCES, seed, lambda row, guest: row)
    thumbs = [r for r in rows if "completion" in r]
    pairs, alone = layouts.paired(thumbs)
    if alone:
        notes.append(
            {"guest": "thumbs", "layout": "thumbs", "rows": alone, "note": "left out: the prompt has no answer with the other thumb"}
        )
    return [r for r in rows if "completion" not in r] + pairs, notes


def _read(texts, layout_of, shaped, wanted, seed, told):
    rows, notes = [], []
    for guest in map(guests.named, texts):
        found, layout = guests.laid_out(guest, layout_of, shaped, wanted)
        mine = guests.weighed([told(row, guest) for row in found], guest.weight, seed)
        notes.append(
            {
                "guest": shown(guest.name),
                "layout": layout,
                "rows": len(found),
                "note": f"weight {guest.weight:g}: {len(mine)} taken" if guest.weight != 1 else "",
            }
        )
        rows += mine
    return rows, notes


def _topical(row, guest):
    return row if "topic" in row else {**row, "topic": exams.stem(guest.name)}


def write_knowledge(given, texts, out):
    """Rows {"title", "text"} that answers may look up, into a JSON-lines file; returns how many: 0 where there are none."""
    named = material.part(given, "knowledge.jsonl", texts)
    rows = [row for text in named for _, row in guests.rows(guests.named(text))]
    if wrong := next((row for row in rows if not isinstance(row.get("text"), str)), None):
        raise UserError(f"a row of knowledge has the columns {', '.join(wrong)}", "text, and an optional title", "mend the file")
    write_jsonl(out, [{"title": str(row.get("title", "")), "text": row["text"]} for row in rows])
    return len(rows)


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
    if not rows or not pairs:
        own_rows, own_pairs = derive.lessons(documents, seed, count or 5000) if not rows else ([], derive.wrong_answers(rows, seed))
        rows, pairs = rows or own_rows, pairs or own_pairs
        notes.append(
            {
                "guest": "derived",
                "layout": "from the text itself" if own_rows else "answers to other questions",
                "rows": len(own_rows or own_pairs),
                "note": "",
            }
        )
    asked = exams.questions(tasks_folder) if tasks_folder else set()
    rows, left = [r for r in rows if not asked & {m["content"] for m in r["messages"] if m["role"] == "user"}], len(rows)
    held = {"is asked in a task": left - len(rows)} if left > len(rows) else {}
    rows, pairs = _some(rows, count, seed), _some(pairs, count and max(20, count // 5), seed)
    (rows, doubtful), (pairs, unlike) = teaching.sound(rows, keep), teaching.sound(pairs, keep)
    write_jsonl(instructions_out, rows)
    write_jsonl(preferences_out, pairs)
    return {
        "conversations": len(rows),
        "turns": sum(len(r["messages"]) // 2 for r in rows),
        "pairs": len(pairs),
        "annotators": ", ".join(sorted({str(p.get("annotators", "people")) for p in pairs})) or "none",
        "waterfall": [
            teaching.waterfall("conversations", len(rows), {**held, **doubtful}),
            teaching.waterfall("pairs", len(pairs), unlike),
        ],
        "guests": notes + more,
        "topics": ", ".join(sorted({r["topic"] for r in rows})),
    }


def _some(rows, most, seed):
    """All rows, or `most` of them drawn at random, in their order."""
    if not most or most >= len(rows):
        return rows
    return [rows[i] for i in sorted(random.Random(f"some {seed}").sample(range(len(rows)), most))]


def probe(documents, instructions):
    """Three documents and one conversation that every notebook shows in its own way."""
    chosen = sorted(documents, key=lambda d: (abs(len(d["text"]) - 400), d["id"]))[:3]
    taught = [r for r in jsonl(instructions) if r["messages"][0]["role"] != "system"] or jsonl(instructions)
    first = next((r for r in taught if 2 < len(r["messages"]) < 6), taught[0])
    return {
        "documents": [
            {"source": d["source"], "url": personal.masked(d["url"]), "raw": personal.black_out(d.get("raw", d["text"])), "text": d["text"]}
            for d in chosen
        ],
        "messages": first["messages"],
    }
