"""Planted faults, and whether the workbench names the phase that holds them: python bench/faults.py FOLDER [--seeds 10] [--json FILE]

Eight runs, each with one fault that is made by its parameters or by what it is given, and healthy runs with several seeds; all of them are small and
take phases 1 to 4. A fault is found if the finding that is meant for it names its phase; those that the workbench refuses, or takes out, before anything
is trained on them are counted apart, since no finding is needed. FOLDER keeps the runs, which another call finds again. About fifty minutes on two cores, twenty without the seeds.
"""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

from rows import row, share

from llmlab.data.tasks import read as read_tasks
from llmlab.spine import track
from llmlab.spine.files import jsonl, read_json, write_jsonl
from llmlab.spine.params import PHASES

DESIGN, TEXT, PRE = PHASES[:3]
TOKENS, CONTEXT = 500_000, 128
SMALL = (
    "hidden_size=96",
    "num_hidden_layers=3",
    "num_attention_heads=4",
    f"1_model_design.tokens_seen={TOKENS}",
    f"context_length={CONTEXT}",
    "student_layers=2",
    "bakeoff_families=[transformer]",
    "bakeoff_tokens=2048",
    "pages=1200",
    "conversations=400",
    "4_preliminary_evaluation.limit=40",
)
CLEAN = ("offensive_filter=classifier", "counterfactual=true")  # what a careful user would do about this forum
PLAIN = ("offensive_filter=lexicon", "counterfactual=false")  # of text that nobody labelled, and that says nothing of groups
# What a healthy run must not be told. Of what it lacks it may be told: a model this small does not know every fact.
COPIES, TOKENIZER, CONTEXT_SHORT = (
    "The text repeats itself",
    "The tokenizer was made for other text",
    "The context is too short for this text",
)
ENDED, WRONG, RUDE = "Training ended before the model learnt more than counting", "Training went wrong", "The rudeness comes from the text"
SYMPTOMS = {COPIES, TOKENIZER, CONTEXT_SHORT, ENDED, WRONG, RUDE}
REFUSED, TAKEN_OUT = "refused", "taken out"


def run(place, *options, seed=1):
    """Phases 1 to 4 of a run; what the command said."""
    each = [o for text in (*SMALL, *CLEAN, f"seed={seed}", *options) for o in ("-p", text)]
    phases = [o for phase in PHASES[:4] for o in ("--only", phase)]
    done = subprocess.run([sys.executable, "-m", "llmlab.cli", "run", str(place), *phases, *each], capture_output=True, text=True)
    return done.returncode, done.stderr


def findings(place):
    """{finding: phase} of a run."""
    return {f["finding"]: f["phase"] for f in read_json(place / "4_preliminary_evaluation/findings.json")}


# --- what the faulty runs are given -----------------------------------------------------------------------------------------------------
def copies(folder, healthy):
    """Every document five times, a word in a hundred exchanged, as reposts are."""
    rng, rows = random.Random(1), []
    for document in jsonl(healthy / TEXT / "documents/train.jsonl")[:500]:
        for _ in range(5):
            words = document["text"].split(" ")
            rows.append({"text": " ".join(rng.choice(words) if rng.random() < 1 / 100 else w for w in words)})
    return _written(folder / "copies.jsonl", rows)


def foreign(folder):
    """A model that has read tables of hexadecimal numbers written in letters, with a tokenizer of those."""
    rng = random.Random(2)
    letters = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")  # of words, some of which come again, questions can be made
    known = [f"{rng.randrange(16**6):06x}".translate(letters) for _ in range(2000)]
    rows = [{"text": "\n".join(" ".join(rng.choice(known) for _ in range(8)) for _ in range(12))} for _ in range(400)]
    source, place = _written(folder / "hexadecimal.jsonl", rows), folder / "foreign_letters"
    if not (place / PRE).exists():
        small = (
            "vocab_size=1024",
            "3_pretraining.tokens_seen=20000",
            "min_words=0",
            "language=any",
            "words=whitespace",
            "offensive_filter=none",
        )
        code, said = run(place, f"source={source}", *small)
        assert (place / PRE).exists(), said
    return place / PRE / "model"


