"""What a source teaches and is tested on: cleaning, tasks, conversations and preferences, for the world and for any text."""

import functools
import random
import shutil
from pathlib import Path

from llmlab.data import bias, clean, duplicates, offence, personal, tasks, teaching, telephones
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.world import conversations, exam


def cleaning(
    language,
    min_words,
    words,
    near_duplicate_threshold,
    offensive_filter,
    keep_contacts,
    tasks,
    counterfactual=False,
    trusted=(),
    licences=(),
    regions=(),
):
    """The cleaning steps in order, as [(name, step)].

    Args:
        tasks: folder of the evaluation tasks, against which documents are decontaminated.
        licences: SPDX names of the licences that a document must stand under; none for no rule.
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
        *([("counterfactual", bias.counterfactual)] if counterfactual else []),
    ]


def _spare(sources, step):
    """A step that passes documents of trusted sources unchanged."""

    def spared(documents):
        kept, dropped = step([d for d in documents if d["source"] not in sources])
        gone = {id(d) for d in dropped}
        return [d for d in documents if id(d) not in gone], dropped

    return spared


def write_tasks(source, raw, out, seed):
    """The embedded world's evaluation tasks, with moderators' labels beside them; for any other source none yet (see `derive_tasks`)."""
    shutil.rmtree(out, ignore_errors=True)  # of a former attempt, perhaps from another source
    if source == "world":
        tasks.write(out, *exam.world_tasks(seed))
        labelled = ({**row, "text": personal.masked(row["text"])} for row in jsonl(Path(raw) / "moderation.jsonl"))
        write_jsonl(Path(out) / "moderation.jsonl", labelled)
    else:
        tasks.write(out, [], {})


def derive_tasks(source, held_out, out, seed):
    """For a source whose answers nobody knows: tasks from cleaned documents that no model of the run is trained on."""
    if source == "world":
        return
    heads, items = tasks.derived_tasks([d for d in held_out if len(d["text"]) > 200], seed)
    if not any(head["better"] == "higher" for head in heads):
        raise UserError(
            f"no question can be made of the {len(held_out)} documents that are held out for testing",
            "some with more than 200 characters of running text, in which words repeat",
            "llmlab run RUN -p source=MORE_TEXT",
        )
    tasks.write(out, heads, items)


def write(source, documents, instructions, preferences, seed, count, keep=()):
    """Supervised conversations and preference pairs, as JSON lines, without repetitions and personal data. Returns facts about them.

    Args:
        keep: the company's own contacts, which are no personal data.
    """
    if source == "world":
        from llmlab.world.company import World

        world = World(seed=seed)
        rows = conversations.Support(world, seed).conversations(count, thanked=0.12)
        pairs = conversations.preferences(world, seed, max(20, count // 5), reliability=0.9)
    else:
        rows, pairs = _derived(documents, seed, count)
    (rows, doubtful), (pairs, unlike) = teaching.sound(rows, keep), teaching.sound(pairs, keep)
    write_jsonl(instructions, rows)
    write_jsonl(preferences, pairs)
    return {
        "conversations": len(rows),
        "turns": sum(len(r["messages"]) // 2 for r in rows),
        "pairs": len(pairs),
        "annotators": "simulated",
        "waterfall": [teaching.waterfall("conversations", len(rows), doubtful), teaching.waterfall("pairs", len(pairs), unlike)],
        "topics": ", ".join(sorted({r["topic"] for r in rows})),
    }


def _derived(documents, seed, count):
    """Conversations about any text: which source it is from, and how it goes on; pairs prefer the right source to another."""
    rng = random.Random(f"lessons {seed}")
    sources = sorted({d["source"] for d in documents})
    rows, pairs = [], []
    for _ in range(count):
        document = rng.choice(documents)
        text = " ".join(document["text"].split())
        if len(sources) > 1 and rng.random() < 0.7:
            start = rng.randrange(max(1, len(document["text"]) - 260))
            asked, right = tasks.origin_question(document["text"][start:]), document["source"]
            rows.append(conversations.row("origin", [(asked, f"This text is from {right}.")]))
            wrong = rng.choice([s for s in sources if s != right])
            say = lambda name: [{"role": "assistant", "content": f"This text is from {name}."}]  # noqa: E731
            pairs.append(
                {
                    "prompt": [{"role": "user", "content": asked}],
                    "chosen": say(right),
                    "rejected": say(wrong),
                    "flaw": "wrong",
                    "annotators": "simulated",
                }
            )
        else:
            cut = max(1, min(len(text) // 2, 160))
            rows.append(
                conversations.row("continue", [(f"Please go on with this text: {text[:cut]}", text[cut : cut + 160].strip() or text[-40:])])
            )
    if not pairs:  # one source only: the true continuation is preferred to another document's
        for row in rows[: max(20, count // 5)]:
            other = rng.choice(rows)["messages"][-1]
            if other["content"] == row["messages"][-1]["content"]:
                continue
            pairs.append(
                {
                    "prompt": row["messages"][:1],
                    "chosen": [row["messages"][-1]],
                    "rejected": [other],
                    "flaw": "off topic",
                    "annotators": "simulated",
                }
            )
    return rows, pairs[: max(20, count // 5)]


def probe(documents, instructions):
    """Three documents and one conversation that every notebook shows in its own way."""
    chosen = sorted(documents, key=lambda d: (abs(len(d["text"]) - 400), d["id"]))[:3]
    first = next((r for r in jsonl(instructions) if len(r["messages"]) > 2), jsonl(instructions)[0])
    return {
        "documents": [
            {"source": d["source"], "url": personal.masked(d["url"]), "raw": personal.black_out(d.get("raw", d["text"])), "text": d["text"]}
            for d in chosen
        ],
        "messages": first["messages"],
    }
