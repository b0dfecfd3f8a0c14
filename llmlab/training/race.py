"""The race of phase 1: one small model per family, same text, same tokens, about the same number of parameters."""

import shutil
from pathlib import Path

from llmlab.data import tokens
from llmlab.models import cost, design
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.training.pretrain import pretrain


def bakeoff(families, config, texts, out, tokens_seen, context_length, heads, batch_size, learning_rate, seed):
    """Trains one model per family on the same sample of text, same tokens in the same order, about the same parameters.

    Returns: {family: {"parameters", "hidden_size", "bits_per_byte" on held-out text, "seconds", "curve"}}.
    """

    if not families:
        return {}
    if len(texts) < 2:
        raise UserError(
            f"{len(texts)} document(s) to compare families on",
            "at least two, one of them held out",
            "llmlab run RUN -p bakeoff_families=[]",
        )
    out = Path(out)
    shutil.rmtree(out, ignore_errors=True)  # checkpoints of a former attempt may be of other text
    tokenizer = tokens.train(texts, config.vocab_size, out / "tokenizer", context_length)
    held_out = max(1, len(texts) // 10)
    rows = tokens.tokenise(tokenizer, [{"text": t, "source": "sample"} for t in texts])
    blocks, _ = tokens.pack([r["input_ids"] for r in rows[held_out:]], context_length, seed, tokens.marks(tokenizer))
    tokens.write(out / "tokens", blocks, rows[:held_out])
    found = {}
    for family in track.each(list(families), "bake-off"):
        contender = config if family == design.family(config) else design.rival(family, config, context_length, heads)
        contender.save_pretrained(str(out / family / "config"))
        summary = pretrain(
            out / family / "config",
            out / "tokenizer",
            out / "tokens",
            out / family / "model",
            tokens_seen,
            batch_size,
            learning_rate,
            seed=seed,
            evaluations=1,
            rate="bakeoff_learning_rate",
        )
        curve = [r for r in track.rows(out / family / "model") if "loss" in r]
        counts = cost.parameters(contender)
        found[family] = {
            "parameters": counts["active"] - counts["embeddings"],
            "hidden_size": contender.hidden_size,
            "bits_per_byte": round(summary["bits_per_byte"]["all"], 3),
            "seconds": round(summary["seconds"], 2),
            "curve": {"tokens": [r["tokens"] for r in curve], "seconds": [r["seconds"] for r in curve], "loss": [r["loss"] for r in curve]},
        }
    return found
