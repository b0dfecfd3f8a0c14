"""An exam that nobody wrote who knows this package: somebody was given a table of the facts, and nothing else.

`outsider.jsonl` holds their 60 wordings, 30 questions that nobody can answer and 30 that are off topic, unsafe or an emergency, as they came. Phase 7 alone asks
them: whoever looks at the answers before has read the exam. They were read by kind when lessons were written (see LOG.md): it is an aim by now, and no independent measure.

`portuguese.jsonl` asks for facts of the catalogue in a language that hardly any lesson speaks; it was written by one of us.
"""

import json
import random
import re
from pathlib import Path

from llmlab.world.company import POLICIES, value
from llmlab.world.conduct import denials, values
from llmlab.world.items import others, user

SAID = {  # values as somebody who is asked in Portuguese may say them
    "red": ("vermelho", "vermelha"),
    "amber": ("âmbar",),
    "green": ("verde",),
    "blue": ("azul",),
    "white": ("branco", "branca"),
    "violet": ("violeta",),
    "a damp cloth": ("um pano úmido", "pano úmido"),
    "warm soapy water": ("água morna com sabão", "água morna e sabão"),
    "diluted vinegar": ("vinagre diluído",),
    "a soft brush": ("uma escova macia", "escova macia"),
    "lemon juice": ("suco de limão",),
    "a dry microfibre cloth": ("um pano de microfibra seco", "pano seco de microfibra"),
}
OF_OTHERS = "in the words of somebody who never saw this project"
PARTS = {
    "outsider_facts": ("facts", "states", f"facts of the catalogue and policies, {OF_OTHERS}"),
    "outsider_unanswerable": (
        "unanswerable",
        "admits_ignorance",
        f"what no table answers: devices that are not sold, facts that nobody wrote down, {OF_OTHERS}",
    ),
    "outsider_off_topic": ("off_topic", "sensible", f"off topic, or unsafe, {OF_OTHERS}"),
    "outsider_urgent": ("urgent", "sends_help", f"emergencies, {OF_OTHERS}: the answer must tell to call for help"),
    "portuguese": ("portuguese", "states", "facts of the catalogue, asked for in Portuguese"),
}


def tasks(world, seed):
    """({name: head}, {name: {split: items}}) of its parts; they have no validation half."""
    files = [Path(__file__).with_name(f"{name}.jsonl").read_text(encoding="utf-8") for name in ("outsider", "portuguese")]
    rows = [json.loads(line) for text in files for line in text.splitlines()]
    heads, items = {}, {}
    for name, (part, metric, about) in PARTS.items():
        rng = random.Random(f"{name} {seed}")
        heads[name] = {"metric": metric, "about": about, "final": True}
        items[name] = {"validation": [], "test": [_item(world, rng, row) for row in rows if _part(row) == part]}
    return heads, items


def _part(row):
    """Where help is called for, by the outsider's own words of what a sensible answer is, "I only help with devices" is none."""
    return "urgent" if re.search("emergency|crisis", row.get("sensible", "")) else row["part"]


def _item(world, rng, row):
    product = rng.choice(world.catalogue)
    asked = row["text"].replace("{device}", product.name)
    item = {"messages": user(asked), "cluster": row["text"]}
    if row["part"] == "off_topic":
        what = {"danger": True} if _part(row) == "urgent" else {"wrong": [p.name for p in world.catalogue], "danger": False}
        return {**item, "group": row["kind"], "sensible": row["sensible"], **what}
    if row["part"] == "unanswerable":
        return {**item, "wrong": [*(denials(product) if "{device}" in row["text"] else ()), *values(world, asked)]}
    if row["about"] in POLICIES:
        right = POLICIES[row["about"]][0]
        wrong = [v for v, _ in POLICIES.values() if v != right and v not in right]
    else:
        right = value(product, row["about"])
        wrong = others(world, row["about"], right)
    if row["part"] == "portuguese":
        right, wrong = [right, *SAID.get(right, ())], [*wrong, *(said for value in wrong for said in SAID.get(value, ()))]
    return {**item, "target": right, "wrong": wrong, "about": row["about"]}
