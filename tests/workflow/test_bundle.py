"""What leaves the house: a model with its card, whole or not at all."""

import shutil

import pytest
import yaml

from llmlab.evaluation import chat
from llmlab.pages import show
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json
from llmlab.spine.run import Run
from llmlab.workflow import bundle


def test_a_folder_as_a_hub_takes_it(smoke, tmp_path):
    run, out = Run(smoke), tmp_path / "out"
    files = bundle.bundle(run, out)
    assert {"README.md", "config.json", "results.json", "verdict.json", "tokenizer.json"} <= set(files)
    card = (out / "README.md").read_text()
    head = yaml.safe_load(card.split("---")[1])
    results = read_json(run["7_final_evaluation/results.json"])["tasks"]["released"]
    said = {r["dataset"]["name"]: r["metrics"][0]["value"] for r in head["model-index"][0]["results"]}
    assert (
        said == {task: round(show.one_number(r)["score"], 4) for task, r in results.items()}
        and read_json(out / "verdict.json")["verdict"] in card
    )
    assert chat.Chat(out).ask("Hello?") == chat.Chat(run["6_fine_tuning/model"]).ask("Hello?")
    with pytest.raises(UserError, match="there already"):
        bundle.bundle(run, out)


def test_a_model_that_was_not_judged_is_not_exported(copy, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle.road, "status", lambda path: ({"7_final_evaluation": ["6_fine_tuning now makes something else"]}, {}))
        with pytest.raises(UserError, match="not finished: 7_final_evaluation"):
            bundle.bundle(Run(copy), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    shutil.rmtree(copy / "7_final_evaluation")
    with pytest.raises(UserError, match="not finished"):
        bundle.bundle(Run(copy), tmp_path / "out")
