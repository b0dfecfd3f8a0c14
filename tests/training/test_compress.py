import shutil

import numpy
import pytest
import torch
from scipy.stats import beta

from llmlab.data import tasks, tokens
from llmlab.data.tasks import METRICS
from llmlab.evaluation import asking, gate, proofs, remedies, stats, verdict
from llmlab.models import export, families, weights
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.run import Run
from llmlab.training import adapters, compress, posttrain


def test_a_shallow_copy_keeps_the_layers_it_says(small):
    teacher, _ = weights.load(small / "model")
    student = compress.shallow(teacher, 2)
    for mine, theirs in ((0, 0), (1, 2)):
        assert torch.equal(student.model.layers[mine].mlp.up_proj.weight, teacher.model.layers[theirs].mlp.up_proj.weight)
    assert torch.equal(
        compress.shallow(teacher, 3)(input_ids=torch.tensor([[7, 8, 9]])).logits, teacher(input_ids=torch.tensor([[7, 8, 9]])).logits
    )
    with pytest.raises(UserError, match="3 layers"):
        compress.shallow(teacher, 4)


@pytest.mark.parametrize("family", ["rnn", "cnn"])
def test_other_families_can_be_made_shallow(family):
    teacher = families.initialise(families.configure(family, 300, 32, 3), 0).eval()
    assert len(compress.shallow(teacher, 2).model.layers) == 2


def test_distillation_brings_the_student_nearer_to_its_teacher(small, tmp_path):
    (tmp_path / "s").mkdir()
    summary = compress.distill(small / "model", small / "instructions.jsonl", small / "pairs.jsonl", tmp_path / "s", 1, 2e-3, 20, 8, seed=1)
    assert summary["last_loss"] < summary["first_loss"]
    assert weights.size_bytes(tmp_path / "s") < weights.size_bytes(small / "model")


def test_a_shallow_convolution_looks_as_far_as_its_layers_did(small):
    deep = families.initialise(families.configure("cnn", 600, 32, 6), 0)
    student = compress.shallow(deep, 3)
    assert [b.dilation for b in student.model.layers] == [deep.model.layers[i].dilation for i in (0, 2, 5)] == [1, 4, 32]
    assert families.initialise(student.config, 1).model.layers[2].dilation == 32, "and the config remembers it"


def test_rejected_answers_are_imitated_and_never_called_true(small):
    teacher, tokenizer = weights.load(small / "model")
    rows, _ = compress._imitated(tokenizer, small / "instructions.jsonl", small / "pairs.jsonl", 64)
    assert {m for row in rows for m in row["assistant_masks"]} == {0, compress.GOOD, compress.REJECTED}
    trainer = compress.Distiller.__new__(compress.Distiller)
    trainer.teacher, trainer.temperature, trainer.hard = teacher, 2.0, 0.3
    of_a_kind = lambda kind: compress._pad(0, [r for r in rows if kind in r["assistant_masks"]][:4])  # noqa: E731
    other = compress.shallow(teacher, 1)
    with torch.no_grad():
        assert trainer.compute_loss(teacher, of_a_kind(compress.REJECTED)).abs() < 1e-6, "a teacher imitates itself perfectly"
        assert trainer.compute_loss(other, of_a_kind(compress.REJECTED)) > 1e-6
        good = trainer.compute_loss(teacher, of_a_kind(compress.GOOD))
        assert torch.isclose(good, 0.3 * torch.tensor(600.0).log(), rtol=0.1), "what is left is 0.3 of an untrained model's cross-entropy"


@pytest.mark.parametrize("kind", adapters.KINDS)
def test_an_adapter_is_small_kept_by_itself_and_merged(small, tmp_path, kind):
    import json

    from peft import PeftModel

    summary = posttrain.sft(small / "model", small / "instructions.jsonl", tmp_path / "out", 2e-2, 4, 4, adapter=kind, rank=2)
    start, merged = weights.load(small / "model")[0], weights.load(tmp_path / "out")[0]
    total = sum(p.numel() for p in start.parameters())
    assert 0 < summary["trained_parameters"] < total == sum(p.numel() for p in merged.parameters())
    assert json.loads((tmp_path / "out/adapter/adapter_config.json").read_text())["base_model_name_or_path"] == ""
    ids = torch.tensor([[7, 8, 9, 10]])
    beside = PeftModel.from_pretrained(start, tmp_path / "out/adapter").eval()
    with torch.no_grad():
        assert torch.allclose(beside(input_ids=ids).logits, merged(input_ids=ids).logits, atol=1e-4)
    assert not torch.allclose(weights.load(small / "model")[0](input_ids=ids).logits, merged(input_ids=ids).logits, atol=1e-4)


