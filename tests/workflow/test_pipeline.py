"""papermill for real: two notebooks, staleness, failures, locks, kills. And the command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from llmlab.spine import locks
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.params import PHASES, ROOT, load_layer, resolve
from llmlab.spine.run import Run
from llmlab.workflow import execution, needs, pipeline, preflight, road

SMOKE = ROOT / "params" / "smoke.yaml"
FAST = {"1_model_design": {"bakeoff_families": []}}


def llmlab(*arguments, **more):
    return subprocess.run([sys.executable, "-m", "llmlab.cli", *map(str, arguments)], capture_output=True, text=True, **more)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    path = tmp_path_factory.mktemp("pipeline") / "run"
    said = []
    made = pipeline.run(path, [load_layer(SMOKE), FAST], only=("1", "2"), echo=said.append)
    return path, made, said


def test_two_phases_are_executed_and_reported(executed):
    path, made, said = executed
    assert made == list(PHASES[:2]) and "it has not run yet" in said[0]
    for phase in made:
        assert (path / phase / "notebook.ipynb").exists() and "<h1>" in (path / phase / "report.html").read_text()
    html = (path / "2_dataset_engineering/report.html").read_text()
    assert "parameters</summary>" in html and html.count("<img") >= 3
    assert not list((path / ".work").glob("2_*")), "nothing is left over"


def test_no_path_of_this_machine_and_no_environment_value_is_written(executed):
    path, _, _ = executed
    values = [v for k, v in os.environ.items() if len(v) > 7 and k in ("HOSTNAME", "USER", "HOME", "PATH", "LS_COLORS")] + [
        str(ROOT),
        str(path.parent),
    ]
    for file in path.rglob("*"):
        if file.is_file() and file.suffix != ".lock":
            content = file.read_bytes().decode(errors="ignore")
            assert not [v for v in values if v in content], file


def test_a_repeat_executes_nothing_and_is_quick(executed):
    path, _, _ = executed
    said, started = [], time.time()
    assert pipeline.run(path, only=("1", "2"), echo=said.append) == []
    assert all("up to date" in line for line in said) and time.time() - started < 3


def test_a_changed_parameter_runs_its_phase_and_what_depends_on_it(executed, tmp_path):
    child = tmp_path / "child"
    said = []
    made = pipeline.run(
        child, [{"2_dataset_engineering": {"near_duplicate_threshold": "0.5"}}], parent=executed[0], only=("1", "2"), echo=said.append
    )
    assert made == ["2_dataset_engineering"]
    assert said[0] == "1_model_design: up to date, shared with run" and "near_duplicate_threshold 0.7 → 0.5" in said[1]
    assert Run(child).stale("2_dataset_engineering", Run(child).done("2_dataset_engineering")["params"]) == []


def test_a_failing_cell_stops_with_phase_cell_error_and_partial_report(executed, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(executed[0], broken)
    (broken / "2_dataset_engineering/tokens/train.parquet").write_bytes(b"not parquet")
    with pytest.raises(execution.PhaseFailed, match=r"3_pretraining failed in cell \d+") as error:
        pipeline.run(broken, only=("3",), echo=lambda _: None)
    assert "partial report" in str(error.value) and (broken / ".work/3_pretraining.html").exists()
    assert Run(broken).done("3_pretraining") is None and Run(broken).done("1_model_design")
    assert not [f for f in (broken / ".work").glob("3_*.*") if str(ROOT) in f.read_text() or str(tmp_path) in f.read_text()]


def test_one_phase_five_parameter_concerns_phases_five_six_and_seven_only(copy):
    run = Run(copy)
    plan = {p: run.done(p)["params"] for p in PHASES}
    plan["5_post_training"] = {**plan["5_post_training"], "beta": 0.9}
    stale = [p for p, reasons in road.states(run, plan).items() if reasons]
    readers = {p for p in PHASES if any(i.startswith("5_post_training") for i in run.done(p)["inputs"])}
    assert stale == ["5_post_training"] and readers == {"6_fine_tuning", "7_final_evaluation"}


@pytest.mark.parametrize(
    ("values", "shut"),
    [
        ({"source": "hub:somebody/text", "seed": 1}, "0"),
        ({"source": "folder", "start_from": "hub:somebody/model"}, "0"),
        ({"general": "hub:somebody/text:en:train"}, "0"),
        ({"instructions": ["mine.jsonl", "hub:somebody/talks * 2"]}, "0"),
        ({"source": "folder", "instructions": ["mine.jsonl"], "columns": ["a", "b"], "replay": 0.5}, "1"),
        ({"source": "about the hub: a text", "tasks": ["hubs"], "bits": [8]}, "1"),
    ],
)
def test_the_hub_is_open_to_whoever_names_something_there_and_to_nobody_else(tmp_path, monkeypatch, values, shut):
    import papermill

    seen = {}
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "?")
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: seen.update(os.environ))
    execution.execute("n.ipynb", tmp_path / "out.ipynb", values, [])
    assert (seen["HF_HUB_OFFLINE"], seen["HF_DATASETS_OFFLINE"]) == (shut, shut)


def test_a_killed_run_is_completed_by_the_next_call(tmp_path):
    path = tmp_path / "killed"
    command = [
        sys.executable,
        "-m",
        "llmlab.cli",
        "run",
        str(path),
        "-f",
        str(SMOKE),
        "-p",
        "bakeoff_families=[]",
        "--only",
        "1_model_design",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while not (path / ".work/1_model_design.papermill.ipynb").exists():
        time.sleep(0.05)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (path / "1_model_design/phase.json").exists()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and (path / "1_model_design/report.html").exists(), done.stderr


def test_a_kill_before_the_report_was_drawn_draws_it_again(executed, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(executed[0], path)
    for name in ("report.html", "notebook.ipynb"):
        (path / "1_model_design" / name).unlink()
    said = []
    assert pipeline.run(path, only=("1",), echo=said.append) == ["1_model_design"] and "it has no report" in said[0]
    assert (path / "1_model_design/report.html").exists()


def test_whatever_fails_on_a_full_disk_the_disk_is_named(tmp_path, monkeypatch):
    execution._check_room(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("usage", (), {"free": 2e6}))
    with pytest.raises(UserError, match="is full"):
        execution._check_room(tmp_path)


def test_a_secret_in_a_notebook_is_not_left_behind(executed, tmp_path, monkeypatch):
    notebook = tmp_path / "n.ipynb"
    content = json.loads((executed[0] / "1_model_design/notebook.ipynb").read_text())
    content["cells"][0]["source"] = "abcd1234efgh5678"
    notebook.write_text(json.dumps(content))
    monkeypatch.setenv("MY_API_KEY", "abcd1234efgh5678")
    with pytest.raises(UserError, match="MY_API_KEY"):
        execution.without_paths(notebook, [Run(executed[0])], {})
    assert not notebook.exists()


def test_what_a_later_phase_said_is_out_of_date_when_an_earlier_one_fails(copy):
    assert not any(pipeline.run(copy, [load_layer(SMOKE)], echo=lambda _: None)), "a finished run"
    assert "out of date" not in (copy / "index.html").read_text()
    (copy / "2_dataset_engineering/tokens/train.parquet").write_bytes(b"not parquet")
    with pytest.raises(execution.PhaseFailed):
        pipeline.run(copy, only=("3",), echo=lambda _: None)
    assert "out of date" in (copy / "index.html").read_text() and not road.status(copy)[0]["7_final_evaluation"]


def test_wandb_is_offline_and_grouped_by_run(executed):
    logs = [b"".join(f.read_bytes() for f in folder.rglob("*.wandb")) for folder in (executed[0] / "wandb").glob("offline-run-*")]
    assert len(logs) == 2 and all(b"run/1_model_design" in log or b"run/2_dataset_engineering" in log for log in logs)
    assert not list((executed[0] / "wandb").rglob("*.log")), "they would hold paths of this machine"


def test_two_runs_at_once_on_one_folder_are_refused(executed):
    with locks.alone(Run(executed[0])), pytest.raises(UserError, match="another llmlab"):
        pipeline.run(executed[0], only=("1",), echo=lambda _: None)


def test_a_phase_without_its_forerunners_is_refused_before_a_kernel_starts(tmp_path, executed):
    with pytest.raises(UserError, match="has not finished 1_model_design"):
        pipeline.run(tmp_path / "new", only=("3",))
    with pytest.raises(UserError, match="nor has its parent run"):
        pipeline.run(tmp_path / "child", parent=executed[0], only=("5",))


def test_a_read_only_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        pipeline.run(tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "X", "-p", "learning_rat=1"), "did you mean 'learning_rate'"),
        (("run", "X", "-p", "sft_steps=many"), "is no int"),
        (("run", "X", "-p", "hidden_size=130"), "multiple of num_attention_heads"),
        (("run", "X", "-p", "offensive_limit=-1"), "cannot be"),
        (("run", "X", "--only", "9_dreams"), "no phase"),
        (("run", "X", "-f", "nowhere.yaml"), "no parameter file"),
        (("run", "X", "--parent", "nobody"), "no run"),
        (("run", "X", "-p", "source=/nowhere"), "there is no /nowhere"),
        (("run", "X", "-p", "device=cuda"), "sees no GPU"),
        (("run", "X", "-p", "preference=llmlab.training.posttrain.dpp"), "did you mean 'dpo'"),
        (("run", "X", "-p", "preference=my_file.my_method"), "there is no module"),
        (("run", "X", "-p", "preference=llmlab.posttrain"), "has no function 'posttrain'"),
        (("run", "X", "-p", "preference=json.lods"), "did you mean 'loads'"),
        (("run", "X", "-p", "preference=llmlab.training.fit.fit"), "takes no"),
        (("run", "X", "-p", "rival_methods=[llmlab.training.methods.ktoo]"), "did you mean 'kto'"),
        (("run", "X", "-p", "source=installed:nunpy"), "did you mean 'numpy'"),
        (("run", "X", "-p", "source="), "names nothing"),
        (("run", "X", "-p", "source=hub:"), "names nothing"),
        (("run", "X", "-p", "family=lstm"), "cannot be"),
        (("run", "X", "-p", "bakeoff_families=[rnn"), "does not end"),
        (("run", "X", "-p", "student_layers=12"), "the teacher has 6 layers"),
        (("run", "X", "-p", "frozen_layers=6"), "the model has 6 layers"),
        (("run", "X", "-p", "frozen_layers=2", "-p", "5_post_training.adapter=lora"), "an adapter leaves all weights as they are"),
        (("run", "X", "-p", "seed=99999999999999999999"), "cannot be"),
        (("run", "X", "-p", "task=catalog"), "did you mean 'catalogue'"),
        (("run", "X", "-p", "task=outsider_facts"), "asked at the end alone"),
        (("run", "X", "-p", "criteria=[catalog >= 0.9]"), "did you mean 'catalogue'"),
        (("run", "X", "-p", "criteria=[catalogue = 0.9]"), "is no criterion"),
        (("run", "X", "-p", "general=", "-p", "criteria=[general <= 2]"), "no general text is given"),
        (("run", "X", "-p", "criteria=[privacy >= 0 against base]"), "knows no chat"),
        (("run", "X", "-p", "criteria=[catalogue.worst <= 0.2]"), "worst group"),
        (("run", "X", "-p", "criteria=[bias.gap <= 0.2]"), "two groups who ask the same"),
        (("run", "X", "-p", "general=/nowhere"), "-p general="),
        (("run", "X", "-p", "general=installed:nunpy"), "did you mean 'numpy'"),
        (("run", "X", "-p", "general=", "-p", "replay=0.2"), "general names no text"),
        (("run", "X", "-p", "topics=[catalog]"), "did you mean 'catalogue'"),
        (("run", "X", "-p", "postraining.beta=1"), "did you mean '5_post_training'"),
        (("run", "X", "-p", f"annotations={ROOT / 'docs' / 'index.png'}"), "holds no table"),
        (("run", "X", "-p", f"annotations={ROOT / 'docs'}"), "holds no table"),
        (("run", "X", "-p", f"annotations={ROOT / 'README.md'}"), "holds no table"),
        (("run", "X", "-p", f"annotations={os.devnull}"), "holds no table"),
        (("run", "X", "-f", str(ROOT)), "cannot be read"),
        (("run", "X", "--only", "1", "--from", "3"), "no phase of"),
        (("status", "X"), "no run"),
        (("chat", "X"), "there is no run"),
    ],
)
def test_mistakes_on_the_command_line_exit_with_2_and_three_parts(tmp_path, arguments, words):
    done = llmlab(*[str(tmp_path / "run") if a == "X" else a for a in arguments])
    assert done.returncode == 2 and words in done.stderr and "instead:" in done.stderr and "fix:" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("preference", "rival_methods", "named"),
    [
        ("llmlab.training.posttrain.dpo", [], "-p preference="),
        ("llmlab.training.methods.kto", ["llmlab.training.onpolicy.grpo"], "-p rival_methods="),
        ("llmlab.training.methods.kto", [], None),
        ("llmlab.training.posttrain.no_preference", ["my_file.my_method"], None),
    ],
)
@pytest.mark.parametrize("brought", [False, True], ids=["named", "material"])
def test_a_method_of_pairs_without_pairs_is_refused_before_supervision(tmp_path, preference, rival_methods, named, brought):
    plan, thumbs = {p: resolve(p) for p in PHASES}, tmp_path / "preferences.jsonl"
    write_jsonl(thumbs, [{"prompt": f"What is {n}?", "completion": f"It is {n}.", "label": n % 2 == 0} for n in range(8)])
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/a.txt").write_text("A text.")
    if brought:
        (tmp_path / "material.yaml").write_text("title: mine\n")
    plan["2_dataset_engineering"] |= {
        "source": str(tmp_path if brought else tmp_path / "documents"),
        "preferences": [] if brought else [str(thumbs)],
    }
    plan["5_post_training"] |= {"preference": preference, "rival_methods": rival_methods}
    if named is None:
        return preflight.comparable(plan)
    with pytest.raises(UserError, match="8 answers that were rated alone, and no pair") as error:
        preflight.comparable(plan)
    assert named in error.value.fix


def test_before_phase_5_what_phase_2_left_is_looked_at_and_not_what_it_read(copy):
    made, plan = copy / "2_dataset_engineering", {p: Run(copy).params(p) for p in PHASES}
    plan["2_dataset_engineering"] |= {"preferences": ["/gone.jsonl"]}
    preflight.comparable(plan, made)
    left = made / "preferences/train.jsonl"
    write_jsonl(left, [{"prompt": row["prompt"], "completion": row["chosen"], "label": True} for row in jsonl(left)])
    with pytest.raises(UserError, match="no pair of answers"):
        preflight.comparable(plan, made)


def test_what_phase_2_is_to_make_anew_is_not_looked_at(copy, monkeypatch):
    seen, beta = [], {"5_post_training": {"beta": 0.2}}
    monkeypatch.setattr(preflight, "comparable", lambda plan, made: seen.append(made))
    monkeypatch.setattr(pipeline, "_walk", lambda *_: False)
    for only, more in ((("5",), {}), (("2", "5"), {}), (("2", "5"), {"2_dataset_engineering": {"min_words": 13}})):
        pipeline.run(copy, [{**beta, **more}], only=only, echo=lambda _: None)
    made = copy / "2_dataset_engineering"
    assert seen == [made, made, None]


def test_grounding_without_rows_to_look_up_is_refused(tmp_path):
    plan = {p: resolve(p) for p in PHASES}
    (tmp_path / "a.txt").write_text("A text.")
    write_jsonl(tmp_path / "rows.jsonl", [{"title": "Gate", "text": "The gate is shut."}])
    taken, post = {**plan["2_dataset_engineering"], "source": str(tmp_path / "a.txt")}, {**plan["5_post_training"], "grounding": 1}
    bare = {**plan, "2_dataset_engineering": taken, "5_post_training": post}
    with pytest.raises(UserError, match="grounding = 1, and there is no knowledge base") as error:
        needs.stocked(bare)
    assert "-p 'knowledge=[FILE]'" in error.value.fix
    needs.stocked({**bare, "5_post_training": plan["5_post_training"]})
    needs.stocked({**bare, "2_dataset_engineering": {**taken, "knowledge": [str(tmp_path / "rows.jsonl")]}})
    needs.stocked({**bare, "2_dataset_engineering": {**taken, "source": "llmlab.world.maker.grounded"}})
    (tmp_path / "knowledge").mkdir()
    write_jsonl(tmp_path / "knowledge/rows.jsonl", [])
    with pytest.raises(UserError, match="no knowledge base"):
        needs.stocked(bare, tmp_path)


@pytest.mark.parametrize(
    ("spoil", "words"), [(None, None), ({"architectures": ["BertForMaskedLM"]}, "task sums: judge: j is a BertForMaskedLM")]
)
def test_a_model_that_judges_is_looked_at_before_any_kernel(small, tmp_path, spoil, words):
    shutil.copytree(small / "model", tmp_path / "j")
    config = tmp_path / "j/config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **(spoil or {})}))
    (tmp_path / "t").mkdir()
    write_jsonl(tmp_path / "t/sums.jsonl", [{"prompt": f"{n}?", "target": "x"} for n in range(4)])
    (tmp_path / "t/tasks.yaml").write_text(f"sums: {{metric: 'judge:{tmp_path / 'j'}'}}\n")
    params = {**resolve("2_dataset_engineering"), "tasks": [str(tmp_path / "t")]}
    if words is None:
        return preflight.check("2_dataset_engineering", params)
    with pytest.raises(UserError, match=words) as error:
        preflight.check("2_dataset_engineering", params)
    assert error.value.fix == "$EDITOR tasks.yaml"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("criteria: [clozee >= 0.5]", "criteria of material.yaml: 'clozee >= 0.5' names nothing"),
        ("criteria: [cloze is good]", "is no criterion"),
        ("task: clozze", "did you mean 'cloze'"),
        ("taks: cloze", "did you mean 'task'"),
    ],
)
def test_a_material_that_misspells_what_it_brings_is_told_before_a_kernel_starts(tmp_path, line, words):
    (tmp_path / "own" / "documents").mkdir(parents=True)
    for n in range(25):
        (tmp_path / "own" / "documents" / f"{n}.txt").write_text(f"Document {n} says that the gate is shut and the light is on.")
    (tmp_path / "own" / "material.yaml").write_text(line + "\n")
    done = llmlab("run", str(tmp_path / "run"), "-p", f"source={tmp_path / 'own'}")
    assert done.returncode == 2 and words in done.stderr and "fix:" in done.stderr and not (tmp_path / "run").exists(), done.stderr


def test_help_is_everywhere_and_status_speaks_through_its_exit_code(executed):
    for command in ((), ("run",), ("status",), ("compare",), ("chat",), ("params",), ("completion",)):
        done = llmlab(*command, "--help")
        assert done.returncode == 0 and "Usage" in done.stdout
    done = llmlab("status", executed[0])
    assert done.returncode == 3 and "1_model_design: up to date" in done.stdout and "3_pretraining: it has not run yet" in done.stdout
    assert "learning_rate: 0.0 " in llmlab("params", "3").stdout and "COMPLETE" in llmlab("completion", "bash").stdout


def test_chat_reads_questions_from_a_pipe(smoke):
    done = llmlab("chat", smoke, "--model", "5_post_training/model", input="Hello?\n/new\nWhy?\n")
    assert done.returncode == 0 and len(done.stdout.strip().splitlines()) >= 1, done.stderr


def test_importing_the_package_is_quick_and_light():
    code = "import time, sys; t = time.time(); import llmlab, llmlab.cli; print(time.time() - t, [m for m in ('torch', 'transformers', 'papermill', 'wandb') if m in sys.modules])"
    seconds, heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split(" ", 1)
    assert float(seconds) < 1 and json.loads(heavy.replace("'", '"')) == []


def test_layers_of_an_adopted_model_count_and_a_student_that_is_not_made_needs_none(tmp_path):
    from llmlab.workflow import preflight

    (tmp_path / "config.json").write_text('{"num_hidden_layers": 2}')
    design, post, tuned = {"start_from": str(tmp_path)}, {"frozen_layers": 0, "adapter": "full"}, {"student_layers": 4, "distill_steps": 0}
    preflight._layers(design, post, tuned)
    for more in ((post | {"frozen_layers": 2}, tuned), (post, tuned | {"distill_steps": 9})):
        with pytest.raises(UserError, match="has 2 layers"):
            preflight._layers(design, *more)


def test_general_text_of_which_nothing_can_be_held_out_is_refused(tmp_path):
    from llmlab.workflow import preflight

    for n in range(4):
        (tmp_path / f"{n}.txt").write_text("A text of another kind. " * 9)
    preflight.check("3_pretraining", {"general": str(tmp_path)})
    (tmp_path / "0.txt").unlink()
    with pytest.raises(UserError, match="holds 3 documents"):
        preflight.check("3_pretraining", {"general": str(tmp_path)})


def test_general_text_is_mixed_in_only_where_something_is_trained():
    from llmlab.workflow import preflight

    planned, trained = {"tokens_seen": 0}, {"replay": 0.2, "tokens_seen": -1}
    preflight._replayed(planned, trained | {"tokens_seen": 1000})
    preflight._replayed(planned, trained | {"replay": 0.0})
    preflight._replayed({"tokens_seen": -1}, trained)
    with pytest.raises(UserError, match="passed on as it is"):
        preflight._replayed(planned, trained)


def test_what_an_adopted_model_was_used_to_is_said_before_a_kernel_starts(tmp_path, monkeypatch):
    from llmlab.workflow import preflight

    monkeypatch.setattr(preflight, "used_to", lambda plan: [f"it was told otherwise than {plan['5_post_training']['system']!r}"])
    monkeypatch.setattr(pipeline, "_walk", lambda *_: False)
    for only, count in ((("1", "5"), 1), (("1",), 0)):
        monkeypatch.setattr(pipeline, "_complete", lambda *_: None)
        said = []
        pipeline.run(tmp_path / "run", [{"5_post_training": {"system": "Be kind."}}], only=only, echo=said.append)
        assert sum("it was told otherwise than 'Be kind.'" in line for line in said) == count


def test_a_criterion_about_a_task_that_the_text_did_not_give_is_refused_after_phase_2(copy, monkeypatch):
    """What is derived from a text is not known before it is read; then nothing is trained for a gate that cannot be passed."""
    preflight.asked(Run(copy), ["catalogue >= 0.5", "size <= 0.5 of assistant", "bits <= 2"])
    with pytest.raises(UserError, match="'heading >= 0.5', and no such task could be made") as error:
        preflight.asked(Run(copy), ["heading >= 0.5"])
    assert "-p 'criteria=" in error.value.fix
    walked = []
    monkeypatch.setattr(pipeline, "_walk", lambda run, phase, *_: walked.append(phase))
    monkeypatch.setattr(preflight, "together", lambda plan: [])
    with pytest.raises(UserError, match="'heading >= 0.5', and no such task"):
        pipeline.run(copy, [{"7_final_evaluation": {"criteria": ["heading >= 0.5"]}}], echo=lambda line: None)
    assert walked == ["1_model_design", "2_dataset_engineering"]
