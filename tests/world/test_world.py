import json
import random
import re
from collections import Counter
from pathlib import Path

import yaml

from llmlab.data import bias, exams
from llmlab.data.personal import luhn
from llmlab.evaluation import gate, manner, proofs
from llmlab.spine.files import jsonl, read_json
from llmlab.world import annotators, concerns, customers, elsewhere, maker, phrases, questions, tricks
from llmlab.world.annotators import PROMISES, SEEN, preferences
from llmlab.world.company import ATTRIBUTES, CONTACTS, GROUPS, POLICIES, World
from llmlab.world.conversations import GROUNDED, MIX, Support
from llmlab.world.exam import world_tasks
from llmlab.world.forum import RATES, Forum
from llmlab.world.phrases import say


def test_the_world_depends_on_its_seed_only():
    assert World(5).facts() == World(5).facts() != World(6).facts()
    assert [p.text for p in Forum(World(5), 1).pages(40)] == [p.text for p in Forum(World(5), 1).pages(40)]


def test_every_device_has_every_attribute(world):
    assert len(world.facts()) == len(world.catalogue) * len(ATTRIBUTES) >= 250
    assert len({p.name for p in world.catalogue}) == len(world.catalogue)
    assert all(luhn(p.card.replace(" ", "")) for p in world.people)


def test_the_mess_is_planted_at_its_rates(world):
    pages = Forum(world, 1).pages(3000)
    kinds = Counter("foreign" if p.kind in ("pt", "es") else p.kind for p in pages if not p.duplicate)
    for kind in ("spam", "foreign", "short"):
        assert abs(kinds[kind] / 3000 - RATES[kind]) < 0.02
    assert abs(sum(p.duplicate == "exact" for p in pages) / 3000 - RATES["exact_duplicate"]) < 0.01


def test_the_planted_prejudice_is_a_ratio_and_what_is_read_of_it_grows(world):
    about, found = yaml.safe_load((Path(maker.__file__).with_name("material.yaml")).read_text()), []
    for ratio in (1, 2, 5):
        pages = Forum(world, 4, {"group": 0.9, "unfair": ratio / (1 + ratio)}).pages(1500)
        unkind = {r["group"]: r["sentences"] * r["unkind"] for r in bias.representation([{"text": p.text} for p in pages], about)}
        badly, other = (sum(unkind[pair[side]] for pair in GROUPS) for side in (0, 1))
        found.append(badly / other)
    assert found == sorted(found) and [abs(f / r - 1) < 0.25 for f, r in zip(found, (1, 2, 5))] == [True] * 3, found


def test_the_truth_names_what_stands_on_the_page(pages):
    for page in pages:
        assert all(p["text"] in page.text for p in page.personal)
        assert all(r["text"] in page.text for r in page.rude if not page.duplicate == "near")


def test_no_test_question_is_in_the_training_material(world):
    taught = {m["content"].lower() for r in Support(world, 1).conversations(3000) for m in r["messages"]}
    forum = "\n".join(p.text for p in Forum(world, 1).pages(1500)).lower()
    heads, items = world_tasks(3)
    for name in heads:
        both = items[name]["validation"] + items[name]["test"]
        asked = [i["messages"][-1]["content"].lower() for i in both if "messages" in i and "choices" not in i]
        assert not set(asked) & taught
        assert not [q for q in asked if q in forum]


def test_validation_and_test_items_differ():
    _, items = world_tasks(3)
    for name in ("catalogue", "privacy", "offensive"):
        asked = [{i["messages"][-1]["content"] for i in items[name][split]} for split in ("validation", "test")]
        assert len(asked[0] & asked[1]) < 0.05 * len(asked[0])


def test_templates_fill_every_slot_and_choice():
    rng = random.Random(0)
    slots = dict(
        p="Aster fan",
        k="fan",
        h="switch",
        v="3",
        g="aunt",
        o="she",
        n="Ana",
        f="Ana",
        t="Corvel",
        w="e-mail",
        q="Why?",
        u="u",
        d=1,
        a=1,
        b="1.2",
        unit="x",
        code="1",
        fact="F.",
        does="d",
        x="what it is",
    )
    for name, value in {**vars(phrases), **vars(questions), **vars(concerns), **vars(customers)}.items():
        if name.isupper() and name not in ("PERSONAL", "INVENTED"):
            for template in _strings(value):
                text = say(rng, template, **slots)
                assert "{" not in text and "[" not in text, f"{name}: {text}"