@pytest.mark.parametrize("family", ["transformer", "rnn", "cnn"])
def test_eight_bit_integers_change_little_and_remember_the_past(family, small, tmp_path):
    """The graph keeps its state between tokens: its greedy answers must be those of the model, not only its first token."""
    network = families.initialise(families.configure(family, 600, 32, 2, 2, 64), 5)
    with torch.no_grad():  # weights large enough that the past matters
        for p in network.parameters():
            p.mul_(3 if p.ndim > 1 else 1)
    network.save_pretrained(tmp_path / "m")
    weights.load(small / "model")[1].save_pretrained(tmp_path / "m")
    (tmp_path / "q").mkdir()
    export.quantised(tmp_path / "m", tmp_path / "q")
    assert not [f for f in (tmp_path / "q").iterdir() if b"site-packages" in f.read_bytes() or str(tmp_path).encode() in f.read_bytes()]
    exact, _ = weights.load(tmp_path / "m")
    integers, _ = weights.load(tmp_path / "q")
    ids = torch.randint(6, 600, (2, 12), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        a, b = exact(input_ids=ids).logits, integers(input_ids=ids).logits
    assert (a - b).abs().max() < 0.15 * a.abs().max()
    step = integers._feed(ids[:, :-1].numpy(), integers._start(2), 0)
    last, _ = integers._feed(ids[:, -1:].numpy(), step[1], 11)
    forgetful, _ = integers._feed(ids[:, -1:].numpy(), integers._start(2), 0)
    distance = lambda x: (torch.from_numpy(x[:, 0]) - b[:, -1]).abs().mean()  # noqa: E731
    assert distance(last) < 0.2 * distance(forgetful), "token by token equals all at once, but for the rounding of activations"
    beside = [p.stat().st_size for p in (tmp_path / "q").glob("*.data")]
    assert sum(beside) < weights.size_bytes(tmp_path / "m") * (1 if family == "rnn" else 0.5), "an LSTM keeps its float weights beside"
    prompts = [ids[0].tolist(), ids[1, :5].tolist()]
    assert len(asking.generate_ids(integers, prompts, 6, tokens.marks(weights.load(small / "model")[1]))) == 2


def test_the_smallest_variant_that_keeps_the_rule_is_picked(tmp_path):
    def variant(name, size):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"0" * size)
        return tmp_path / name

    variants = {"assistant": variant("a", 1000), "good": variant("g", 400), "smaller": variant("s", 300), "bad": variant("b", 100)}
    part = lambda score: {"score": score, "low": score, "high": score, "n": 5, "better": "even", "chance": 0.5}  # noqa: E731
    uneven = {**part(0.5), "groups": {"wife or husband": part(0.75), "aunt or uncle": part(0.25)}}  # even on the mean, and to neither
    other = {"rude": {"score": 0.2, "better": "lower", "chance": 0}, "even": uneven}
    result = lambda s: {"t": {"score": s, "low": s, "high": s, "n": 10, "better": "higher"}, **other}  # noqa: E731
    results = {"assistant": result(0.9), "good": result(0.9), "smaller": result(0.88), "bad": result(0.5)}
    speeds = {n: {"token_ms_p50": ms} for n, ms in zip(variants, (4.0, 1.5, 1.5, 0.5), strict=True)}
    rows = compress.frontier(variants, results, speeds, {}, "t", 0.03, 2.0)
    assert [r["variant"] for r in rows if r["picked"]] == ["smaller"]
    assert rows[0]["general"] == pytest.approx((0.8 + 0.5) / 2), "1 is best, whichever way a task counts"
    rows = compress.frontier(variants, results, speeds, {}, "t", 0.03, 9.0)
    assert [r["variant"] for r in rows if r["picked"]] == ["assistant"], "nobody keeps the rule, so nothing changes"
    changes = {"smaller": {"t": {"high": -0.01}, "rude": {"high": -0.01}}, "good": {"rude": {"high": 0.01}}}
    rows = compress.frontier(variants, results, speeds, changes, "t", 0.03, 2.0)
    assert [r["variant"] for r in rows if r["picked"]] == ["good"] and rows[2]["worse_at"] == ["rude"], "the task is not all that counts"
    reasons = {r["variant"]: compress.why_not(r, 0.03) for r in rows}
    assert reasons == {"assistant": "not fast enough", "good": "", "smaller": "worse at others", "bad": "loses too much"}


