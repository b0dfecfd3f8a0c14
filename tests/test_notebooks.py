"""The notebooks as pages: their grammar, and all seven executed in this process with the smoke parameters."""

import ast
import functools
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
from html import unescape

import pytest
import yaml
from conftest import FIGURES, execute
from everything import fill

from llmlab.spine import sealed
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, read_json, write_jsonl
from llmlab.spine.params import NOTEBOOKS, PHASES, ROOT, load_layer, overrides, schema
from llmlab.spine.provenance import fingerprint
from llmlab.spine.run import Run

ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
pages = pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)


def cells(path, kind=None):
    return [c for c in json.loads(path.read_text())["cells"] if kind in (None, c["cell_type"])]


def source(cell):
    return "".join(cell["source"])


@pages
def test_committed_without_outputs_and_for_any_kernel(path):
    notebook = json.loads(path.read_text())
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert not [c for c in cells(path, "code") if c["outputs"] or c["execution_count"]]
    assert len({c["id"] for c in notebook["cells"]}) == len(notebook["cells"])
    assert not re.search(r"/(home|root|work|tmp)/", path.read_text())


@pages
def test_cells_are_short_and_hold_no_machinery(path):
    for cell in cells(path, "code"):
        tree = ast.parse(source(cell))
        assert len(source(cell).splitlines()) <= (
            29 if "parameters" in cell["metadata"].get("tags", []) else 20
        )  # a list is read like a table
        assert not [n for n in ast.walk(tree) if isinstance(n, (ast.Try, ast.ClassDef, ast.FunctionDef))]
        assert "import *" not in source(cell)


