"""What a corpus is: measured against the planted truth, its diversity, its bias, and the datasheet that says so."""

import re
import zlib
from collections import Counter, defaultdict

from llmlab.data import bias, clean, offence
from llmlab.data.permission import NONE
from llmlab.data.personal import masked
from llmlab.spine.places import shown


def by_kind(rows, what):
    """Rows {"not taken", "count", "for example"} of problems, or of notes: the numbers in a reason do not make another kind of it."""
    kinds = defaultdict(list)
    for row in rows:
        kinds[re.sub(r"https?://\S+: |\d+", lambda m: "" if m[0][0] == "h" else "n", row[what])].append(row)
    found = []
    for kind, same in sorted(kinds.items(), key=lambda k: -len(k[1])):
        place = ", line " + str(same[0]["line"]) if same[0].get("line") else ""
        example = f"{same[0]['file']}{place}: {same[0][what]}"
        found.append({"not taken" if what == "why" else "assumed": masked(kind), "count": len(same), "for example": masked(example)[:200]})
    return found


def against_truth(truth, kept, dropped):
    """Recall and precision of the cleaning steps on pages of which it is known what was planted in them.

    A step is judged on the pages that reached it. Only evaluation code may read the truth.

    Args:
        truth: rows of truth/pages.jsonl.
        kept, dropped: documents after cleaning.

    Returns: rows {"step", "planted", "found", "recall", "precision"}; None where it was not measured.
    """
    pages, order = (
        {t["url"]: t for t in truth},
        ["permission", "language", "quality", "exact duplicates", "near duplicates", "offensive text", "decontaminate"],
    )
    gone = {d["url"]: d["step"] for d in dropped if d["url"] in pages}
    reached = lambda step: [u for u in pages if u not in gone or gone[u] not in order or order.index(gone[u]) >= order.index(step)]  # noqa: E731
    rows = [
        _row(step, gone, reached(step), lambda u, t=test: t(pages[u]))
        for step, test in (
            ("permission", lambda t: t["licence"] != "by"),
            ("language", lambda t: t["kind"] in ("pt", "es")),
            ("quality", lambda t: t["kind"] in ("spam", "short")),
            ("decontaminate", lambda t: bool(t["leak"])),
        )
    ]
    rows.append(_duplicates(pages, gone, reached("exact duplicates")))
    return rows + _insults(pages, gone, reached("offensive text")) + [_personal(pages, kept), _repaired(pages, kept)]


def _row(step, gone, reached, planted):
    want, found = {u for u in reached if planted(u)}, {u for u in reached if gone.get(u) == step}
    return {
        "step": step,
        "planted": len(want),
        "found": len(want & found),
        "recall": round(len(want & found) / len(want), 3) if want else None,
        "precision": round(len(want & found) / len(found), 3) if found else None,
    }


def _insults(pages, gone, reached):
    """A row per kind. The step drops a page for either kind, so both rows have one precision."""
    either, explicit, implicit = (
        _row("offensive text", gone, reached, lambda u, k=kinds: any(r["kind"] in k for r in pages[u]["rude"]))
        for kinds in (("explicit", "implicit"), ("explicit",), ("implicit",))
    )
    named = (("explicit insults", explicit), ("implicit insults", implicit))
    return [{**row, "step": step, "precision": either["precision"]} for step, row in named]


def insults(samples, tasks_folder):
    """What the offence classifier finds in replies, against the insults that were planted in the training text.

    A model repeats what it has read, so most of its insults can be recognised word by word, and they count as offensive whatever the classifier says of them.
    That measures the classifier's recall, apart for the remarks that moderators had labelled and those that they never saw.

    Args:
        samples: of the task `offensive`, {"answer"}.
        tasks_folder: what phase 2 wrote, with `insults.jsonl` where some were planted: rows {"kind", "text"}, `*` standing for any words.

    Returns: rows {"reply holds", "known", "replies", "called offensive", "recall"} of the kinds that occur; [] where none were planted.
    """
    known, found = offence.planted(tasks_folder), defaultdict(list)
    called = offence.of(tasks_folder).rude_sentences([s["answer"] for s in samples]) if known else []
    for sample, sentence in zip(samples, called):
        found[offence.holds(known, sample["answer"])].append(sentence is not None)
    return [
        {
            "reply holds": name or "no insult that was planted, or none word by word",
            "known": name is not None,
            "replies": len(found[name]),
            "called offensive": sum(found[name]),
            "recall": round(sum(found[name]) / len(found[name]), 3) if name else None,
        }
        for name in (*known, None)
        if name in found
    ]


def _duplicates(pages, gone, reached):
    """Copies dropped by either duplicate step. Which page of a group stays is a matter of order, so groups are counted."""
    groups = defaultdict(list)
    for url in reached:
        groups[pages[url]["duplicate_of"] or url].append(url)
    dropped = {u for u in reached if "duplicates" in gone.get(u, "")}
    planted = sum(len(g) - 1 for g in groups.values())
    found = sum(min(len(g) - 1, sum(u in dropped for u in g)) for g in groups.values())
    return {
        "step": "duplicates",
        "planted": planted,
        "found": found,
        "recall": round(found / planted, 3) if planted else None,
        "precision": round(found / len(dropped), 3) if dropped else None,
    }


def _personal(pages, kept):
    here = [d for d in kept if d["url"] in pages]
    planted = [(d, p["text"]) for d in here for p in pages[d["url"]]["personal"]]
    found = sum(text not in d["text"] for d, text in planted)
    masked = [(d, m["text"]) for d in here for m in d.get("masked", [])]
    right = sum(any(m in p["text"] or p["text"] in m for p in pages[d["url"]]["personal"]) for d, m in masked)
    return {
        "step": "personal data",
        "planted": len(planted),
        "found": found,
        "recall": round(found / len(planted), 3) if planted else None,
        "precision": round(right / len(masked), 3) if masked else None,
    }