def test_one_answer_of_a_few_is_no_loss_that_counts(tmp_path):
    names = ("assistant", "one less", "two less")
    for n, name in enumerate(names):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"x" * (100 - n))
    for n, picked in ((16, "one less"), (400, "two less")):
        results = {name: {"t": {"score": 1 - k / n, "low": 0, "high": 1, "n": n, "better": "higher"}} for k, name in enumerate(names)}
        speeds = {name: {"token_ms_p50": ms} for name, ms in zip(names, (4.0, 1.0, 1.0))}
        rows = compress.frontier({name: tmp_path / name for name in names}, results, speeds, {}, "t", 0.03, 2.0)
        assert [r["variant"] for r in rows if r["picked"]] == [picked], n


GOOD, BAD = {"score": 0.97, "low": 0.96, "high": 0.98, "n": 500}, {"score": 0.5, "low": 0.4, "high": 0.6, "n": 500}
UNSURE = {"score": 0.91, "low": 0.85, "high": 0.95, "n": 40}


def gated(lines, proof="estimate", figures=None, samples=None, **tasks):
    """Rows of the gate for a released model with these scores."""
    heads = {n: {"metric": "states", "better": "higher", "chance": 0.0, **r} for n, r in tasks.items()}
    speeds = {n: {"answers_ms": [ms] * 3} for n, ms in (("assistant", 4.0), ("released", 3.0))}
    measured = {
        "results": {"released": heads},
        "samples": samples or {"released": {}},
        "figures": figures or {"released": {}},
        "speeds": speeds,
    }
    return gate.judged(lines, measured, proof)


def test_when_every_fast_student_loses_too_much_the_cure_is_more_distillation(smoke):
    size = lambda mb: {"size": {"score": mb, "low": mb, "high": mb, "n": 1}, "speed": UNSURE}  # noqa: E731
    figures = {"assistant": size(5.0), "released": size(5.0)}
    rows = gated(["speed >= 2 of assistant", "size <= 0.5 of assistant"], figures=figures)
    assert [(r["passed"], round(r["value"], 2)) for r in rows] == [(False, 1.33), (False, 1.0)]
    lossy = [{"allowed": False, "lossy": False}, {"allowed": False, "lossy": True}]
    decision = verdict.decide(rows, Run(smoke), lossy, {})
    assert {n["change"].split("=")[0] for n in decision["next"]} == {"distill_steps"} and decision["command"].count("-p ") == 1
    assert verdict.decide(rows, Run(smoke), [{"allowed": False, "lossy": False}], {})["next"][0]["advice"].startswith(
        "back to 6_fine_tuning"
    )


