"""Architectures as Hugging Face causal language models.

Five families behind one interface: `transformer` (Llama), `moe` (Mixtral) and `ssm` (Mamba-2) come from transformers; `rnn`
(LSTM) and `cnn` (gated dilated causal convolution, as in WaveNet) are in `recurrent`.
"""

import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
from transformers.utils import logging

from llmlab.errors import UserError
from llmlab.params import near
from llmlab.recurrent import CnnConfig, CnnForCausalLM, CnnModel, RnnConfig, RnnForCausalLM, RnnModel

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


def load(path, device="cpu"):
    """(model in evaluation mode, tokenizer) from a folder; only safetensors and ONNX are read, and no code from the folder runs.

    Args:
        device: "auto" takes a GPU where there is one; a graph always runs on the processor.
    """
    from pathlib import Path

    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        if (Path(path) / "decode.onnx").exists():
            from llmlab.export import OnnxModel

            return OnnxModel(path), tokenizer
        model = AutoModelForCausalLM.from_pretrained(path, trust_remote_code=False, use_safetensors=True)
    except Exception as error:  # safetensors, onnxruntime, json and transformers each raise their own
        made_by = Path(path).parent.name
        raise UserError(
            f"{path} does not load: {(str(error).splitlines() or [type(error).__name__])[0][:200]}",
            "a Hugging Face model folder with model.safetensors, or decode.onnx",
            f"llmlab run RUN --only {made_by} --force",
        ) from error
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return remember(model).eval().to(device), tokenizer


def remember(model):
    """Makes a trained model one for use again, since trainers save the settings they train with.

    The cache comes back on, without which each token reads the whole past; the experts' router keeps its scores to itself, which
    a mixture of experts cannot hand out while it generates from padded prompts.
    """
    model.config.use_cache = True
    if hasattr(model.config, "output_router_logits"):
        model.config.output_router_logits = False
    if model.generation_config is not None:
        model.generation_config.use_cache = True
    return model


def read_config(path):
    """The config of a folder."""
    return AutoConfig.from_pretrained(path, trust_remote_code=False)


def window(model):
    """Tokens that a conversation may have for this model: its positions, and at most 512 where it has no limit (RNN, CNN) or a long one."""
    return min(getattr(model.config, "max_position_embeddings", 512), 512)


def context(model):
    """Tokens of text that this model was trained to see at once: what it is fairly judged on."""
    return getattr(model.config, "context_length", window(model))