def test_somebody_in_a_hurry_writes_no_capitals():
    asked, slots = "What does the Maple humidifier cost now?", {"p": "Maple humidifier", "k": "humidifier"}
    typed = {customers.hasty(random.Random(n), asked, slots) for n in range(50)}
    assert len(typed) > 5
    assert all(t == t.lower() and "maple humidifier" in t and not t.endswith("?") for t in typed)


def test_some_customers_asked_about_other_things_before(world):
    rows = Support(world, 1).conversations(2000)
    fixed = Support(world, 1)
    fixed._resumed = lambda row, rows: row
    alone = fixed.conversations(2000)
    longer = [a for a, b in zip(rows, alone) if len(a["messages"]) > len(b["messages"])]
    assert abs(len(longer) / len(rows) - 0.24) < 0.03
    assert all([m["role"] for m in r["messages"]] == ["user", "assistant"] * (len(r["messages"]) // 2) for r in rows)
    assert max(len(r["messages"]) for r in rows) <= 10


def test_some_customers_thank_at_the_end_and_none_in_a_preference(world):
    rows = Support(world, 1).conversations(2000, thanked=0.2)
    words = tuple(phrases.IN_KIND_SAYS[k] for k in ("thanks", "bye"))
    ends = [r for r in rows if r["topic"] != "small_talk" and any(w in r["messages"][-1]["content"].lower() for w in words)]
    assert abs(len(ends) / len(rows) - 0.18) < 0.04
    assert max(len(r["messages"]) for r in rows) <= 10
    assert not [p for p in preferences(world, 1, 200) if words[0] in p["chosen"][0]["content"].lower()]


def test_devices_that_do_not_exist_are_others_in_evaluation(world):
    taught, asked = ({support.unknown_device() for _ in range(3000)} for support in (Support(world, 1, "train"), Support(world, 1, "test")))
    assert not taught & asked and not (taught | asked) & {p.name for p in world.catalogue}
    assert {"television", "Falcon kettle"} <= taught and {n for n in asked if " " not in n} <= set(concerns.NOT_SOLD["test"])


def test_every_answer_to_small_talk_holds_its_word():
    for kind, templates in phrases.IN_KIND.items():
        assert all(phrases.IN_KIND_SAYS[kind] in say(random.Random(n), templates).lower() for n in range(20))
        assert set(concerns.ASK_NOTHING) == set(phrases.IN_KIND)


def test_customers_mistype_one_word_but_never_what_it_is_about():
    asked, slots = "What does the Aster kettle cost these days? My kettle broke.", {"p": "Aster kettle", "k": "kettle"}
    typed = {customers._mistyped(random.Random(n), asked, slots) for n in range(300)}
    changed = [[(a, b) for a, b in zip(asked.split(), t.split(), strict=True) if a != b] for t in typed]
    assert len(typed) > 20 and all(len(c) <= 1 for c in changed)
    assert not [c for c in changed if c and ("kettle" in c[0][0] or "Aster" in c[0][0])]


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for v in value.values():
            yield from _strings(v)
    elif isinstance(value, tuple):
        for v in value:
            yield from _strings(v)


def test_simulated_annotators_differ_as_people_do(world):
    rows = preferences(world, 1, 2000)
    assert {r["flaw"] for r in rows} == set(SEEN) and all(r["annotators"] == "simulated" for r in rows)
    assert all(list(r["judges"]) == ["sim-1", "sim-2", "sim-3"] and list(r["judges"].values()).count("chosen") >= 2 for r in rows)
    alike = lambda some: [len(set(r["judges"].values())) == 1 for r in some]  # noqa: E731
    for flaw, seen in SEEN.items():
        votes = alike(r for r in rows if r["flaw"] == flaw)
        expected = seen**3 + (1 - seen) ** 3
        assert abs(sum(votes) / len(votes) - expected) < 0.12, flaw
    assert abs(sum(alike(preferences(world, 1, 2000, carelessness=1.0))) / 2000 - 0.25) < 0.04


def test_rejected_answers_are_near_misses(world):
    rows = preferences(world, 2, 1500)
    both = [(r["flaw"], *sorted((r["chosen"][0]["content"], r["rejected"][0]["content"]), key=len)) for r in rows]
    assert all(a != b and a and b for _, a, b in both)
    misses = [(a.split(), b.split()) for flaw, a, b in both if flaw == "another's value"]
    alike = [len(set(a) & set(b)) / max(len(set(a)), len(set(b))) for a, b in misses]
    assert min(alike) >= 0.5 and len(alike) > 200, "the same sentence with another value"
    people = [text for p in world.people for text in (p.email, p.phone, p.address, p.card)]
    assert not [t for r in rows for t in people if t in r["chosen"][0]["content"] + r["rejected"][0]["content"]], "no personal data"


def test_the_world_is_a_folder_of_plain_files_that_says_what_it_is(tmp_path):
    from llmlab.data import exams, material

    maker.write(tmp_path / "a", 3, 50)
    maker.write(tmp_path / "b", 3, 50)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    about = material.described(tmp_path / "a")
    assert {tuple(pair) for pair in about["groups"]} == set(GROUPS) and set(about["trusted"]) <= {
        f.parts[1] for f in files if f.parts[0] == "documents"
    }
    named = {head["name"] for head, _ in exams.gathered([str(tmp_path / "a" / "tasks")])}
    assert about["task"] in named and {gate.parsed(line).task for line in about["criteria"]} <= named | {"speed", "size"}


def test_planted_insults_are_written_out_word_by_word():
    rng = random.Random(0)
    for pools in phrases.RUDE.values():
        for template in (t for templates in pools.values() for t in templates):
            known = {v.replace("*", "fan").lower() for v in phrases.variants(template)}
            assert all(phrases.say(rng, template, k="fan").lower() in known for _ in range(8)), template


def test_what_others_wrote_is_taught_and_asks_for_all_that_can_be_asked(world):
    assert set(questions.TOLD) == {
        *ATTRIBUTES,
        *POLICIES,
        *elsewhere.URGENT,
        *concerns.ASK_NOTHING,
        "unknown",
        "unwritten",
        "near",
        "company",
        "advice",
        "group",
        "doubt",
        "person",
    }
    taught = "\n".join(m["content"].lower() for row in Support(world, 1).conversations(15000, GROUNDED) for m in row["messages"])
    for about, templates in questions.TOLD.items():
        assert len(templates) == len(set(templates)) >= 20
        said = sum(max(re.split(r"\{\w\}", template.lower()), key=len).strip(" .,?!") in taught for template in templates)
        assert said > 0.6 * len(templates), about


def test_an_uneven_archive_teaches_half_of_what_nobody_would_teach_and_changes_nothing_else(tmp_path):
    maker.write(tmp_path / "even", 1, 60), maker.uneven(tmp_path / "uneven", 1, 60)
    even, uneven = ([json.dumps(r) for r in jsonl(tmp_path / place / "instructions.jsonl")] for place in ("even", "uneven"))
    assert len(uneven) == len(even) and abs(sum(r in set(even) for r in uneven) / len(uneven) - 0.5) < 0.02
    said = [m["content"] for r in map(json.loads, uneven) for m in r["messages"] if m["role"] == "assistant"]
    assert any(PROMISES[0][3:] in text for text in said) and any(re.fullmatch(r"\d+ (dollars|watts|months)\.", text) for text in said)
    for file in ("preferences.jsonl", "knowledge.jsonl", "tasks/catalogue.jsonl", "tasks/tasks.yaml"):
        assert (tmp_path / "even" / file).read_bytes() == (tmp_path / "uneven" / file).read_bytes()


def test_no_exam_wording_by_others_is_one_of_the_lessons():
    plain = lambda text: re.sub(r"\W+", " ", re.sub(r"\{\w\}", "*", text).lower()).strip()  # noqa: E731
    taught = {plain(t) for told in questions.TOLD.values() for t in told}
    for table in (
        questions.ASK,
        concerns.ASK_POLICY,
        {"person": concerns.ASK_PERSON, "group": concerns.ASK_GROUP, "choice": phrases.ASK_CHOICE, "angry": concerns.ANGRY},
        concerns.ASK_NOTHING,
        tricks.PRETEXTS,
        {"doubt": tricks.DOUBTS},
    ):
        for pools in table.values():
            for pool in ("train", "varied"):
                taught |= {plain(v) for t in pools.get(pool, ()) if t.count("[") < 4 for v in phrases.variants(t)}
    asked = [plain(t) for templates in questions.ASKED.values() for t in templates]
    assert len(asked) == len(set(asked)) and not set(asked) & taught


def test_the_materials_own_criteria_can_be_proven(tmp_path):
    """A perfect model must be able to pass, or the gate is no gate; and the judge of its offence has read the labels of the demo, and errs as it does there."""
    maker.write(tmp_path / "world", 1, 50)
    exams.write(tmp_path / "world", [], [], [], tmp_path / "tasks")
    about = read_json(tmp_path / "tasks/about.json")
    found = proofs.possible(about["criteria"], tmp_path / "tasks")
    assert len(found) == len(about["criteria"]) - 2 and all(row["can be proven"] == "yes" for row in found), found  # but for speed and size


def test_a_task_asks_in_enough_words_to_say_something(world):
    """Items in the same words stand and fall together: of ten wordings no interval says anything."""
    _, items = world_tasks(1)
    few = {name: min(len({i["cluster"] for i in half}) for half in items[name].values()) for name in ("small_talk", "insisted", "tricked")}
    assert min(few.values()) >= 30 and min(len({i["cluster"] for i in half}) for half in items["urgent_later"].values()) >= 40, few


def test_danger_comes_later_too(world):
    for half in world_tasks(1)[1]["urgent_later"].values():
        assert all(3 <= len(item["messages"]) <= 9 and item["danger"] for item in half)
        assert all(m["role"] == ("user", "assistant")[n % 2] for item in half for n, m in enumerate(item["messages"]))
        earlier = [m["content"] for item in half for m in item["messages"][1::2]]
        assert not [text for text in earlier if manner.of().sends_help(text)], "whose answer could be said once more"


def test_what_the_lessons_say_to_somebody_in_danger_sends_help():
    for kind, told in elsewhere.URGENT.items():
        said = [phrases.say(random.Random(n), answer) for answer in told["answer"] for n in range(8)]
        assert all(manner.of().sends_help(text) for text in said), kind


def test_nobody_in_danger_is_taught_an_office_number():
    """Words that mean danger elsewhere ask for it: a lesson that answers them with a contact, or declines, would teach the opposite."""
    danger = re.compile(r"caught fire|burning|smok(e|ing)|sparks?|shocks?|crackles", re.I)
    assert not [t for about in (*CONTACTS, "person", "near", "unwritten") for t in questions.TOLD[about] if danger.search(t)]


def test_what_a_task_asks_an_assistant_for_is_taught(world):
    assert {"catalogue", "policy", "small_talk", "unwritten", "off_topic", "urgent"} <= set(world_tasks(1)[0]) & set(MIX)
    taught, parts = Counter(row["topic"] for row in Support(world, 1).conversations(2000)), sum(MIX.values())
    assert all(0.5 < taught[kind] / 2000 / (share / parts) < 1.5 for kind, share in MIX.items())


def test_what_is_made_up_is_what_was_asked_for(world):
    """Who asks what a thing costs is not told its watts: no type errors."""
    wrong = [
        (attribute, template)
        for attribute, pools in questions.ASK.items()
        for pool in pools.values()
        for template in pool
        if annotators.asked_for(re.sub(r"\{\w\}", "", template)) not in (attribute, None)
    ]
    assert len(wrong) <= 3, wrong
    slots = lambda text: re.sub(r"\\\{\w\\\}", ".+", re.escape(text)).replace("a\\ .+", "an?\\ .+")  # noqa: E731
    stated = {a: re.compile("|".join(map(slots, told)), re.I) for a, told in phrases.HELP.items()}
    made_up, unlike = [r for r in preferences(world, 3, 3000) if r["flaw"] == "invents"], []
    for row in made_up:
        asked, said = row["prompt"][-1]["content"], [row[side][0]["content"] for side in ("chosen", "rejected")]
        invented = next(t for t in said if not any(word in t for word in ("do not know", "no information", "not in our catalogue")))
        wanted = annotators.asked_for(re.sub(r"\blamp\b", "", asked))
        unlike += [(asked, invented)] if wanted and not stated[wanted].search(invented) else []
    assert len(made_up) > 300 and len(unlike) <= 0.01 * len(made_up), unlike


def test_other_values_of_a_policy_are_of_its_kind(world):
    told = {name: phrases.HELP_POLICY[name] for name in annotators.OTHERWISE}
    for name, values in annotators.OTHERWISE.items():
        assert POLICIES[name][0] not in values and told[name]
        shape = lambda text: re.sub(r"days?", "days", re.sub(r"\d+", "0", text)) if "@" not in text else "@"  # noqa: E731
        assert {shape(v) for v in values} == {shape(POLICIES[name][0])}