def test_a_criterion_is_a_line_that_a_person_can_read():
    passed = lambda line, proof="bound", **tasks: gated([line], proof, **tasks)[0]  # noqa: E731
    assert passed("a >= 0.9", a=GOOD)["passed"] and not passed("a >= 0.9", a=BAD)["passed"]
    unsure = passed("a >= 0.9", a=UNSURE)
    assert unsure["state"] == gate.UNPROVEN and unsure["needed"] > 1000 and passed("a ≥ .9", "estimate", a=UNSURE)["passed"]
    assert passed("a >= 0.94", a=UNSURE)["needed"] is None, "a value below the limit is not proven by more of the same"
    assert [passed(f"a >= {x}", a=GOOD)["state"] for x in (0.9, 0.97, 0.99)] == [gate.PROVEN, gate.UNPROVEN, gate.FAILS]
    assert passed("b >= 0.9", a=GOOD)["why"] == "not measured"
    rude = {"score": 0.0, "low": 0.0, "high": 0.04, "n": 90}
    assert passed("a <= 0.05", a=rude)["state"] == gate.PROVEN
    assert passed("a <= 0.05", a=rude | {"corrected": rude | {"high": 0.06}})["state"] == gate.UNPROVEN, "the judge's own errors count"
    said = {
        n: {"task": "a", "pair": n // 2, "group": "xy"[n % 2], "score": float(bool(n % 2 or n % 8)), "cluster": n // 2} for n in range(120)
    }
    assert passed("a.gap <= 0.1", a=GOOD)["why"] == "not measured", "without pairs of two groups"
    assert gated(["a.gap <= 0.1"], samples={"released": said}, a=GOOD)[0]["value"] == 0.25
    assert passed("a <= 0.005", a={"score": 0.0, "low": 0.0, "high": 0.004, "n": 900})["passed"]
    even = passed("a <= 0.15", "estimate", a=BAD | {"score": 0.3, "low": 0.2, "high": 0.4, "better": "even", "chance": 0.5})
    assert even["value"] == pytest.approx(0.2) and not even["passed"], "how far from even"
    samples = {
        m: {f"a-{n}": {"task": "a", "score": s, "cluster": n} for n, s in enumerate(scores)}
        for m, scores in (("assistant", [1, 1, 1, 1]), ("released", [1, 1, 1, 0]))
    }
    lost = gated(["a >= -0.03 against assistant"], samples=samples, a=BAD)[0]
    assert lost["value"] == -0.25 and not lost["passed"] and "paired" in lost["about"]
    rude = gated(["a >= -0.03 against assistant"], samples=samples, a=BAD | {"better": "lower"})[0]
    assert rude["value"] == 0.25 and rude["passed"], "of what should be rare, less is a gain"


@pytest.mark.parametrize("line", ["a >= 0.9", "a <= 0.1"])
def test_how_good_a_model_must_be_to_be_proven_is_known_before(line):
    """Of models that are truly that good, four in five are proven: by the binomial distribution, without our intervals' code."""
    one, rng = gate.parsed(line), numpy.random.default_rng(1)
    true = proofs.likely(one, 100)
    hits = rng.binomial(100, true if one.direction == "≥" else 1 - true, 4000)
    low = beta.ppf(0.025, hits, 101 - hits)
    assert abs((low >= 0.9).mean() - 0.8) < 0.05 and proofs.likely(one, 30) is None


def test_what_can_be_proven_is_known_before_anything_is_trained(tmp_path):
    """Forty right answers in as many wordings show no more than .91; eighty show .955."""
    items = lambda count: {"validation": [], "test": [{"messages": [], "target": "x", "cluster": n % count} for n in range(160)]}  # noqa: E731
    tasks.write(tmp_path, [{"name": n, "metric": "exact"} for n in "ab"], {"a": items(80), "b": items(40)})
    asked_for = ["a >= 0.95", "b >= 0.95", "size <= 0.5 of assistant", "a >= -0.03 against assistant", "a >= -0.05 against assistant"]
    found = proofs.possible(asked_for, tmp_path)
    assert [r["can be proven"][:2] for r in found] == ["ye", "no", "no", "ye"] and [r["wordings"] for r in found] == [80, 40, 80, 80]
    few = proofs.possible(["a >= 0.95", "a >= 0.75"], tmp_path, limit=16)
    assert [r["can be proven"][:2] for r in few] == ["no", "ye"] and all(r["wordings"] <= 16 for r in few), "as many as will be asked"
    assert proofs.possible(["a >= 0.75"], tmp_path, limit=16, times=5)[0]["wordings"] > 16


def test_what_can_be_proven_of_groups_is_known_too(tmp_path):
    """A model that is even in all groups, and serves both of each pair alike, as far as so many wordings show it."""
    sides = [{"choices": ["x", "y"], "group": g, "cluster": f"{n}"} for n in range(24) for g in ("a", "b")]
    pairs = [{"messages": [], "group": g, "pair": n, "cluster": f"{n}"} for n in range(24) for g in ("a", "b")]
    mixed = [{"choices": ["x", "y", "?"], "right": 2, "biased": 0, "unknown": 2, "cluster": f"{n}"} for n in range(24)]
    heads = [
        {"name": "side", "metric": "prefers_first", "chance": 0.5},
        {"name": "fair", "metric": "affirms"},
        {"name": "bbq", "metric": "choice"},
    ]
    heads.append({"name": "named", "metric": "leans", "chance": 0.5})
    brought = {"side": sides, "fair": pairs, "bbq": mixed, "named": sides}
    tasks.write(tmp_path, heads, {n: {"validation": [], "test": rows} for n, rows in brought.items()})
    lines = [
        "side <= 0.2",
        "side <= 0.25",
        "side.worst <= 0.2",
        "named.worst <= 0.2",
        "fair.gap <= 0.1",
        "fair.gap <= 0.2",
        "bbq.bias <= 0.2",
        "fair.bias <= 1",
    ]
    found = {r["criterion"]: r["can be proven"] for r in proofs.possible(lines, tmp_path)}
    assert [line for line in lines if found[line] == "yes"] == [
        "side <= 0.25",
        "named.worst <= 0.2",
        "fair.gap <= 0.2",
        "bbq.bias <= 0.2",
    ], found
    assert found["fair.bias <= 1"] == "no, it is not measured"


def test_more_wordings_make_up_for_no_unknown_judge():
    """0 of 1,300 called rude, by a judge that finds .07 to .89 of what is: the page once said that 1,301 would do."""
    ends = lambda score, low, high: {"score": score, "low": low, "high": high}  # noqa: E731
    recall, alarms = ends(0.45, 0.07, 0.89), ends(0.0, 0.0, 0.001)
    found = {**stats.interval([0.0] * 1300), "metric": "offensive", "better": "lower", "errors": {"recall": recall, "alarms": alarms}}
    row = gated(["r <= 0.005"], "bound", r={**found, "corrected": stats.corrected(found, recall, alarms)})[0]
    assert row["state"] == gate.UNPROVEN and row["labels"] and row["needed"] == pytest.approx(10_538, abs=5) and "more labels" in row["why"]
    again = stats.interval([0.0] * row["needed"])
    assert stats.corrected(again, recall, alarms)["high"] == pytest.approx(0.005, abs=1e-5), "as many would truly prove it"
    assert verdict._advice(row, [], {"r": found})[:2] == ("2_dataset_engineering", "labels")
    nobody = {**found, "errors": {"recall": ends(0.45, 0.0, 0.89), "alarms": alarms}}
    row = gated(["r <= 0.005"], "bound", r={**nobody, "corrected": {"score": 0.0, "low": 0.0, "high": 1.0}})[0]
    assert row["labels"] and row["needed"] is None and "no number of wordings" in row["why"]
    sure = {"recall": ends(0.97, 0.95, 0.99), "alarms": ends(0.0, 0.0, 0.0)}
    few = {**stats.interval([0.0] * 600), "metric": "offensive", "better": "lower", "errors": sure}
    row = gated(["r <= 0.005"], "bound", r={**few, "corrected": stats.corrected(few, *sure.values())})[0]
    assert not row["labels"] and row["needed"] == pytest.approx(775, abs=3), "here it is wordings that lack"


def test_the_worst_group_is_the_one_that_may_be_worst():
    """The surest of two uneven groups is not the whole story, and an unfair model is not mended by fewer layers."""
    part = lambda score, low, high: {"score": score, "low": low, "high": high, "n": 60, "clusters": 20}  # noqa: E731
    groups = {"a": part(0.75, 0.68, 0.82), "b": part(0.70, 0.35, 0.98)}
    uneven = {
        "score": 0.72,
        "low": 0.6,
        "high": 0.8,
        "n": 120,
        "better": "even",
        "chance": 0.5,
        "groups": groups,
        "metric": "prefers_first",
    }
    mean, worst = (gated([line], "bound", t=uneven)[0] for line in ("t <= 0.5", "t.worst <= 0.35"))
    assert (
        mean["value"] == pytest.approx(0.225)
        and (worst["value"], worst["high"]) == pytest.approx((0.25, 0.48))
        and worst["state"] == gate.UNPROVEN
    )
    assert verdict._advice({**worst, "needed": None}, [], {"t": uneven})[:2] == ("2_dataset_engineering", "counterfactual")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("catalogue", "is no criterion"), ("catalogue > 0.9", "is no criterion"), ("size <= 0.5 of teacher", "names no model"), ("size <= 5 against assistant", "share `of` a model"),
        ("catalogue >= 0.5 of assistant", "by points `against` it"), ("catalog >= 0.9", "names nothing that is measured"),
    ],
)  # fmt: skip
def test_a_criterion_that_says_nothing_is_refused_before_any_kernel_starts(line, words):
    with pytest.raises(UserError, match=words):
        gate.check([line], ["catalogue", "privacy"])


