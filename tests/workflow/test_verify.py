"""`llmlab verify`: what a run claims comes out again, and an altered digit is named, wherever it stands."""

import re
import shutil

import pytest
from click.testing import CliRunner
from conftest import execute

from llmlab.cli import main
from llmlab.pages import report
from llmlab.spine import notebooks
from llmlab.spine.files import jsonl, read_json, write_json, write_jsonl
from llmlab.spine.params import PHASES
from llmlab.spine.provenance import fingerprint
from llmlab.spine.run import Run
from llmlab.workflow import reread, road, verify

SEVEN = "7_final_evaluation"


def test_a_run_that_nobody_touched_comes_out_again(copy):
    assert verify.verify(copy) == []
    assert CliRunner().invoke(main, ["verify", str(copy)]).output == "every claim comes out again\n"


def test_what_was_trained_beside_the_model_comes_out_again_too(copy):
    """Other seeds and other methods have scores of their own, which are neither those of the run nor left out."""
    run = Run(copy)
    params = run.params("5_post_training") | {
        "seeds": 2,
        "rival_methods": ["llmlab.training.methods.chosen"],
        "rival_seconds": 1.0,
        "rival_seeds": 1,
    }
    execute("5_post_training", copy, **{k: v for k, v in params.items() if k not in ("run_dir", "wandb_mode")})
    five = copy / "5_post_training"
    assert {"start", "chosen-1", "more_supervision-1"} == {p.name for p in (five / "rivals").iterdir()}
    assert not list((five / "rivals").rglob("*.safetensors")) and (five / "repeats/seed-2/results.json").exists()
    assert "chosen" in read_json(five / "rivals.json")
    assert [row for row in verify.verify(copy) if row["where"].startswith("5_post")] == []
    table, told = read_json(five / "rivals.json"), read_json(five / "results.json")
    table["chosen"]["quality"]["difference"] += 0.25
    write_json(five / "rivals.json", table)
    wrong = [(row["where"], row["what"]) for row in verify.verify(copy)]
    assert ("5_post_training/rivals.json", "chosen.quality.difference") in wrong
    last = list(told["tasks"])[-1]
    task, result = next(iter(told["tasks"][last].items()))
    lucky = {**told["tasks"][last], task: {**result, "score": result["score"] + 0.125}}
    write_json(five / "repeats/seed-2/results.json", lucky)
    write_json(five / "results.json", {**told, "tasks": {**told["tasks"], last: lucky}})
    wrong = [row["what"] for row in verify.verify(copy) if row["where"] == "5_post_training/results.json"]
    assert any(what.startswith(f"tasks.{last}") for what in wrong), "another seed's scores are not the run's"
    place = five / "rivals/chosen-1/results.json"
    place.write_text(_digit(place.read_text(), '"score": '))
    assert any(row["where"] == "5_post_training/rivals/chosen-1/results.json" for row in verify.verify(copy))


def _digit(text, before):
    """The text with the first digit after `before` altered, as somebody would who wants another number."""
    at = text.index(before) + len(before)
    found = re.search(r"[0-8]", text[at:])
    return text[: at + found.start()] + str(int(found[0]) + 1) + text[at + found.end() :]


@pytest.mark.parametrize(
    ("file", "before", "named"),
    [
        (f"{SEVEN}/verdict.json", '"value": ', f"{SEVEN}/verdict.json"),
        (f"{SEVEN}/results.json", '"score": ', f"{SEVEN}/results.json"),
        (f"{SEVEN}/scores/released/results.json", '"low": ', f"{SEVEN}/scores/released/results.json"),
        (f"{SEVEN}/model_card.md", "## All scores", f"{SEVEN}/model_card.md"),
        (f"{SEVEN}/summary.json", '"headline"', f"{SEVEN}/summary.json"),
        ("2_dataset_engineering/datasheet.json", ": ", "2_dataset_engineering/datasheet.json"),
        ("4_preliminary_evaluation/findings.json", '"evidence": ', "4_preliminary_evaluation/findings.json"),
        ("4_preliminary_evaluation/results.json", '"tau"', "4_preliminary_evaluation/results.json"),
        ("5_post_training/results.json", '"detectable": ', "5_post_training/results.json"),
        ("6_fine_tuning/frontier.json", '"lost": ', "6_fine_tuning/frontier.json"),
    ],
)
@pytest.mark.parametrize("sly", [False, True])
def test_an_altered_digit_is_named(copy, file, before, named, sly):
    """Also if somebody mends the fingerprint; of what is not counted again, as the datasheet, the hash in the summary is left."""
    (copy / file).write_text(_digit((copy / file).read_text(), before))
    if sly:
        phase, artifact = file.split("/")[0], file.split("/")[1]
        record = read_json(copy / phase / "phase.json")
        if artifact in record["outputs"]:
            record["outputs"][artifact] = fingerprint(copy / phase / artifact)
        write_json(copy / phase / "phase.json", record)
    wrong = verify.verify(copy)
    if "summary" in file:
        assert any(row["what"].startswith("headline.") for row in wrong), "the number is named, not only its file"
    if sly and "datasheet" in file:
        assert [(row["where"], row["what"]) for row in wrong] == [("2_dataset_engineering/summary.json", "artifacts.datasheet.json")]
    else:
        assert any(row["where"].startswith(named) for row in wrong), wrong


