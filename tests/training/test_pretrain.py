import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from llmlab.data import tokens
from llmlab.models import weights
from llmlab.spine import dotted, track
from llmlab.spine.errors import Diverged, UserError
from llmlab.spine.files import write_jsonl
from llmlab.spine.provenance import fingerprint
from llmlab.training import checkpoints, launch, optim, pretrain


def train(small, out, **more):
    settings = dict(tokens_seen=64 * 4 * 30, batch_size=4, learning_rate=4e-3, seed=1, evaluations=2)
    return pretrain.pretrain(small / "config", small / "tokenizer", small / "tokens", out, **{**settings, **more})


def test_the_first_loss_is_the_logarithm_of_the_vocabulary_and_it_learns(small, tmp_path):
    summary = train(small, tmp_path / "a", prompts=["My"])
    assert abs(summary["first_loss"] - math.log(600)) < 0.15
    assert summary["last_loss"] < summary["first_loss"] - 0.8
    rows = track.rows(tmp_path / "a")
    assert any(r.get("samples") for r in rows) and any("bits_per_byte/all" in r for r in rows)
    model, _ = weights.load(tmp_path / "a")
    assert model.config.use_cache and model.generation_config.use_cache, "trainers save the cache turned off"


def test_too_little_general_text_is_said_and_none_is_refused(small, tmp_path):
    """Half of the blocks are asked for; there are two of general text."""
    mine = tokens.read(small / "tokens", "train")["input_ids"]
    text = " ".join(["The gate is shut and the light is on."] * 40)
    write_jsonl(tmp_path / "some.jsonl", [{"text": text, "source": "other"}])
    tokenizer = tokens.load(small / "tokenizer")
    count = len(
        tokens.pack([r["input_ids"] for r in tokens.tokenise(tokenizer, [{"text": text, "source": "x"}])], 64, 1, tokens.marks(tokenizer))[
            0
        ]
    )
    summary = train(small, tmp_path / "a", tokens_seen=64 * 4, general=tmp_path / "some.jsonl", replay=0.5)
    assert summary["replayed"] == count / (len(mine) + count) < 0.5
    assert train(small, tmp_path / "b", tokens_seen=64 * 4)["replayed"] == 0
    write_jsonl(tmp_path / "none.jsonl", [])
    for general in (tmp_path / "none.jsonl", ""):
        with pytest.raises(UserError, match="no block of general text"):
            train(small, tmp_path / "c", tokens_seen=64 * 4, general=general, replay=0.5)


def test_the_same_seed_gives_the_same_bits(small, tmp_path):
    marks = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(small, tmp_path / name, tokens_seen=64 * 4 * 8, seed=seed)
        marks.append(fingerprint(tmp_path / name / "model.safetensors"))
    assert marks[0] == marks[1] != marks[2]


def test_muon_makes_every_direction_learn_at_one_pace():
    """Newton-Schulz brings all singular values near one, whatever the shape, and keeps the directions."""
    for shape in ((3, 48, 48), (2, 48, 130), (2, 130, 48)):
        torch.manual_seed(1)
        matrices = torch.randn(shape)
        found, (u, _, v) = optim.orthogonalise(matrices), torch.linalg.svd(matrices, full_matrices=False)
        values = torch.linalg.svdvals(found)
        assert values[:, :-4].min() > 0.6 and values.max() < 1.3, "the smallest of a square matrix need more iterations"
        assert ((found * (u @ v)).sum((1, 2)) / found.norm(dim=(1, 2)) / (u @ v).norm(dim=(1, 2))).min() > 0.95
        turned = optim.orthogonalise(matrices.mT.contiguous()).mT
        assert torch.allclose(found, turned, atol=1e-4)


CHILD = """
import sys
from pathlib import Path
from llmlab.training import launch, pretrain
small, out = map(Path, sys.argv[1:])
launch.step(pretrain.pretrain, config=small / "config", tokenizer=small / "tokenizer", data=small / "tokens", out=out, tokens_seen=64 * 4 * 240, batch_size=4, learning_rate=4e-3, seed=1, evaluations=1)
"""