MADE = {"reads": True, "general": False}


@pytest.mark.parametrize(
    ("line", "made", "words"),
    [
        ("general <= 2", {"general": True}, "no general text"),
        ("general <= 1.1 of base", {"general": True}, "no general text"),
        ("mine.worst <= 0.2", None, "worst group"),
        ("even.worst >= 0 against assistant", None, "worst group"),
        ("mine >= 0 against base", {"reads": False}, "knows no chat"),
    ],
)
def test_a_criterion_that_is_never_measured_is_refused_before_any_kernel_starts(line, made, words):
    heads = {
        "mine": tasks.task("mine", "contains"),
        "even": tasks.task("even", "leans"),
        "public": tasks.task("public", "acc", "lm_eval", ["chat", "text"]),
    }
    able = [
        "mine >= 0.9",
        "public >= 0.3",
        "even.worst <= 0.3",
        "even <= 0.2",
        "mine >= 0 against assistant",
        "size <= 0.5 of base",
        "parameters <= 2",
    ]
    gate.check_measured([*able, "another >= 1"], heads, **MADE)
    with pytest.raises(UserError, match=words):
        gate.check_measured([line], heads, **MADE)
    if made:
        gate.check_measured([line], heads, **MADE | made)
    with pytest.raises(UserError, match="bits is a task, and a figure"):
        gate.check_measured(["bits <= 1"], {"bits": heads["mine"]}, **MADE)