def test_what_page_seven_says_of_the_way_is_what_phase_four_measured(copy):
    place = copy / f"{SEVEN}/results.json"
    record = read_json(place)
    row = next(row for row in record["worth"] if not row["while it learned"].startswith("not checked"))
    row["while it learned"] = "better (τ 1.00 of 6 steps)"
    write_json(place, record)
    wrong = verify.verify(copy)
    assert (f"{SEVEN}/results.json", f"worth.{row['task']}") in [(w["where"], w["what"]) for w in wrong]


def test_an_altered_answer_is_judged_again(copy):
    place = copy / f"{SEVEN}/scores/released/samples.jsonl"
    rows = jsonl(place)
    row = next(r for r in rows if r["metric"] == "states" and r["score"] == 0.0)
    row["score"] = 1.0
    write_jsonl(place, rows)
    wrong = verify.verify(copy)
    assert any(row["id"] in w["what"] and (w["claimed"], w["found"]) == ("1.0", "0.0") for w in wrong)
    assert CliRunner().invoke(main, ["verify", str(copy)]).exit_code == 1


def test_numbers_of_pages_are_those_of_the_records(tmp_path):
    assert list(reread.other_text("page", "a 0.93 of 40", "a 0.83 of 40")) == [
        {"where": "page", "what": "number 1, after ''", "claimed": "0.93", "found": "0.83"}
    ]
    assert list(reread.other_text("page", "is better", "is worse"))[0]["what"].startswith("word 2")
    assert list(reread.unlike("r", "", {"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 3.0}]})) == [
        {"where": "r", "what": "a[1].b", "claimed": "2.0", "found": "3.0"}
    ]
    assert list(reread.unlike("r", "", {"a": 0.1 + 0.2}, {"a": 0.3})) == []


def test_the_index_shows_what_the_records_hold(copy):
    run = Run(copy)
    report.index(run, road.states(run))
    assert list(reread.index(run)) == []
    page = copy / "index.html"
    page.write_text(_digit(page.read_text(), "limit"))
    assert [row["where"] for row in reread.index(run)] == ["index.html"]


@pytest.fixture
def paged(copy):
    """The smoke run with the pages that a kernel would have drawn: here its notebooks are the project's, without outputs."""
    run = Run(copy)
    for phase in PHASES:
        shutil.copy2(notebooks.project(phase), copy / phase / "notebook.ipynb")
        run.record.setdefault("notebooks", {})[phase] = {}
    run.save()
    road.redraw(Run(copy))
    return copy


def test_pages_are_drawn_again_and_nothing_is_written_into_the_run(paged, monkeypatch):
    before = {p: p.stat().st_mtime_ns for p in paged.rglob("*")}
    assert verify.verify(paged) == []
    assert {p: p.stat().st_mtime_ns for p in paged.rglob("*")} == before, "a run that cannot be written to can be verified"


def test_an_altered_parameter_or_footer_of_a_page_is_named(paged):
    page = paged / "5_post_training/report.html"
    whole = page.read_text()
    for before in ("<td>sft_steps</td><td>", "· torch "):
        page.write_text(_digit(whole, before))
        assert [row["where"] for row in reread.page(Run(paged), "5_post_training")] == ["5_post_training/report.html"], before
    page.write_text(re.sub(r"(<td>sft_steps</td><td>.*?</td><td>)[^<]*", r"\1another meaning", whole))
    assert not list(reread.page(Run(paged), "5_post_training")), "what a parameter means is the package's own"


def test_what_is_missing_or_damaged_is_named_and_the_rest_is_looked_at(paged):
    (paged / "3_pretraining/report.html").unlink()
    (paged / "index.html").unlink()
    (paged / "4_preliminary_evaluation/results.json").unlink()
    (paged / "6_fine_tuning/frontier.json").write_text("[{")
    (paged / f"{SEVEN}/verdict.json").unlink()
    (paged / "2_dataset_engineering/phase.json").unlink()
    result = CliRunner().invoke(main, ["verify", str(paged)])
    assert result.exit_code == 1 and "claims do not come out" in result.output, result.exception
    where = {row["where"] for row in verify.verify(paged)}
    assert {"3_pretraining/report.html", "index.html", "2_dataset_engineering/phase.json"} <= where
    assert {"4_preliminary_evaluation/results.json", "6_fine_tuning/frontier.json", f"{SEVEN}/verdict.json"} <= where, "their fingerprints"
    assert {"4_preliminary_evaluation", "6_fine_tuning", SEVEN} <= {row["where"].partition("/")[0] for row in verify.verify(paged)}


def test_unevenness_is_made_again(copy):
    place = copy / f"{SEVEN}/results.json"
    results = read_json(place)
    assert results["evenness"] == [], "of so few pairs nothing is said"
    write_json(place, results | {"evenness": [{"task": "fairness", "pairs": 160}]})
    assert any(row["what"] == "evenness" for row in verify._verdict(Run(copy)))
