"""Architectures as Hugging Face causal language models.

Five families behind one interface: `transformer` (Llama), `moe` (Mixtral) and `ssm` (Mamba-2) come from transformers; `rnn`
(LSTM) and `cnn` (gated dilated causal convolution, as in WaveNet) are in `recurrent`.
"""

import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
from transformers.utils import logging

from llmlab.models.recurrent import CnnConfig, CnnForCausalLM, CnnModel, RnnConfig, RnnForCausalLM, RnnModel
from llmlab.spine.errors import UserError
from llmlab.spine.params import near

logging.set_verbosity_error()  # the fallbacks it warns of are what runs on a CPU
logging.disable_progress_bar()

FAMILIES = ("transformer", "moe", "rnn", "cnn", "ssm")

for _config, _backbone, _model in ((RnnConfig, RnnModel, RnnForCausalLM), (CnnConfig, CnnModel, CnnForCausalLM)):
    AutoConfig.register(_config.model_type, _config, exist_ok=True)
    AutoModel.register(_config, _backbone, exist_ok=True)
    AutoModelForCausalLM.register(_config, _model, exist_ok=True)


def configure(family, vocab_size, hidden_size, num_hidden_layers, num_attention_heads=4, context_length=256, num_experts=4):
    """A config.json of one of the five families, embeddings tied, token ids 0 to 2 being pad, bos and end of turn.

    Args:
        hidden_size: width H, a multiple of num_attention_heads for the families with heads.
        context_length: tokens the model is trained to see at once, noted in the config; all families run on longer texts too.
        num_experts: of the `moe` family, of which each token uses two.

    Returns: a transformers config without weights.
    """
    config = _configure(family, vocab_size, hidden_size, num_hidden_layers, num_attention_heads, context_length, num_experts)
    config.context_length = context_length
    return config


def _configure(family, vocab_size, hidden_size, num_hidden_layers, num_attention_heads, context_length, num_experts):
    from transformers import LlamaConfig, Mamba2Config, MixtralConfig

    common = dict(
        vocab_size=vocab_size,
        hidden_size=hidden_size,
        num_hidden_layers=num_hidden_layers,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    heads = dict(
        num_attention_heads=num_attention_heads, num_key_value_heads=num_attention_heads, max_position_embeddings=max(context_length, 512)
    )
    feed_forward = -(-hidden_size * 8 // 3 // 32) * 32  # SwiGLU's 8/3 of the width (Shazeer 2020), in blocks of 32
    if family == "transformer":
        return LlamaConfig(**common, **heads, intermediate_size=feed_forward)
    if family == "moe":
        half = -(-feed_forward // 2 // 32) * 32
        return MixtralConfig(
            **common, **heads, intermediate_size=half, num_local_experts=num_experts, num_experts_per_tok=2, sliding_window=None
        )
    if family == "rnn":
        return RnnConfig(**common)
    if family == "cnn":
        return CnnConfig(**common)
    if family == "ssm":
        head = 2 * hidden_size // num_attention_heads
        return Mamba2Config(**common, num_heads=num_attention_heads, head_dim=head, expand=2, n_groups=1, state_size=32, chunk_size=64)
    raise UserError(f"family = {family!r}", near(family, FAMILIES), "llmlab run RUN -p family=transformer")


def initialise(config, seed):
    """A model with random weights drawn from `seed`."""
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(config, trust_remote_code=False)


def blocks(model):
    """(name, list) of the layers of a decoder, whatever they are called: the longest list of modules in it."""
    return max(((n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.ModuleList)), key=lambda found: len(found[1]))