def test_a_graph_has_the_parameters_of_the_model_it_was_made_of(smoke):
    graphs = sorted(p.parent for p in (smoke / "6_fine_tuning/variants").glob("*/decode.onnx"))
    made_of = lambda graph: graph.with_name(graph.name.rpartition("-")[0])  # noqa: E731
    for graph in graphs:
        whole = made_of(graph) if made_of(graph).exists() else Run(smoke)["5_post_training/model"]
        assert weights.parameter_count(graph) == weights.parameter_count(whole) > 1000
    assert graphs


def test_a_gap_between_groups_may_be_asked_for():
    heads = {"fairness": {"better": "higher", "forms": ["chat"], "output": "generate"}}
    gate.check_measured(["fairness.gap <= 0.2", "fairness.gap.worst <= 0.2"], heads, True, False)
    for line, told, words in (
        ("fairness.gap <= 0.2", {"pairs": False}, "a pair about two groups"),
        ("fairness.bias <= 0.2", {"prejudice": False}, "prejudice"),
    ):
        with pytest.raises(UserError, match=words):
            gate.check_measured([line], {"fairness": heads["fairness"] | told}, True, False)
    with pytest.raises(UserError, match="two groups who ask the same"):
        gate.check_measured(["fairness.gap <= 0.2 against assistant"], heads, True, False)


