"""A training that is killed, in its first epoch or in its second, ends in the same bytes as one that is left alone."""

import json

import pytest
import transformers

from llmlab.data import feedback, teaching, tokens
from llmlab.spine import track
from llmlab.spine.files import write_jsonl
from llmlab.training import checkpoints, compress, fit, posttrain, pretrain


class Killed(Exception):
    """Stands for kill -9: nothing after it is executed (a real one is in test_pretrain)."""


def lessons(small, folder, count):
    """The first lessons that fit, so that an epoch ends where a test wants it."""
    rows = teaching.conversations(small / "instructions.jsonl")[:count]
    pairs, _ = feedback.preferences("", small / "pairs.jsonl")
    blocks, held_out = tokens.read(small / "tokens", "train")["input_ids"], tokens.read(small / "tokens", "validation")
    tokens.write(
        folder / "tokens", list(blocks[:count]), [dict(zip(held_out, row, strict=True)) for row in zip(*held_out.values(), strict=True)]
    )
    write_jsonl(folder / "lessons.jsonl", rows)
    write_jsonl(folder / "pairs.jsonl", pairs[:count])
    return folder / "lessons.jsonl", folder / "pairs.jsonl"


STEPS = {
    "pretrain": lambda small, data, pairs, out: pretrain.pretrain(
        small / "config", small / "tokenizer", data.parent / "tokens", out, 48 * 4 * 64, 4, 1e-3, seed=1, evaluations=1
    ),
    "sft": lambda small, data, pairs, out: posttrain.sft(small / "model", data, out, 1e-3, 48, 4, seed=1),
    "dpo": lambda small, data, pairs, out: posttrain.dpo(small / "model", pairs, out, 1e-4, 48, 4, seed=1),
    "lora": lambda small, data, pairs, out: posttrain.sft(small / "model", data, out, 1e-3, 48, 4, adapter="lora", rank=8, seed=1),
    "distill": lambda small, data, pairs, out: compress.distill(small / "model", data, pairs, out, 2, 1e-3, 48, 4, seed=1),
}


@pytest.fixture
def rows_seen(monkeypatch):
    """What each training step was given."""
    seen, plain = [], transformers.Trainer.training_step

    def step(self, model, inputs, *rest, **more):
        seen.append(inputs["input_ids"].tolist())
        return plain(self, model, inputs, *rest, **more)

    monkeypatch.setattr(transformers.Trainer, "training_step", step)
    return seen


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(("epoch", "at"), [(1, 22), (2, 43)])
def test_a_kill_in_any_epoch_changes_nothing(small, tmp_path, monkeypatch, rows_seen, name, epoch, at):
    data, pairs = lessons(small, tmp_path, 96)
    run = lambda out: (out.mkdir(parents=True), STEPS[name](small, data, pairs, out))[1]  # noqa: E731
    run(tmp_path / "whole")
    whole = rows_seen[:]
    rows_seen.clear()
    plain = fit.Metrics.on_step_end

    def kill(self, args, state, control, **more):
        plain(self, args, state, control, **more)
        if state.global_step == at:
            raise Killed

    monkeypatch.setattr(fit.Metrics, "on_step_end", kill)
    with pytest.raises(Killed):
        run(tmp_path / "killed")
    monkeypatch.setattr(fit.Metrics, "on_step_end", plain)
    metrics = next((tmp_path / "killed").rglob("metrics.jsonl"))
    with open(metrics, "a") as stream:
        stream.write('{"step": 9')  # the kill came while a line was written
    rows_seen.clear()
    summary = STEPS[name](small, data, pairs, tmp_path / "killed")
    assert summary["resumed_from"] == (20 if epoch == 1 else 40)
    assert rows_seen == whole[summary["resumed_from"] :]
    weights = [tmp_path / folder / "model.safetensors" for folder in ("whole", "killed")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    steps = [[r["step"] for r in track.rows(tmp_path / folder) if "loss" in r] for folder in ("whole", "killed")]
    assert steps[0] == steps[1]


@pytest.mark.parametrize("damage", ["[1, 2]", "{}", "null", "{", "", '{"model.safetensors": 1}'])
def test_a_checkpoint_with_a_damaged_manifest_is_not_used(tmp_path, damage, capsys):
    for step in (20, 40):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "manifest.json").write_text(json.dumps({"model.safetensors": checkpoints._hash(folder / "model.safetensors")}))
    (tmp_path / "checkpoint-40" / "manifest.json").write_text(damage)
    assert checkpoints.newest_whole(tmp_path) == (str(tmp_path / "checkpoint-20"), 20)
    assert "checkpoint-40 is damaged" in capsys.readouterr().out


def test_a_kill_before_a_checkpoint_is_published_leaves_the_one_before(small, tmp_path, monkeypatch):
    data, pairs = lessons(small, tmp_path, 96)
    publish = checkpoints.Manifest.on_save

    def killed(self, args, state, control, **more):
        if state.global_step == 40:
            raise Killed
        publish(self, args, state, control, **more)

    monkeypatch.setattr(checkpoints.Manifest, "on_save", killed)
    with pytest.raises(Killed):
        STEPS["sft"](small, data, pairs, tmp_path / "out")
    monkeypatch.setattr(checkpoints.Manifest, "on_save", publish)
    assert STEPS["sft"](small, data, pairs, tmp_path / "out")["resumed_from"] == 20