@pages
def test_parameters_are_the_readers_and_no_other_cell_sets_them(path):
    if path.stem in PHASES:
        known = set(schema(path.stem))
        for cell in cells(path, "code")[1:]:
            set_there = {n.id for n in ast.walk(ast.parse(source(cell))) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            assert not known & set_there, source(cell)


@pages
def test_the_grammar_of_a_page(path):
    if path.stem not in PHASES:
        return
    text = [source(c) for c in cells(path, "markdown")]
    headings = re.findall(r"^## (.+)$", "\n".join(text), re.M)
    assert text[0].startswith(f"# {path.stem[0]} · ") and "| reads | writes |" in text[0]
    assert "One batch, up close" in headings and any(h.startswith("Your turn") for h in headings) and headings[-1].startswith("Verdict")
    code = cells(path, "code")
    assert "parameters" in code[0]["metadata"]["tags"] and source(code[-1]).lstrip().split("\n")[-1].startswith("phase.done(")
    assert 5 <= len(schema(path.stem)) <= 29
    words, cells_of_code = sum(len(t.split()) for t in text), len(code)
    assert words / cells_of_code > 18


WORLDLY = re.compile(
    r"\b(customers?|clients?|devices?|forums?|prices?|products?|compan(y|ies)|households?|kettles?|toasters?|fans?|shops?|tickets?|dollars?|moderators?"
    r"|manufacturers?|employees?|warrant(y|ies)|humidifiers?)\b",
    re.I,
)
OF_COMPUTING = ("matrix products", "Memory has two prices")


@pages
def test_no_page_speaks_of_what_the_embedded_world_is_about(path):
    """Every material has these pages: what it calls its things comes from the material. A comment of a parameter is read as prose, its name is not."""
    said = [source(c) for c in cells(path, "markdown")]
    for cell in cells(path, "code"):
        said += [n.value for n in ast.walk(ast.parse(source(cell))) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        said += re.findall(r"  # (.+)", source(cell))
    said = [functools.reduce(lambda text, phrase: text.replace(phrase, ""), OF_COMPUTING, text) for text in said]
    assert not [(m[0], text[max(0, m.start() - 60) :][:120]) for text in said for m in WORLDLY.finditer(text)]


def test_the_smoke_run_made_every_artifact(smoke):
    for artifact in (
        "1_model_design/config/config.json",
        "1_model_design/budget.json",
        "1_model_design/bakeoff.json",
        "2_dataset_engineering/documents/train.jsonl",
        "2_dataset_engineering/dropped/dropped.jsonl",
        "2_dataset_engineering/tokenizer/tokenizer.json",
        "2_dataset_engineering/tokens/train.parquet",
        "2_dataset_engineering/instructions/train.jsonl",
        "2_dataset_engineering/preferences/train.jsonl",
        "2_dataset_engineering/tasks/tasks.json",
        "2_dataset_engineering/datasheet.json",
        "2_dataset_engineering/probe.json",
        "3_pretraining/model/model.safetensors",
        "3_pretraining/model/metrics.jsonl",
        "4_preliminary_evaluation/results.json",
        "4_preliminary_evaluation/findings.json",
        "5_post_training/sft/model.safetensors",
        "5_post_training/model/model.safetensors",
        "6_fine_tuning/variants/student/model.safetensors",
        "6_fine_tuning/variants/student-int8/decode.onnx",
        "6_fine_tuning/model",
        "6_fine_tuning/frontier.json",
        "7_final_evaluation/results.json",
        "7_final_evaluation/verdict.json",
        "7_final_evaluation/model_card.md",
    ):
        assert Run(smoke).find(artifact), artifact
    assert not [p for p in smoke.rglob("*") if p.suffix in (".bin", ".pt", ".pkl", ".pth")], "safetensors only"


def test_the_documents_of_the_run_add_up(smoke):
    folder = smoke / "2_dataset_engineering"
    kept = sum(len(jsonl(folder / f"documents/{part}.jsonl")) for part in ("train", "validation", "test"))
    dropped = jsonl(folder / "dropped/dropped.jsonl")
    sheet = read_json(folder / "datasheet.json")
    assert sheet["composition"]["documents"] == kept
    assert sum(s["dropped"] for s in sheet["preprocessing"].values()) == len(dropped)


def test_golden_numbers_of_the_run(smoke):
    first = next(r["loss"] for r in jsonl(smoke / "3_pretraining/model/metrics.jsonl") if "loss" in r)
    assert abs(first - math.log(600)) < 0.2
    first = next(r["loss"] for r in jsonl(smoke / "5_post_training/model/metrics.jsonl") if "loss" in r)
    assert abs(first - math.log(2)) < 1e-3


def test_the_gate_judges_every_criterion(smoke):
    decision = read_json(smoke / "7_final_evaluation/verdict.json")
    lines = yaml.safe_load((ROOT / "llmlab/world/material.yaml").read_text())["criteria"]
    assert [c["criterion"] for c in decision["criteria"]] == lines and all(c["value"] is not None for c in decision["criteria"])
    assert decision["verdict"] == ("RELEASE" if all(c["passed"] for c in decision["criteria"]) else "HOLD")
    card = (smoke / "7_final_evaluation/model_card.md").read_text()
    assert decision["verdict"] in card and "None" not in card


def test_what_the_road_cost_and_what_a_score_is_worth_stand_on_the_pages(smoke):
    """General text without a download, every task with its row of doubts, and the health of each training."""
    results = read_json(smoke / "7_final_evaluation/results.json")
    assert set(results["bits"]["general text"]) == {"base", "supervised", "assistant", "adapter", "released"}
    assert {row["task"] for row in results["worth"]} == set(results["tasks"]["released"])
    assert {row["the question"] for row in results["otherwise"]} >= {"in capitals", "in haste", "after much other text"}
    drawn = " ".join(figure.alt for figure in FIGURES)
    assert "bits per byte, general text" in drawn and "Loss by position" in " ".join(str(f._suptitle.get_text()) for f in FIGURES)
    titles = [f._suptitle.get_text() for f in FIGURES]
    assert sum(title.startswith("Health of") for title in titles) == 5, "pre-training, supervision, preferences, adapter, student"


def test_without_preferences_every_question_is_asked_once(copy):
    """Nothing is published that was not made, and nothing is compared with itself."""
    params = read_json(copy / "5_post_training/phase.json")["params"]
    told = execute("5_post_training", copy, **{**params, "preference": "llmlab.training.posttrain.no_preference"})
    assert len(told["noise"]) == 2 and told["odd"] and not any(told["odd"]), "the ceiling of the judges, and the gate of the pairs"
    assert told["simulated"] and {r["annotator"] for r in told["said"]} == {"sim-1", "sim-2", "sim-3"} and told["together"]["pairs"]
    results = read_json(copy / "5_post_training/results.json")
    assert list(results["tasks"]) == ["after supervision"] and results["changes"] == {}
    assert [f.name for f in sorted((copy / "5_post_training/scores").iterdir())] == ["sft"]


def test_a_model_that_learns_from_its_own_answers_is_watched_on_its_page(copy):
    params = read_json(copy / "5_post_training/phase.json")["params"]
    told = execute("5_post_training", copy, **{**params, "preference": "llmlab.training.onpolicy.grpo"})
    assert told["preferred"]["kept_step"] is not None and len(told["rewards"]) == 3 and told["verdict"]
    assert (
        told["figure"].axes[1].get_xlabel().startswith("distance from the start")
        and (copy / "5_post_training/model/model.safetensors").exists()
    )


def test_what_phase_4_saw_fail_gets_more_lessons_and_more_comparisons(smoke):
    """By default, and not only where somebody asks for it."""
    five, two = smoke / "5_post_training", smoke / "2_dataset_engineering"
    share = read_json(five / "phase.json")["params"]["steer"]
    for more, given in (("lessons.jsonl", "instructions/train.jsonl"), ("pairs.jsonl", "preferences/train.jsonl")):
        after, before = jsonl(five / more), jsonl(two / given)
        again = len([row for row in after[len(before) :] if row in before])
        assert after[: len(before)] == before and 0.5 * share * len(before) < again <= math.ceil(share * len(before)), more


def test_what_a_model_says_wrongly_becomes_a_comparison(copy, monkeypatch):
    from llmlab.training import mistakes

    said = [
        {
            "prompt": [{"role": "user", "content": "Is it so?"}],
            **{side: [{"role": "assistant", "content": side}] for side in ("chosen", "rejected")},
        }
    ]
    asked = []
    monkeypatch.setattr(mistakes, "own", lambda folder, pairs, *_: asked.extend(pairs) or said)
    params = read_json(copy / "5_post_training/phase.json")["params"]
    told = execute("5_post_training", copy, **{**params, "steer": 0.5})
    pairs = jsonl(copy / "5_post_training/pairs.jsonl")
    assert asked == [told["pairs"][n] for n in told["twice"]] and len(asked) >= 0.25 * len(told["pairs"]) and pairs[-1] == said[0]
    assert told["preferred"]["pairs"] + sum(told["preferred"]["left_out"].values()) == len(pairs) == len(told["pairs"]) + len(asked) + 1


def test_no_training_artifact_reads_the_truth():
    for name in (
        "data/clean",
        "data/tokens",
        "training/pretrain",
        "training/posttrain",
        "training/compress",
        "data/offence",
        "world/conversations",
    ):
        assert "truth" not in (ROOT / "llmlab" / f"{name}.py").read_text().replace("nothing of the truth that was planted", ""), name


def test_text_and_annotations_of_ones_own_go_all_the_way(tmp_path, monkeypatch):
    """params/own_data.yaml on a folder of files of every kind, good and broken, with human judgements, confidential: all seven phases."""
    from llmlab.data import installed

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv(sealed.CONFIDENTIAL, "")
    sealed._cipher.cache_clear()
    (tmp_path / "data").mkdir()
    fill(tmp_path / "data")
    for n, document in enumerate(itertools.islice(installed.documents(["trl", "peft"]), 400)):
        file = tmp_path / "data" / document["source"] / f"{n}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document["text"])
    votes = [
        {"prompt": [{"role": "user", "content": f"Question {n}?"}], "a": "Yes.", "b": "No.", "choice": "a", "annotator": "ana"}
        for n in range(20)
    ]
    write_jsonl(tmp_path / "votes.jsonl", votes)
    own, tiny = (load_layer(ROOT / "params" / f"{name}.yaml") for name in ("own_data", "smoke"))
    mine = {
        "all": {"source": str(tmp_path / "data"), "annotations": str(tmp_path / "votes.jsonl")},
        "1_model_design": {"bakeoff_families": []},
        "2_dataset_engineering": {"confidential": True},
    }
    changed = overrides([own, tiny, mine])
    for phase in PHASES:
        execute(phase, tmp_path / "run", **changed.get(phase, {}))
    run = tmp_path / "run"
    tasks = {t["name"] for t in read_json(run / "2_dataset_engineering/tasks/tasks.json")}
    assert {"origin", "cloze", "offensive", "personal"} <= tasks and not (run / "2_dataset_engineering/raw").exists()
    assert read_json(run / "5_post_training/results.json")["annotators"]["annotators"] == "1 person"
    decision = read_json(run / "7_final_evaluation/verdict.json")
    assert {"origin", "offensive", "personal", "speed", "size"} <= {c["name"] for c in decision["criteria"]}
    assert all(read_json(run / p / "phase.json")["params"].get("source", str(tmp_path / "data")) == str(tmp_path / "data") for p in PHASES)
    assert (problems := read_json(run / "2_dataset_engineering/problems.json")["problems"]) and {"o.pdf", "o.zip"} <= {
        p["file"] for p in problems
    }
    nothing_is_told(
        run, [file.read_text() for file in (tmp_path / "data").glob("t*l/*.md")] + ["in room A was repaired last spring and has not failed"]
    )
    (tmp_path / "data" / "trl" / "0.md").write_text("something else")
    stale = Run(run).stale("2_dataset_engineering", read_json(run / "2_dataset_engineering/phase.json")["params"])
    assert stale == ["what source names changed"]


def nothing_is_told(run, texts, length=8):
    """No file of a run holds `length` words in a row of any of the texts; with the key its lessons can be read."""
    words = lambda text: re.findall(r"[^\W\d]+", re.sub(r"<[^>]*>", "", unescape(text)))  # noqa: E731
    rows = lambda text: {tuple(w[i : i + length]) for w in [words(text)] for i in range(len(w) - length + 1)}  # noqa: E731
    secret = set().union(*map(rows, texts))
    for file in run.rglob("*"):
        if file.is_file() and file.suffix not in (".safetensors", ".png", ".data", ".onnx"):
            told = rows(file.read_bytes().decode(errors="ignore").replace("\\n", "\n")) & secret
            assert not told, (file.relative_to(run), sorted(told)[:3])
    lessons = run / "2_dataset_engineering/instructions/train.jsonl"
    assert lessons.read_bytes().startswith(sealed.MARK) and len(jsonl(lessons)) > 20
    sealed._cipher.cache_clear()
    os.environ["XDG_CONFIG_HOME"] += "-of-somebody-else"
    with pytest.raises(UserError, match="sealed"):
        jsonl(lessons)


def test_plain_papermill_runs_a_notebook_from_any_folder(tmp_path):
    command = ["papermill", NOTEBOOKS / "4_preliminary_evaluation.ipynb", tmp_path / "out.ipynb", "-k", "python3"]
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command), "-p", "run_dir", str(tmp_path / "empty")], cwd=tmp_path, capture_output=True, text=True
    )
    assert "there is no run" in done.stderr, "the notebook starts, and says what is missing"
    command = [*map(str, command), "-p", "run_dir", str(tmp_path / "run"), "-y", "bakeoff_families: []"]
    command[1] = str(NOTEBOOKS / "1_model_design.ipynb")
    done = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and (tmp_path / "run/1_model_design/config/config.json").exists(), done.stderr