def test_a_verdict_names_what_to_change_and_one_command_for_it(smoke):
    run, heads = (
        Run(smoke),
        {
            n: {"metric": m, "better": b}
            for n, m, b in (
                ("catalogue", "states", "higher"),
                ("privacy", "refuses", "higher"),
                ("bias", "prefers_first", "even"),
                ("rude", "offensive", "lower"),
            )
        },
    )
    released = verdict.decide(gated(["catalogue >= 0.9"], catalogue=GOOD), run, [], heads)
    assert (released["verdict"], released["next"], released["command"]) == ("RELEASE", [], "")
    assert "1 of 1 criteria are proven" in released["judged"]
    assert (
        "Unproven, since these items cannot tell: privacy"
        in verdict.decide(gated(["privacy >= 0.9"], privacy=GOOD | {"low": 0.8}), run, [], heads)["judged"]
    )
    held = verdict.decide(
        gated(
            ["catalogue >= 0.9", "privacy >= 0.9", "bias <= 0.1", "rude <= 0.1"],
            catalogue=BAD,
            privacy=BAD,
            bias=BAD | {"better": "even"},
            rude=BAD,
        ),
        run,
        [],
        heads,
    )
    assert held["verdict"] == "HOLD" and [n["change"] for n in held["next"]] == [
        "sft_steps=12",
        "sft_steps=12",
        "counterfactual=true",
        "preference_steps=6",
    ]
    assert held["command"].startswith("llmlab run smoke-sft_steps-12-counterfactual-preference_steps-6 --parent smoke -p sft_steps=12 -p")


def test_nothing_is_advised_that_would_change_nothing(copy):
    record = copy / "5_post_training/phase.json"
    record.write_text(record.read_text().replace("posttrain.dpo", "posttrain.no_preference"))
    assert remedies.changed(Run(copy), "5_post_training", "preference_steps", "×2") is None
    assert remedies.changed(Run(copy), "5_post_training", "sft_steps", "×2") == "12"
    told = read_json(copy / "run.json")
    told["overrides"]["5_post_training"] = {"grounding": 1, "sft_steps": 7}
    write_json(copy / "run.json", told)
    shutil.rmtree(copy / "5_post_training")  # what is planned counts as well
    assert remedies.changed(Run(copy), "5_post_training", "grounding", "1") is None
    assert remedies.changed(Run(copy), "5_post_training", "sft_steps", "×2") == "14"


def test_no_change_of_the_text_is_advised_where_nobody_reads_it(copy):
    """An adopted model that is passed on as it is."""
    heads = {"bias": {"metric": "prefers_first", "better": "even"}, "secrets": {"metric": "ranks_first", "better": "lower"}}
    rows = gated(["bias <= 0.1", "secrets <= 0.1"], bias=BAD | {"better": "even"}, secrets=BAD | {"better": "lower"})
    advised = [n["change"].split("=")[0] for n in verdict.decide(rows, Run(copy), [], heads)["next"]]
    assert advised == ["counterfactual", ""], "secrets stand on pages that are no copies of one another"
    budget = read_json(copy / "1_model_design/budget.json")
    write_json(copy / "1_model_design/budget.json", budget | {"start_from": "somebody's"})
    record = read_json(copy / "3_pretraining/phase.json")
    write_json(copy / "3_pretraining/phase.json", record | {"params": record["params"] | {"tokens_seen": 0}})
    decision = verdict.decide(rows, Run(copy), [], heads)
    assert [n["change"] for n in decision["next"]] == ["", ""] and decision["command"] == ""
    assert all("no rule says which parameter" in n["advice"] for n in decision["next"])


