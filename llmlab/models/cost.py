"""What a model costs, before it is trained: parameters, operations, memory."""

import copy
import itertools

import torch
from torch import nn
from transformers import AutoModelForCausalLM

from llmlab.models.families import initialise

PARTS = (
    ("embeddings", ("embed", "lm_head", "wte", "wpe")),
    ("norms", ("norm", "ln_")),
    ("token mixing", ("attn", "attention", "rnn", "conv", "mixer", "in_proj", "out_proj")),
    ("feed-forward", ("mlp", "expert", "gate", "ffn", "feed_forward")),
)


LARGE = 20_000_000  # parameters, between what this project trains from nothing and what others trained
OURS = ("llmlab_rnn", "llmlab_cnn", "mamba2")  # families without attention


def _part(name):
    return next((part for part, marks in PARTS if any(m in name for m in marks)), "other")


def parameters(config):
    """Exact parameter counts by part, from the model itself on the meta device (no memory is used).

    Returns: {"embeddings", "token mixing", "feed-forward", "norms", "total", "active"}; `active` is what one token uses,
    which differs from the total only for a mixture of experts.
    """
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    counts = {}
    for name, parameter in model.named_parameters():
        counts[_part(name)] = counts.get(_part(name), 0) + parameter.numel()
    counts["total"] = sum(p.numel() for p in model.parameters())
    known = [n for name in ("num_local_experts", "num_experts", "n_routed_experts") if (n := getattr(config, name, None))]
    idle = 1 - (getattr(config, "num_experts_per_tok", None) or 1) / known[0] if known else 0
    experts = sum(p.numel() for n, p in model.named_parameters() if "expert" in n)
    counts["active"] = round(counts["total"] - idle * experts)
    return counts


def flops_per_token(config, context_length):
    """Floating-point operations of one forward pass, per token: two per weight and token, plus attention's two products.

    A backward pass costs twice as much, so training costs three times this (Kaplan et al. 2020). Embedding look-ups are
    free; the tied matrix is counted once, where it makes logits. Attention sees half the context on average.
    """
    counts = parameters(config)
    matrices = 2 * (counts["active"] - counts.get("norms", 0))
    heads = getattr(config, "num_attention_heads", None) if config.model_type not in OURS else None
    attention = 2 * 2 * config.num_hidden_layers * config.hidden_size * context_length / 2 if heads else 0
    return matrices + attention + (_scan_flops(config) if config.model_type == "mamba2" else 0)


def _scan_flops(config):
    """The state-space scan in chunks (Dao and Gu 2024): within a chunk like attention, between chunks through the state."""
    inner = config.num_heads * config.head_dim
    return config.num_hidden_layers * (2 * config.chunk_size * (config.state_size + inner) + 4 * inner * config.state_size)


def cache_bytes(config, context_length):
    """Bytes of state that serving keeps for one conversation of `context_length` tokens, in fp32."""
    layers, width = config.num_hidden_layers, config.hidden_size
    heads = getattr(config, "num_attention_heads", None)
    if config.model_type not in OURS and heads:  # keys and values of every head that has its own
        kept = (getattr(config, "num_key_value_heads", None) or heads) * (getattr(config, "head_dim", None) or width // heads)
        return 4 * 2 * layers * kept * context_length
    if config.model_type == "llmlab_rnn":
        return 4 * 2 * layers * width
    if config.model_type == "llmlab_cnn":
        return 4 * width * sum((config.kernel_size - 1) * config.dilation(i) for i in range(layers))
    if config.model_type == "mamba2":
        return 4 * layers * (config.num_heads * config.head_dim * config.state_size + 4 * (2 * width + 2 * config.state_size))
    inner = getattr(config, "intermediate_size", None) or width  # somebody else's family without attention
    return 4 * layers * inner * ((getattr(config, "state_size", None) or 0) + (getattr(config, "conv_kernel", None) or 0))


def bytes_per_token(config, context_length):
    """Bytes read from memory to write one token at batch 1, in fp32: the active weights, and the state of a full context.

    On most machines this and not arithmetic is what limits generation (Pope et al. 2022).
    """
    return 4 * parameters(config)["active"] + cache_bytes(config, context_length)


def activation_bytes(config, batch_size, context_length):
    """Bytes that a training step keeps for the backward pass: what autograd saves, counted on one and on two layers.

    The rest is a straight line, since all layers are alike and rows of a batch do not share activations.
    """
    one, two = (_saved_bytes(config, layers, context_length) for layers in (1, 2))
    return batch_size * (one + (config.num_hidden_layers - 1) * (two - one))


def _saved_bytes(config, layers, context_length):
    kept = {}

    def keep(tensor):
        if not isinstance(tensor, nn.Parameter):
            kept[tensor.untyped_storage().data_ptr()] = tensor  # held, so that no address is used twice
        return tensor

    small = copy.deepcopy(config)
    small.num_hidden_layers = layers
    ids = torch.ones(1, context_length, dtype=torch.long)
    model = initialise(small, seed=0).train()
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        model(input_ids=ids, labels=ids, use_cache=False)
    return sum(t.untyped_storage().nbytes() for at, t in kept.items() if at not in weights)


def memory(config, batch_size, context_length):
    """{"training", "serving"} in bytes: weights, gradients and AdamW's two moments plus activations; weights plus state."""
    total = parameters(config)["total"]
    return {
        "training": 16 * total + activation_bytes(config, batch_size, context_length),
        "serving": 4 * total + cache_bytes(config, context_length),
    }


def shapes(config, tokens, seed):
    """What happens to random token ids on their way through the model: rows {"module", "kind", "in", "out"}; layers that are alike share one."""
    model, rows = initialise(config, seed).eval(), []

    def note(name, module):
        def hook(_, inputs, kwargs, output):
            first = inputs[0] if inputs else kwargs.get("hidden_states", kwargs.get("input_ids"))
            result = output[0] if isinstance(output, tuple) else output
            rows.append({"module": name, "kind": type(module).__name__, "in": _shape(first), "out": _shape(result)})

        return hook

    for name, module in model.named_modules():
        if (
            name.count(".") <= 2
            and (name.endswith(("embed_tokens", "embeddings", "norm", "norm_f", "lm_head")) or name.rsplit(".", 1)[-1].isdigit())
            and "experts" not in name
        ):
            module.register_forward_hook(note(name, module), with_kwargs=True)
    with torch.no_grad():
        model(input_ids=torch.randint(config.vocab_size, (1, tokens)), use_cache=False)
    return _alike(rows)


def _alike(rows):
    """Rows of layers that do the same, one after the other, as one row."""
    found = []
    for _, group in itertools.groupby(rows, lambda row: (row["module"].rstrip("0123456789"), row["kind"], row["in"], row["out"])):
        first, *more = group
        last = f" to {more[-1]['module'].rpartition('.')[2]}" if more else ""
        found.append({**first, "module": first["module"] + last})
    return found


def _shape(value):
    return " × ".join(map(str, value.shape)) if hasattr(value, "shape") else "–"
