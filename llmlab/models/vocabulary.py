"""A smaller vocabulary: the tokens that the text of one task uses, and none of the others."""

import json
from collections import defaultdict
from pathlib import Path

import torch

from llmlab.data import lookup, teaching, tokens
from llmlab.models import weights
from llmlab.spine.files import jsonl, write_text


def trimmed(model, data, knowledge, out):
    """Step: a model whose embeddings hold only tokens that occur in some conversations, with all bytes, marks and parts of tokens.

    What is left is cut into the same tokens as before, and any other text into shorter ones, since every byte stays.

    Args:
        model: folder of a model with a byte-level BPE tokenizer.
        data: JSON-lines file of conversations; knowledge: of rows that may stand beside them.
        out: folder for the model.

    Returns: {"tokens before", "tokens after", "parameters"}, or {"skipped": why} for another kind of tokenizer (then `out` stays empty).
    """
    network, tokenizer = weights.load(model)
    known = json.loads(tokenizer.backend_tokenizer.to_str())
    if known["model"]["type"] != "BPE" or "ByteLevel" not in json.dumps(known["pre_tokenizer"]):
        return {"skipped": f"its tokenizer is no byte-level BPE but {known['model']['type']}"}
    used = {i for row in teaching.conversations(data) for i in (teaching.encoded(tokenizer, row["messages"]) or ([], []))[0]}
    used |= {i for ids in tokens.encode(tokenizer, [row["text"] for row in jsonl(knowledge)]) for i in ids}
    kept = sorted(_closed(known, used))
    new = {old: n for n, old in enumerate(kept)}
    tokenizer.save_pretrained(str(out))
    write_text(Path(out) / "tokenizer.json", json.dumps(_renumbered(known, new), ensure_ascii=False))
    _shrink(network, torch.tensor(kept), new)
    network.save_pretrained(str(out))
    lookup.carry(tokenizer, out)
    weights.load(out)  # whoever cannot be read again is known now
    return {"tokens before": len(tokenizer), "tokens after": len(kept), "parameters": sum(p.numel() for p in network.parameters())}


def _closed(known, used):
    """Ids that must stay: what is used, what it is merged from, all bytes and all added tokens."""
    vocabulary = known["model"]["vocab"]
    names = {i: token for token, i in vocabulary.items()}
    parts = defaultdict(list)
    for pair in _merges(known):  # a token may be merged from several pairs
        parts["".join(pair)] += pair
    stay = {t["id"] for t in known["added_tokens"]} | {i for token, i in vocabulary.items() if len(token) == 1}
    waiting = [i for i in used if i not in stay]
    while waiting:
        i = waiting.pop()
        stay.add(i)
        waiting += [vocabulary[p] for p in parts.get(names.get(i), ()) if vocabulary[p] not in stay]
    return stay


def _merges(known):
    """The merges of a BPE as pairs; files write them as pairs or as two words."""
    return [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in known["model"]["merges"]]


def _renumbered(known, new):
    """A tokenizer file with fewer tokens under new numbers, and the merges that lead to them."""
    vocabulary = {token: new[i] for token, i in known["model"]["vocab"].items() if i in new}
    merges = [list(pair) for pair in _merges(known) if all(t in vocabulary for t in (*pair, "".join(pair)))]
    processor = json.loads(json.dumps(known["post_processor"])) or {}
    for step in processor.get("processors", [processor]):
        for special in step.get("special_tokens", {}).values():
            special["ids"] = [new[i] for i in special["ids"]]
    added = [{**t, "id": new[t["id"]]} for t in known["added_tokens"]]
    return {
        **known,
        "model": {**known["model"], "vocab": vocabulary, "merges": merges},
        "added_tokens": added,
        "post_processor": processor or None,
    }


def _shrink(network, kept, new):
    """Keeps the rows of embeddings and head that belong to some tokens, and calls special tokens by their new numbers."""
    tied = network.get_input_embeddings().weight is network.get_output_embeddings().weight
    embeddings = network.get_input_embeddings().weight.data[kept].clone()
    head, bias = (None if part is None else part.data[kept].clone() for part in _head(network))
    network.resize_token_embeddings(len(kept), mean_resizing=False)
    network.get_input_embeddings().weight.data.copy_(embeddings)
    if not tied:
        _head(network)[0].data.copy_(head)
    if bias is not None:
        _head(network)[1].data.copy_(bias)
    for config in (network.config, network.generation_config):
        for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
            value = getattr(config, name, None)
            if value is not None:
                setattr(config, name, [new[v] for v in value if v in new] if isinstance(value, list) else new.get(value))


def _head(network):
    """(weight, bias or None) of the vocabulary's head."""
    head = network.get_output_embeddings()
    return head.weight, getattr(head, "bias", None)