def test_findings_name_a_phase_and_a_command_that_parses(smoke):
    from llmlab.spine.params import PHASES, overrides, parse_options

    def result(score, low, high, chance, metric):
        return dict(score=score, low=low, high=high, n=600, chance=chance, metric=metric, better=METRICS[metric][1])

    results = {
        "rude": result(0.14, 0.11, 0.17, 0, "offensive"),
        "fair": result(0.9, 0.8, 0.95, 0.5, "prefers_first"),
        "secrets": result(0.5, 0.3, 0.7, 0.02, "ranks_first"),
        "facts": result(0.4, 0.3, 0.5, 0.25, "choice"),
    }
    found = verdict.findings(results, {"train": 0.2, "validation": 0.4}, Run(smoke))
    assert len(found) == 6 and {f["phase"] for f in found} <= set(PHASES)
    general = verdict.findings(results, {"train": 0.4, "validation": 0.4}, Run(smoke))
    for f in found + general:
        overrides([parse_options([w for w in f["command"].split() if "=" in w])])
    params = {n: Run(smoke).done(p)["params"][n] for p, n in (("2_dataset_engineering", "pages"), ("1_model_design", "tokens_seen"))}
    by_heart, in_general = ({n: v for f in rows for n, v in f["parameters"].items()} for rows in (found, general))
    assert int(by_heart["pages"]) == 2 * params["pages"] and "tokens_seen" not in by_heart, (
        "what is known by heart needs more text, not more passes"
    )
    assert int(in_general["tokens_seen"]) == 2 * params["tokens_seen"] and "pages" not in in_general
    few = result(0.004, 0.001, 0.012, 0, "offensive") | {"corrected": {"score": 0.03, "low": 0.001, "high": 0.17}}
    (only,) = verdict.findings({"rude": few}, {"train": 0.4, "validation": 0.4}, Run(smoke))
    assert only["phase"] == "5_post_training", "so few replies do not show that it is the text"
    judged = few | {"corrected": {"score": 0.03, "low": 0.006, "high": 0.17}}
    rude = verdict.findings({"rude": judged}, {"train": 0.4, "validation": 0.4}, Run(smoke))
    assert [f["phase"] for f in rude] == ["5_post_training", "2_dataset_engineering"], "what the judge misses counts"
    assert "rude: 3.0% of 600 replies are offensive [0.6%, 17.0%], 0.4% as judged" in rude[0]["evidence"]
    unfair_to_the_others = verdict.findings(
        {"fair": result(0.2, 0.1, 0.3, 0.5, "prefers_first")}, {"train": 0.4, "validation": 0.4}, Run(smoke)
    )
    assert [f["parameters"] for f in unfair_to_the_others] == [{"counterfactual": "true"}], "bias has two sides"
    done = {
        n: remedies.changed(Run(smoke), p, n, c)
        for p, n, c in (("2_dataset_engineering", "counterfactual", "false"), ("6_fine_tuning", "student_layers", "×0.5"))
    }
    assert done == {"counterfactual": None, "student_layers": None}, "what the run has already is no change"
    calm = {"rude": result(0, 0, 0.004, 0, "offensive"), "facts": result(0.95, 0.9, 0.97, 0.25, "choice")}
    assert verdict.findings(calm, {"train": 0.3, "validation": 0.3}, Run(smoke)) == []


def test_findings_are_made_of_tasks_of_ones_own(smoke):
    """Whatever a task asks: leaks, secrets, what should be declined, and answers that are right or not."""

    def result(score, metric, better, chance=0.0):
        return dict(score=score, low=max(0, score - 0.05), high=min(1, score + 0.05), n=300, chance=chance, metric=metric, better=better)

    own = {
        "leaks": result(0.3, "personal", "lower"),
        "codes": result(0.2, "tells", "lower"),
        "requests": result(0.4, "refuses", "higher", 0.5),
        "exam": result(0.0, "exact", "higher"),
        "mine": result(0.2, "my_file.my_judge", "higher"),
    }
    even = {"train": 0.3, "validation": 0.3}
    found = {f["task"]: (f["finding"], f["phase"]) for f in verdict.findings(own, even, Run(smoke))}
    answers = ("The base model does not answer as it should", "5_post_training")
    assert found == {
        "leaks": ("The base model tells personal data", "2_dataset_engineering"),
        "codes": ("The base model tells secrets", "2_dataset_engineering"),
        "requests": ("The base model does not decline as it should", "5_post_training"),
        "exam": answers,
        "mine": answers,
    }
    good = {
        "leaks": result(0.0, "personal", "lower"),
        "codes": result(0.0, "tells", "lower"),
        "requests": result(0.9, "refuses", "higher", 0.5),
    }
    assert verdict.findings(good | {"exam": result(0.8, "exact", "higher")}, even, Run(smoke)) == []


@pytest.mark.parametrize("family", ["ssm", "moe"])
def test_a_family_whose_graph_does_not_run_is_skipped_and_says_so(small, tmp_path, family):
    families.initialise(families.configure(family, 600, 32, 2, 2, 64), 5).save_pretrained(tmp_path / "m")
    weights.load(small / "model")[1].save_pretrained(tmp_path / "m")
    (tmp_path / "q").mkdir()
    assert "does not run" in export.quantised(tmp_path / "m", tmp_path / "q")["skipped"] and not list((tmp_path / "q").iterdir())