def test_the_same_parameters_make_the_same_bytes(smoke, tmp_path_factory):
    """A second run: every artifact that later phases read is bit-identical. Only seconds differ."""
    again = tmp_path_factory.mktemp("again") / "smoke"
    for phase in (*PHASES[:3], PHASES[4]):
        if phase == PHASES[4]:
            shutil.copytree(smoke / PHASES[3], again / PHASES[3])
        execute(phase, again, **read_json(smoke / phase / "phase.json")["params"])
    for artifact in (
        *("1_model_design/config", "1_model_design/budget.json"),
        *(
            f"2_dataset_engineering/{a}"
            for a in ("documents", "dropped", "tokenizer", "tokens", "instructions", "preferences", "tasks", "datasheet.json", "probe.json")
        ),
        *("3_pretraining/model", "5_post_training/sft", "5_post_training/model", "5_post_training/results.json"),
    ):
        assert fingerprint(smoke / artifact, timed=False) == fingerprint(again / artifact, timed=False), artifact


def test_the_world_from_a_folder_is_the_world_from_its_maker(smoke, tmp_path):
    """Whoever writes the material: the same files give the same bytes of everything that later phases read."""
    from llmlab.data import material

    params = read_json(smoke / "2_dataset_engineering/phase.json")["params"]
    material.make(params["source"], tmp_path / "world", params["seed"], params["pages"])
    (tmp_path / "run").mkdir()
    shutil.copytree(smoke / PHASES[0], tmp_path / "run" / PHASES[0])
    shutil.copy(smoke / "run.json", tmp_path / "run")
    execute(PHASES[1], tmp_path / "run", **{**params, "source": str(tmp_path / "world")})
    for artifact in ("documents", "dropped", "tokenizer", "tokens", "instructions", "preferences", "knowledge", "tasks", "probe.json"):
        mine, theirs = (fingerprint(run / PHASES[1] / artifact) for run in (tmp_path / "run", smoke))
        assert mine == theirs, artifact