def _repaired(pages, kept):
    broken = [d for d in kept if d["url"] in pages and pages[d["url"]]["mojibake"]]
    whole = sum("â€" not in d["text"] for d in broken)
    return {
        "step": "mojibake repaired",
        "planted": len(broken),
        "found": whole,
        "recall": round(whole / len(broken), 3) if broken else None,
        "precision": None,
    }


def extraction(truth, kept):
    """Word precision and recall of the extracted text against the clean text of each page."""
    gold, both, want, got = {t["url"]: t for t in truth}, 0, 0, 0
    for document in kept:
        page = gold.get(document["url"])
        if page and not page["mojibake"] and not page["personal"]:
            a, b = Counter(page["text"].split()), Counter(document["text"].split())
            both, want, got = both + sum((a & b).values()), want + sum(a.values()), got + sum(b.values())
    return {"precision": round(both / got, 4), "recall": round(both / want, 4)} if got and want else {"precision": None, "recall": None}


def diversity(documents):
    """How varied a corpus is.

    Returns: {"words", "vocabulary", "distinct_2": share of word pairs that are different, "zlib_ratio": how far it compresses (the
    higher, the more repetitive), "largest_source": share}.
    """
    texts = [d["text"] for d in documents]
    words = [w for t in texts for w in re.findall(r"\w+", t.lower())]
    whole = "\n".join(texts).encode()
    sources = Counter(d["source"] for d in documents)
    return {
        "words": len(words),
        "vocabulary": len(set(words)),
        "distinct_2": round(len(set(zip(words, words[1:]))) / max(1, len(words) - 1), 4),
        "zlib_ratio": round(len(whole) / max(1, len(zlib.compress(whole))), 2),
        "largest_source": round(max(sources.values()) / len(documents), 3),
    }


BEGINNING = 2000  # characters that tell a document's language


def taken(kept, dropped, steps, about, most=6):
    """What each cleaning step took from whom: from which source, which language, and which group that a text mentions.

    A step that takes more of what mentions one group than of what mentions another, or of one language, decides who is heard. Of documents that were
    dropped before their text was read, only the source is known.

    Args:
        steps: names of the steps, in order.
        about: of a material, for its groups of people.
        most: sources and languages that have a row of their own, the largest first.

    Returns: rows {"whose", "before", "after", "share": of all documents whose source, language or text is known, before and after, and for each step that
    took any: "taken (share of what came to it)"}.
    """
    took = [step for step in steps if any(d["step"] == step for d in dropped)]
    whose = {"source": Counter(d["source"] for d in kept + dropped), "language": Counter()}
    marks = []
    for document in kept + dropped:
        text = document.get("unexchanged", document.get("text"))
        language = clean.language_of(text[:BEGINNING]) if text else None
        whose["language"][language] += language is not None
        marks.append({"source": document["source"], "language": language, "group": bias.mentioned(text or "", about), "read": bool(text)})
    own = [(kind, name) for kind, counts in whose.items() for name, n in counts.most_common(most) if n]
    own += [("group", name.lower()) for pair in about["groups"] for name in pair if any(name.lower() in m["group"] for m in marks)]
    steps_of = [d.get("step") for d in kept + dropped]
    return [_taken(kind, name, list(zip(marks, steps_of)), took) for kind, name in own]


KNOWN = {"source": lambda m: True, "language": lambda m: m["language"] is not None, "group": lambda m: m["read"]}


def _taken(kind, name, marked, took):
    """One row of `taken`: of the documents of one source or language, or that mention one group."""
    known = [(m, step) for m, step in marked if KNOWN[kind](m)]
    left = len(mine := [step for m, step in known if name == m[kind] or (kind == "group" and name in m[kind])])
    columns, stay, all_stay = {}, left, sum(step is None for _, step in known)
    for step in took:
        gone = mine.count(step)
        columns[step] = f"{gone} ({gone / stay:.0%})" if gone else "–"
        stay -= gone
    shares = f"{left / len(known):.1%} → {stay / max(1, all_stay):.1%}"
    return {"whose": f"{kind}: {name}", "before": left, "after": stay, "share": shares, **columns}


def datasheet(source, about, waterfall, documents, checks, figures):
    """The datasheet of the corpus (Gebru et al. 2021), every answer from what was measured in this run."""
    masked = Counter(m["kind"] for d in documents for m in d.get("masked", []))
    return {
        "motivation": f"Text to train a small language model on. {about['use']}".strip(),
        "composition": {"documents": len(documents), "by_source": dict(Counter(d["source"] for d in documents)), **figures},
        "collection": {
            "source": shown(source),
            **{k: about[k] for k in ("title", "licence", "simulated") if about[k]},
            "licences": dict(Counter(" and ".join(d.get("licence") or [NONE]) for d in documents).most_common()),
            "consent": "pages that forbid use were dropped (see preprocessing)",
        },
        "preprocessing": {r["step"]: {"dropped": r["dropped"], "changed": r["changed"], "reasons": r["reasons"]} for r in waterfall},
        "personal_data": {"masked": dict(masked), "not_found": "names of people: no rule finds them"},
        "checks_against_planted_truth": checks or "none: the truth about this source is not known",
        "uses": "Not for decisions about people. Opinions in the text are those of its authors.",
        "maintenance": "Made by a run; change a parameter and run again.",
    }
