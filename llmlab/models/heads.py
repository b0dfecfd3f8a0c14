"""The vocabulary's head where it is needed alone: with 49,152 tokens it costs more than all layers of a small model."""

import torch

ROWS = 2048  # positions that go through the head at once


def logits_at(model, ids_BxT, where_BxT, **inputs):
    """Logits (N, V) of the positions that `where` marks, in their order; the others never meet the head.

    Args:
        model: a causal language model, a peft model around one, or a graph.
        where_BxT: boolean.
    """
    split = _split(model)
    if split is None:
        return model(input_ids=ids_BxT, **inputs).logits[where_BxT]
    backbone, head = split
    return head(backbone(input_ids=ids_BxT, **inputs).last_hidden_state[where_BxT])


def logprobs_at(model, ids_BxT, where_BxT, next_N, **inputs):
    """log p (N,) of a token at each marked position, without gradient, a part of the positions at a time."""
    split = _split(model)
    if split is None:
        return _picked(model(input_ids=ids_BxT, **inputs).logits[where_BxT], next_N)
    states_NxH = split[0](input_ids=ids_BxT, **inputs).last_hidden_state[where_BxT]
    parts = [_picked(split[1](s), t) for s, t in zip(states_NxH.split(ROWS), next_N.split(ROWS))]
    return torch.cat(parts) if parts else states_NxH.new_zeros(0)


def _picked(logits_NxV, next_N):
    return torch.log_softmax(logits_NxV.float(), -1).gather(-1, next_N[:, None])[:, 0]


def _split(model):
    """(backbone, head) of a model whose logits are what its head makes of its last states, which is tried once; None of any other."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    known = getattr(inner, "_llmlab_split", "unknown")
    if known == "unknown":
        known = inner._llmlab_split = _tried(inner)
    return known and (getattr(inner, known), inner.get_output_embeddings())


@torch.no_grad()
def _tried(model):
    """The name of the backbone if head and backbone are all there is; some models scale or cap what the head says."""
    name, head = getattr(model, "base_model_prefix", ""), getattr(model, "get_output_embeddings", lambda: None)()
    if head is None or not hasattr(model, name):
        return None
    training = model.training
    model.eval()
    ids = torch.arange(1, 9, device=model.device)[None] % model.config.vocab_size
    try:
        whole = model(input_ids=ids, use_cache=False).logits
        parts = head(getattr(model, name)(input_ids=ids, use_cache=False).last_hidden_state)
        return name if torch.allclose(whole, parts, atol=1e-4) else None
    except (TypeError, AttributeError):
        return None
    finally:
        model.train(training)