def half_masked(folder, healthy):
    """A model whose chat template marks half of what the assistant says."""
    place = folder / "half_masked"
    shutil.copytree(healthy / PRE / "model", place, dirs_exist_ok=True)
    template = "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content[: m.content|length // 2] }}{% endgeneration %}{{ m.content[m.content|length // 2 :] }}<|end|>{% else %}{{ m.role }}: {{ m.content }}\n{% endif %}{% endfor %}"
    told = read_json(place / "tokenizer_config.json") | {"chat_template": template}
    (place / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    (place / "chat_template.jinja").write_text(template, encoding="utf-8")
    return place


def leaked(folder, healthy):
    """The text of a healthy run with questions of its test half, and their answers, on pages of their own."""
    tasks = healthy / TEXT / "tasks"
    rows = [{"text": d["text"]} for d in jsonl(healthy / TEXT / "documents/train.jsonl")]
    items = next(t["items"] for t in read_tasks(tasks, "test") if t["name"] == "catalogue")[:60]
    rows += [
        {"text": f"{i['messages'][-1]['content']}\n{i['answer']}\nSo they told me when I rang them up yesterday, and it works."}
        for i in items
    ]
    return _written(folder / "leaked.jsonl", rows), tasks


def rude(folder):
    """The embedded world's forum, without what the company wrote: its manuals, its tickets, its rules."""
    place = folder / "rude"
    if not place.exists():
        subprocess.run([sys.executable, "-m", "llmlab.cli", "world", str(place), "--pages", "1200"], check=True, capture_output=True)
        for kind in ("knowledge_base", "manuals", "policies", "tickets"):
            shutil.rmtree(place / "documents" / kind)
    return place


def _written(path, rows):
    write_jsonl(path, rows)
    return path


def plans(folder, healthy):
    """{fault: (what is to be found, the phase that holds it, options)}."""
    rate = max(row.get("learning_rate", 0) for row in track.rows(healthy / PRE / "model"))
    text, tasks = leaked(folder, healthy)
    return {
        "four of five documents are copies": (COPIES, TEXT, (f"source={copies(folder, healthy)}", "near_duplicate_threshold=1.0", *PLAIN)),
        "a tokenizer of another domain": (TOKENIZER, DESIGN, (f"start_from={foreign(folder)}", f"3_pretraining.tokens_seen={TOKENS}")),
        "learning rate × 30": (WRONG, PRE, (f"3_pretraining.learning_rate={min(1.0, 30 * rate):g}",)),
        "a tenth of the tokens": (ENDED, PRE, (f"1_model_design.tokens_seen={TOKENS // 10}",)),
        "a context of 16 tokens": (CONTEXT_SHORT, DESIGN, ("context_length=16",)),
        "the rude source alone, unfiltered": (RUDE, TEXT, (f"source={rude(folder)}", "offensive_filter=none")),
        "half of the labels masked": (REFUSED, "chat template", (f"start_from={half_masked(folder, healthy)}",)),
        "tests that leaked into the text": (TAKEN_OUT, TEXT, (f"source={text}", f"tasks=[{tasks / 'catalogue.jsonl'}]", *PLAIN)),
    }


# --- what is found ----------------------------------------------------------------------------------------------------------------------
def outcome(place, finding, phase, code, said):
    """(whether the fault was found, in which words)."""
    first = said.strip().splitlines()[-3:][0] if said.strip() else "it stopped without a word"
    if finding == REFUSED:
        return code == 2 and phase in said, first
    if code:
        return phase == PRE and "gradient is not finite" in said, first  # a rate at which training blows up is refused by name
    if finding == TAKEN_OUT:
        dropped = [d for d in jsonl(place / TEXT / "dropped/dropped.jsonl") if "evaluation question" in d.get("reason", "")]
        return len(dropped) >= 50, f"{len(dropped)} of 60 pages: holds an evaluation question and its answer"
    new = {name: where for name, where in findings(place).items() if name in SYMPTOMS}
    return new.get(finding) == phase, "; ".join(f"{name} ({where})" for name, where in new.items()) or "nothing"


def rows(folder, seeds):
    """A row for each fault; how many of them a finding names, and how many else were refused or taken out before anything was trained; the healthy runs."""
    folder, found = Path(folder).absolute(), []
    folder.mkdir(parents=True, exist_ok=True)
    healthy = [folder / f"healthy-{n}" for n in range(1, seeds + 1)]
    for n, place in enumerate(healthy, 1):
        code, said = run(place, seed=n)
        assert code == 0, said
        print(f"healthy, seed {n}: {', '.join(findings(place)) or 'nothing'}", flush=True)
    named, before = [], []
    for fault, (finding, phase, options) in plans(folder, healthy[0]).items():
        place = folder / "".join(c if c.isalnum() else "-" for c in fault)
        right, words = outcome(place, finding, phase, *run(place, *options))
        by_a_finding = (place / PHASES[3]).exists() and finding in SYMPTOMS
        (named if by_a_finding else before).append(right)
        found.append(
            row(
                f"{fault}: {'named' if by_a_finding else 'refused, or taken out, before it is trained on'}",
                float(right),
                aim=">= 1",
                where=words,
            )
        )
    every = len(named) + len(before)
    found.append(row("faults that a finding names, of all", sum(named) / every, n=every, aim=">= 0.875"))
    found.append(row("faults that are named, refused or taken out", (sum(named) + sum(before)) / every, n=every, aim=">= 0.875"))
    quiet = sum(not set(findings(place)) & SYMPTOMS for place in healthy)
    return [*found, share("healthy runs without a sign", quiet, len(healthy), ">= 0.9")]


def main(folder, seeds, out):
    found = rows(folder, seeds)
    if out:
        Path(out).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    option = lambda name, default: sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default  # noqa: E731
    main(sys.argv[1], int(option("--seeds", 10)), option("--json", ""))
