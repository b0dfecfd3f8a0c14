"""What only the maker of the embedded world has: manuals, policies, tickets, a knowledge base, a moderation log."""

import csv
import random

from llmlab.spine.files import write_jsonl, write_text
from llmlab.world import concerns, phrases, questions
from llmlab.world.company import ATTRIBUTES, KINDS, MAKER, POLICIES, filling
from llmlab.world.customers import ask
from llmlab.world.forum import Forum
from llmlab.world.phrases import say, sentences


def write_all(world, folder, seed, tickets):
    """Fills `folder` with manuals/*.md, policies/*.md, tickets/tickets.jsonl and knowledge_base/devices.csv."""
    rng = random.Random(f"proprietary {world.seed} {seed}")
    for product in world.catalogue:
        write_text(folder / "manuals" / f"{product.series.lower()}.md", manual(rng, product))
    for name, (v, purpose) in POLICIES.items():
        write_text(folder / "policies" / f"{name}.md", policy(rng, name, v, purpose))
    write_jsonl(folder / "tickets" / "tickets.jsonl", [ticket(rng, world, i) for i in range(tickets)])
    knowledge_base(rng, world, folder / "knowledge_base" / "devices.csv")


def manual(rng, product):
    """The quick guide of a device, as Markdown: every attribute once, in random order."""
    lines = [f"# {product.name}: quick guide", f"Thank you for choosing a {MAKER} {product.kind}. Anybody can set it up in five minutes."]
    for attribute in rng.sample(ATTRIBUTES, len(ATTRIBUTES)):
        lines += [f"## {attribute.capitalize()}", say(rng, phrases.TELL[attribute], **filling(product, attribute))]
    return "\n\n".join(lines) + "\n"


def policy(rng, name, v, purpose):
    """A page of the maker's handbook on one policy."""
    lines = [f"# {name.replace('_', ' ').capitalize()}", f"What to know before you {purpose}."]
    lines += [say(rng, t, v=v) for t in phrases.HELP_POLICY[name]]
    lines += [
        f"Question: {say(rng, q, k=rng.choice(list(KINDS)))}\nAnswer: {say(rng, phrases.HELP_POLICY[name], v=v)}"
        for q in concerns.ASK_POLICY[name]["train"]
    ]
    return "\n\n".join(lines) + "\n"


def ticket(rng, world, i):
    """A support ticket: who wrote (personal data), about what device or policy, and what the team answered."""
    person, product, attribute = rng.choice(world.people), rng.choice(world.catalogue), rng.choice(ATTRIBUTES)
    slots, wordings, answers = filling(product, attribute), questions.ASK[attribute], phrases.HELP[attribute]
    if rng.random() < 0.35:
        name = rng.choice(list(POLICIES))
        slots, wordings, answers = {"k": product.kind, "v": POLICIES[name][0]}, concerns.ASK_POLICY[name], phrases.HELP_POLICY[name]
    opening = say(rng, (f"this is {person.name}.", "hello,", "dear support team,", ""))
    question = f"{opening} {ask(rng, wordings, **slots)}".strip()
    if rng.random() < 0.3:
        kind = rng.choice(("email", "phone", "address"))
        question += " " + say(rng, phrases.LEAK_PERSON[kind], v=getattr(person, kind))
    answer = " ".join(
        x for x in (say(rng, phrases.FRIENDLY_OPEN), say(rng, answers, **slots), say(rng, phrases.FRIENDLY_CLOSE, **slots)) if x
    )
    return {"id": f"ticket-{i}", "subject": product.name, "customer": question, "agent": answer}


def knowledge_base(rng, world, path):
    """One row per fact: device, topic, question, answer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("device", "topic", "text"))
        for product, attribute, _ in world.facts():
            slots = filling(product, attribute)
            answer = f"{ask(rng, questions.ASK[attribute], **slots)} {say(rng, phrases.TELL[attribute], **slots)}"
            writer.writerow((product.name, attribute, answer))


def moderation_log(world, seed, pages=500, mistakes=0.02):
    """Sentences of former forum pages and tickets that (simulated) moderators labelled.

    Of the rude remarks they have only seen pool a, so pool b shows how a detector does on what nobody has labelled.

    Returns: rows {"text", "label": "rude" or "fine", "votes_rude", "moderators": "simulated"}: three vote, each of them wrong in
    a share of `mistakes`, and the majority counts.
    """
    rng = random.Random(f"moderation {world.seed} {seed}")
    former = [
        p
        for p in Forum(world, f"former {seed}", {"rude_explicit_reply": 0.15, "rude_implicit_reply": 0.3}).pages(pages)
        if p.kind in ("thread", "review")
    ]
    rude = {s for p in former for r in p.rude if r["pool"] == "a" for s in sentences(r["text"])}
    skipped = {s for p in former for text in [*(r["text"] for r in p.rude if r["pool"] == "b"), *p.biased] for s in sentences(text)}
    texts = [post["text"] for p in former for post in p.posts] + [ticket(rng, world, i)["agent"] for i in range(pages)]
    texts += [t for templates in phrases.IN_KIND.values() for t in (say(rng, templates) for _ in range(pages // 50))]
    rows = []
    for text in sorted(s for t in texts for s in sentences(t) if s not in skipped):  # what is said often is judged often
        votes = sum((text in rude) != (rng.random() < mistakes) for _ in range(3))
        rows.append({"text": text, "label": "rude" if votes >= 2 else "fine", "votes_rude": votes, "moderators": "simulated"})
    return rows
