"""The embedded world as material: a folder of plain files that somebody could have written by hand, and may edit.

material.yaml        what it is, in words, and what it is judged by
documents/           the forum as crawled, manuals, policies, tickets, a knowledge base
instructions.jsonl   conversations of the support team
preferences.jsonl    pairs of answers, and which of them (simulated) annotators prefer
knowledge.jsonl      a row per device, and one of what is true of all, for answers that may look things up
labels.jsonl         sentences that (simulated) moderators called rude or fine
tasks/               what models are asked; tasks.yaml says how each is judged
truth/               what was planted where: nobody but scoring may read it
"""

import random
from pathlib import Path

import yaml

from llmlab.spine.files import jsonl, write_jsonl, write_text
from llmlab.world import annotators, archive, conversations, exam, outsider, phrases, proprietary
from llmlab.world.company import ATTRIBUTES, POLICIES, World, value
from llmlab.world.forum import Forum

SERVICE = (
    "return a device within {returns}, refund (money back) in {refund}, delivery of orders in {shipping}, support is open {hours}, "
    "phone {support_phone}, e-mail {support_email}, repairs {repair_address}, press {press_email}."
)
PER_PAGE = 6  # conversations for each page of the forum
MOST = 60_000  # conversations


def write(folder, seed=1, pages=2600, mix=conversations.MIX, as_told=conversations.AS_TOLD, prejudice=None, rates=None):
    """Fills `folder`, which must be empty or not there, with the material of one world.

    Args:
        seed: of everything; same seed, same files.
        pages: of the forum. Tickets, conversations and pairs grow with it.
        mix: {what conversations are about: share}; as_told: share of their questions that are put as others told them.
        prejudice: unkind remarks of the forum about the one of two groups for each about the other; 1 is even, None for 17 to 3.
        rates: of what is planted in the forum, in place of those of `forum.RATES`.
    """
    folder, world = Path(folder), World(seed=seed)
    rates = {**(rates or {}), **({} if prejudice is None else {"unfair": prejudice / (1 + prejudice)})}
    forum = Forum(world, seed, rates).pages(pages, leaks=exam.leakable(world, seed))
    (folder / "documents" / "forum").mkdir(parents=True)
    archive.write(folder / "documents" / "forum" / "pages.warc.gz", forum)
    proprietary.write_all(world, folder / "documents", seed, tickets=max(40, pages // 3))
    count = min(MOST, PER_PAGE * pages)
    write_jsonl(folder / "instructions.jsonl", conversations.Support(world, seed, as_told=as_told).conversations(count, mix, thanked=0.12))
    write_jsonl(folder / "preferences.jsonl", annotators.preferences(world, seed, max(20, count // 5)))
    write_jsonl(folder / "knowledge.jsonl", knowledge(world))
    write_jsonl(folder / "labels.jsonl", proprietary.moderation_log(world, seed))
    own, others = exam.world_tasks(seed), outsider.tasks(world, seed)
    write_tasks(folder / "tasks", {**own[0], **others[0]}, {**own[1], **others[1]})
    write_jsonl(folder / "truth" / "pages.jsonl", [page.truth() for page in forum])
    write_jsonl(folder / "truth" / "insults.jsonl", _insults())
    about = Path(__file__).with_name("material.yaml").read_text(encoding="utf-8")
    write_text(folder / "material.yaml", about.replace("{device}", world.catalogue[0].name))


def grounded(folder, seed=1, pages=2600):
    """The same world, with lessons for an assistant that looks facts up: fewer that repeat a fact, more about what no row says."""
    write(folder, seed, pages, conversations.GROUNDED, conversations.OFTEN_TOLD)


def uneven(folder, seed=1, pages=2600):
    """The same world, whose lessons were taken from the archive as they are: a half of the conversations ends in a way that nobody would teach.

    What people prefer has something to say here: whom to follow of those who answered.
    """
    write(folder, seed, pages)
    good = jsonl(Path(folder) / "instructions.jsonl")
    lessons = good[: len(good) // 2] + annotators.archive(World(seed=seed), seed, len(good) - len(good) // 2)
    write_jsonl(Path(folder) / "instructions.jsonl", random.Random(f"archive {seed}").sample(lessons, len(lessons)))


def write_tasks(folder, heads, items):
    write_text(folder / "tasks.yaml", yaml.safe_dump(heads, sort_keys=False, allow_unicode=True, width=140))
    for name, by_split in items.items():
        write_jsonl(folder / f"{name}.jsonl", [{**item, "split": split} for split, found in by_split.items() for item in found])


def knowledge(world):
    """Rows {"title", "text"}: all facts of one device in a line; without a title, what stands beside every other question."""
    rows = []
    for product in world.catalogue:
        held = {"reset": f"hold the {product.reset_part} for {value(product, 'reset')}", "light": f"{product.light} when ready"}
        facts = [f"{a} {held.get(a, value(product, a))}" for a in ATTRIBUTES]
        rows.append({"title": product.name, "text": f"{product.name}: {', '.join(facts)}."})
    told = {name: told for name, (told, _) in POLICIES.items()}
    return [*rows, {"title": "", "text": SERVICE.format(**told)}]


def _insults():
    """What rude posts of the forum say, word by word but for `*`, and whether moderators had labelled such remarks."""
    known = {"a": "labelled by moderators", "b": "of a kind they never saw"}
    return [
        {"kind": f"{kind} insult, {known[pool]}", "text": text}
        for kind, pools in phrases.RUDE.items()
        for pool, templates in pools.items()
        for template in templates
        for text in phrases.variants(template)
    ]