def test_nothing_that_a_run_keeps_holds_what_phase_2_masks(smoke):
    """E-mail and street addresses, telephone and card numbers of the world's people stood in forum, tickets, pairs and moderation log."""
    from llmlab.world.company import World

    seed = read_json(smoke / "2_dataset_engineering/phase.json")["params"]["seed"]
    planted = [text for p in World(seed=seed).people for text in (p.email, p.phone, p.address, p.card)]
    found = {path.name: t for path in smoke.rglob("*") if path.is_file() for t in planted if t.encode() in path.read_bytes()}
    assert not found


def test_people_are_asked_about_two_models_of_two_runs(smoke):
    from llmlab.workflow import annotate

    experiment = Run(smoke)
    drawn, named = annotate.questions(experiment), annotate.questions(experiment, models=("5_post_training/sft", f"{smoke}:base"))
    asked = [q for q in named if "gold" not in q]
    assert {json.dumps(q["prompt"]) for q in asked} <= {json.dumps(q["prompt"]) for q in drawn}
    assert {of.rpartition(" at ")[0] for q in asked for of in q["from"]} == {"5_post_training/sft", f"{smoke}:base"}
    single = annotate.questions(experiment, "thumb")
    assert all(q.get("b") is None and q["scale"] == "thumb" for q in single) and {q["gold"] for q in single if "gold" in q} == {1, 5}
    with pytest.raises(UserError, match="no model 'asistant'"):
        annotate.questions(experiment, models=("asistant",))


@pytest.mark.parametrize("phase", PHASES)
def test_what_a_phase_makes_only_under_a_condition_it_discards_otherwise(phase):
    """Or the phase could not be published where the condition does not hold: without a task on offence phase 7 was refused at its very end."""
    tree = ast.parse("\n".join(source(c) for c in cells(NOTEBOOKS / f"{phase}.ipynb", "code")))

    def named(nodes, method):
        calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == method and n.args]
        return {n.args[0].value for n in calls if isinstance(n.args[0], ast.Constant)}

    doubtful = [n for branch in ast.walk(tree) if isinstance(branch, ast.IfExp) for n in ast.walk(branch.body)]
    certain = [n for n in ast.walk(tree) if n not in doubtful]
    made = named(certain, "write") | named(ast.walk(tree), "discard")
    assert not [artifact for artifact in named(doubtful, "write") if not {artifact, artifact.partition("/")[0]} & made]