def test_a_killed_training_goes_on_to_the_same_bits(small, tmp_path):
    (tmp_path / "whole").mkdir()
    command = [sys.executable, "-c", CHILD, str(small)]
    subprocess.run([*command, str(tmp_path / "whole" / "m")], check=True, capture_output=True)
    killed = tmp_path / "killed" / "m"
    process = subprocess.Popen([*command, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(killed.glob("checkpoints/checkpoint-*/manifest.json")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "model.safetensors").exists()
    subprocess.run([*command, str(killed)], check=True, capture_output=True)
    assert launch.read_json(killed / ".step.json")["summary"]["resumed_from"] > 0
    assert fingerprint(killed / "model.safetensors") == fingerprint(tmp_path / "whole/m/model.safetensors")
    steps = [r["step"] for r in track.rows(killed) if "loss" in r]
    assert steps == sorted(set(steps)), "no step is logged twice"


def test_half_a_checkpoint_is_not_taken(tmp_path):
    for step in (10, 20):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "weights").write_text("w" * step)
        (folder / "manifest.json").write_text('{{"weights": "{}"}}'.format(checkpoints._hash(folder / "weights")))
    (tmp_path / "checkpoint-20/weights").write_text("spoilt")
    assert checkpoints.newest_whole(tmp_path) == (str(tmp_path / "checkpoint-10"), 10)
    assert not (tmp_path / "checkpoint-20").exists()


def test_a_step_that_is_made_is_not_made_again_until_something_changes(small, tmp_path):
    calls = []

    def step(source, out, number):
        calls.append(number)
        (out / "result").write_text(str(number))
        return {"number": number}

    arguments = dict(source=small / "config", out=tmp_path / "out", number=1)
    assert launch.step(step, **arguments) == launch.step(step, **arguments) == {"number": 1}
    assert launch.step(step, **{**arguments, "number": 2}) == {"number": 2} and calls == [1, 2]


def test_nan_stops_before_it_reaches_the_weights(small, tmp_path):
    with pytest.raises(Diverged, match="not finite|learning_rate"):
        train(small, tmp_path / "a", learning_rate=1e30, optimizer="adamw")


@pytest.mark.parametrize("kind", [Diverged, UserError])
def test_an_error_on_several_processes_comes_back_as_what_it_is(tmp_path, monkeypatch, kind):
    """A trial calls a change worse with which training ran away, on however many processes."""

    def fail(**arguments):
        raise kind("the gradient is not finite", "a lower rate", "llmlab run RUN")

    def on_processes(command, environment):
        with pytest.raises(kind):
            launch._main(command[-1])
        return 1, ""

    monkeypatch.setattr(launch.dotted, "function", lambda path: fail)
    monkeypatch.setattr(launch, "_heard", on_processes)
    with pytest.raises(kind, match="not finite") as error:
        launch._torchrun(fail, 2, {"out": tmp_path})
    assert type(error.value) is kind and error.value.fix == "llmlab run RUN" and not list(tmp_path.iterdir())


def test_a_corpus_too_small_for_one_step_says_so(small, tmp_path):
    with pytest.raises(UserError, match="one step needs"):
        train(small, tmp_path / "a", batch_size=100_000)


def test_a_full_disk_is_refused_at_the_start(small, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(UserError, match="checkpoints need"):
        train(small, tmp_path / "a")


def test_two_processes_learn_what_one_learns(small, tmp_path):
    arguments = dict(
        config=small / "config",
        tokenizer=small / "tokenizer",
        data=small / "tokens",
        tokens_seen=64 * 4 * 6,
        learning_rate=1e-3,
        seed=1,
        evaluations=1,
        optimizer="adamw",
    )
    one = launch.step(pretrain.pretrain, out=tmp_path / "one", batch_size=4, **arguments)
    two = launch.step(pretrain.pretrain, 2, out=tmp_path / "two", batch_size=2, **arguments)
    assert two["first_loss"] == pytest.approx(one["first_loss"], abs=1e-3) and two["steps"] == one["steps"]
    assert (tmp_path / "two/model.safetensors").exists()


def test_a_method_is_chosen_by_its_path():
    assert dotted.function("llmlab.training.posttrain.dpo").__name__ == "dpo"
    with pytest.raises(UserError, match="did you mean 'dpo'"):
        dotted.function("llmlab.training.posttrain.dpoo")
    with pytest.raises(UserError, match="no module"):
        dotted.function("nowhere.dpo")


def test_per_token_loss_is_the_models_loss(small):
    model, tokenizer = weights.load(small / "model")
    ids = tokens.encode(tokenizer, ["The kettle is on the table."])[0]
    with torch.no_grad():
        whole = model(input_ids=torch.tensor([ids]), labels=torch.tensor([ids])).loss.item()
    assert pretrain.per_token_loss(model, ids).mean().item() == pytest.approx(whole, abs=1e-5)


def test_an_error_of_an_attempt_that_was_killed_is_not_that_of_the_next(tmp_path, monkeypatch):
    (tmp_path / ".error0.json").write_text(json.dumps({"diverged": False, "parts": ["a", "b", "c"]}))

    def on_processes(command, environment):
        (tmp_path / ".summary.json").write_text(json.dumps({"steps": 3}))
        return 0, ""

    monkeypatch.setattr(launch, "_heard", on_processes)
    assert launch._torchrun(train, 2, {"out": tmp_path}) == {"steps": 3} and not list(tmp_path.iterdir())


def test_what_processes_died_of_is_told(tmp_path, monkeypatch, capsys):
    """An exit status alone is nothing that anybody could mend."""
    dying = [sys.executable, "-c", "import sys; sys.stderr.write('x' * 9000 + 'no memory left'); sys.exit(3)"]
    heard = launch._heard(dying, dict(os.environ))
    assert heard[0] == 3 and heard[1].endswith("no memory left") and len(heard[1]) == 6000 and "no memory left" in capsys.readouterr().err
    monkeypatch.setattr(launch, "_heard", lambda command, environment: heard)
    with pytest.raises(RuntimeError, match="2 processes ended with exit status 3(.|\n)*no memory left"):
        launch._torchrun(train, 2, {"out": tmp_path})
    assert not list(tmp_path.iterdir())
