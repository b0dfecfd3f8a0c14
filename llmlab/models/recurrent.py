"""LSTM and convolutional language models as Hugging Face models: `from_pretrained`, `generate`, Trainer, TRL and peft work on them.

In names of tensors B is the batch, T the time, H the width and V the vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import DynamicCache, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import ModelOutput
from transformers.modeling_utils import slice_logits_to_keep


class RnnConfig(PreTrainedConfig):
    """An LSTM language model: `num_hidden_layers` residual LSTM blocks of width `hidden_size`."""

    model_type = "llmlab_rnn"
    keys_to_ignore_at_inference = ["cache_params"]
    auto_map = {}  # TRL reads it of every class from outside transformers
    vocab_size: int = 1024
    hidden_size: int = 128
    num_hidden_layers: int = 2
    max_position_embeddings: int = 1 << 20  # a recurrent or convolutional model has no positions to run out of
    initializer_range: float = 0.02
    tie_word_embeddings: bool = True
    use_cache: bool = True
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None

    @property
    def layer_types(self):
        """The kind of state each layer keeps, by which DynamicCache makes room for it."""
        return ["linear_attention"] * self.num_hidden_layers


class CnnConfig(RnnConfig):
    """A convolutional language model: layer i looks back (kernel_size - 1) · 2^(i mod dilation_cycle) tokens, unless `dilations` says otherwise."""

    model_type = "llmlab_cnn"
    kernel_size: int = 3
    dilation_cycle: int = 6
    dilations: list[int] | None = None  # one per layer, where layers were taken from a deeper model

    @property
    def layer_types(self):
        return ["conv"] * self.num_hidden_layers

    def dilation(self, layer):
        """How many tokens lie between the taps of a layer."""
        return self.dilations[layer] if self.dilations else 2 ** (layer % self.dilation_cycle)


@dataclass
class BackboneOutput(ModelOutput):
    """`last_hidden_state` (B, T, H), and the layers' state if asked for."""

    last_hidden_state: torch.FloatTensor | None = None
    past_key_values: None = None
    attentions: None = None
    cache_params: DynamicCache | None = None  # named so because generate would ask "past_key_values" for its length
    hidden_states: tuple | None = None


@dataclass
class CausalOutput(ModelOutput):
    """`logits` (B, T, V), the loss if labels were given, and the layers' state if asked for."""

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    cache_params: DynamicCache | None = None
    hidden_states: tuple | None = None


class RMSNorm(nn.Module):
    """Root-mean-square normalisation (Zhang and Sennrich 2019)."""

    def __init__(self, hidden_size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-6)


class LstmBlock(GradientCheckpointingLayer):
    """Norm → LSTM → projection, added to the residual stream."""

    def __init__(self, config, index):
        super().__init__()
        self.index, width = index, config.hidden_size
        self.norm, self.in_proj, self.out_proj = RMSNorm(width), nn.Linear(width, width), nn.Linear(width, width)
        self.rnn = nn.LSTM(width, width, batch_first=True)

    def forward(self, x_BxTxH, lengths_B=None, cache=None):
        y_BxTxH, state = self.in_proj(self.norm(x_BxTxH)), None
        slot = cache.layers[self.index] if cache is not None else None
        if slot is not None and slot.has_previous_state[0]:
            state = tuple(s[None].contiguous() for s in slot.recurrent_states[0].to(y_BxTxH.dtype).chunk(2, -1))
        if lengths_B is None:
            y_BxTxH, (h, c) = self.rnn(y_BxTxH, state)
        else:  # rows of different lengths, padded on the right
            packed = pack_padded_sequence(y_BxTxH, lengths_B.cpu(), batch_first=True, enforce_sorted=False)
            packed, (h, c) = self.rnn(packed, state)
            y_BxTxH, _ = pad_packed_sequence(packed, batch_first=True, total_length=x_BxTxH.shape[1])
        if slot is not None:
            cache.update_recurrent_state(torch.cat([h[0], c[0]], -1), self.index)
            slot.has_previous_state[0] = True
        return x_BxTxH + self.out_proj(y_BxTxH)


class ConvBlock(GradientCheckpointingLayer):
    """Norm → gated dilated causal convolution → projection, added to the residual stream (van den Oord et al. 2016).

    The convolution is a Linear over the dilated taps: faster than Conv1d on a CPU, and LoRA adapts it (peft drops the
    dilation of a Conv1d).
    """

    def __init__(self, config, index):
        super().__init__()
        self.index, self.taps, width = index, config.kernel_size, config.hidden_size
        self.dilation = config.dilation(index)
        self.reach = (self.taps - 1) * self.dilation
        self.norm, self.out_proj = RMSNorm(width), nn.Linear(width, width)
        self.conv = nn.Linear(self.taps * width, 2 * width)

    def forward(self, x_BxTxH, lengths_B=None, cache=None):
        y_BxHxT, steps = self.norm(x_BxTxH).transpose(1, 2), x_BxTxH.shape[1]
        if lengths_B is not None:
            valid = torch.arange(steps, device=y_BxHxT.device) < lengths_B[:, None].to(y_BxHxT.device)
            y_BxHxT = y_BxHxT * valid[:, None]
        full_BxHxT = F.pad(y_BxHxT, (self.reach, 0)) if cache is None else self._with_past(y_BxHxT, lengths_B, cache)
        past_BxTxH = full_BxHxT.transpose(1, 2)
        views = [past_BxTxH[:, j * self.dilation : j * self.dilation + steps] for j in range(self.taps)]
        value, gate = self.conv(torch.cat(views, -1)).chunk(2, -1)
        return x_BxTxH + self.out_proj(torch.tanh(value) * torch.sigmoid(gate))

    def _with_past(self, y_BxHxT, lengths_B, cache):
        """Puts the last `reach` inputs before the new ones, and remembers the last `reach` of both."""
        steps = y_BxHxT.shape[-1]
        if lengths_B is not None:  # a padded prompt: each row's last valid inputs
            full = F.pad(y_BxHxT, (self.reach, 0))
            at = lengths_B.to(full.device)[:, None] + torch.arange(self.reach, device=full.device)
            cache.update_conv_state(full.gather(2, at[:, None].expand(-1, full.shape[1], -1)), self.index, conv_kernel_size=self.reach)
            return full
        full = cache.update_conv_state(y_BxHxT, self.index, conv_kernel_size=self.reach)
        return F.pad(full, (max(0, self.reach + steps - full.shape[-1]), 0))[..., -(self.reach + steps) :]


class LabPreTrainedModel(PreTrainedModel):
    """What transformers, TRL and peft expect of any causal language model."""

    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ["LstmBlock", "ConvBlock"]
    _is_stateful = True  # the state cannot be cropped, so no assisted decoding
    _supports_context_parallel = False

    def _init_weights(self, module):
        super()._init_weights(module)
        if isinstance(module, nn.LSTM):  # a forget gate that starts open (Jozefowicz et al. 2015)
            size = module.hidden_size
            bias = torch.cat([torch.zeros(size), torch.ones(size), torch.zeros(2 * size)])
            for name, parameter in module.named_parameters():
                if "bias_ih" in name:
                    init.copy_(parameter, bias)


class LabModel(LabPreTrainedModel):
    """Embedding, blocks, norm. Left-padded batches and packed rows (`position_ids` that restart) are handled here."""

    block = None

    def __init__(self, config):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size, config.pad_token_id)
        self.layers = nn.ModuleList(self.block(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size)
        self.post_init()

    def forward(
        self, input_ids=None, attention_mask=None, position_ids=None, inputs_embeds=None, cache_params=None, use_cache=None, **kwargs
    ):
        x_BxTxH = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        if use_cache and cache_params is None and not self.training:
            cache_params = DynamicCache(config=self.config)
        x_BxTxH, lengths_B, restore = _rows(x_BxTxH, attention_mask, position_ids, cache_params)
        for layer in self.layers:
            x_BxTxH = layer(x_BxTxH, lengths_B, cache_params)
        return BackboneOutput(last_hidden_state=self.norm(restore(x_BxTxH)), cache_params=cache_params)


def _rows(x_BxTxH, mask, positions, cache):
    """Rows that start with their first valid token: (states, lengths or None, the way back to the caller's layout)."""
    batch, steps, width = x_BxTxH.shape
    if cache is not None and steps == 1 and cache.layers[0].has_previous_state[0]:
        return x_BxTxH, None, lambda y: y  # decoding: one valid token in each row
    if mask is not None and mask.dim() == 2 and mask.shape[1] == steps and not bool(mask.all()):
        order = torch.argsort((~mask.bool()).int(), dim=1, stable=True)
        back = torch.argsort(order, dim=1)
        pick = lambda y, at: y.gather(1, at[..., None].expand(-1, -1, width))  # noqa: E731
        return pick(x_BxTxH, order), mask.sum(1).clamp(min=1), lambda y: pick(y, back)
    starts = (positions.expand(batch, -1) == 0) if positions is not None and mask is None and steps > 1 and batch == 1 else None
    if starts is not None and int(starts.sum()) > 1:  # one packed row: each document becomes a row of its own
        cuts = [*starts[0].nonzero().flatten().tolist(), steps]
        lengths = torch.tensor([b - a for a, b in zip(cuts, cuts[1:])])
        rows = nn.utils.rnn.pad_sequence([x_BxTxH[0, a:b] for a, b in zip(cuts, cuts[1:])], batch_first=True)
        return rows, lengths, lambda y: torch.cat([y[i, :n] for i, n in enumerate(lengths.tolist())])[None]
    return x_BxTxH, None, lambda y: y


class LabForCausalLM(LabPreTrainedModel, GenerationMixin):
    """A backbone and a tied output layer; the name contains ForCausalLM, by which transformers picks the loss."""

    backbone = None
    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}

    def __init__(self, config):
        super().__init__(config)
        self.model = self.backbone(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    @classmethod
    def _supports_default_dynamic_cache(cls):
        return False  # the backbone makes its own

    def prepare_inputs_for_generation(self, input_ids, cache_params=None, attention_mask=None, is_first_iteration=False, **kwargs):
        inputs = super().prepare_inputs_for_generation(
            input_ids, cache_params=cache_params, attention_mask=attention_mask, is_first_iteration=is_first_iteration, **kwargs
        )
        if cache_params is not None:
            inputs["attention_mask"] = None  # the padding was read with the prompt
        inputs.pop("position_ids", None)
        return inputs

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        inputs_embeds=None,
        cache_params=None,
        labels=None,
        use_cache=None,
        logits_to_keep=0,
        **kwargs,
    ):
        for_loss = {k: kwargs.pop(k) for k in ("num_items_in_batch", "shift_labels") if k in kwargs}
        states = self.model(
            input_ids, attention_mask=attention_mask, inputs_embeds=inputs_embeds, cache_params=cache_params, use_cache=use_cache, **kwargs
        )
        logits_BxTxV = self.lm_head(slice_logits_to_keep(states.last_hidden_state, logits_to_keep))
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits_BxTxV, labels=labels, vocab_size=self.config.vocab_size, **for_loss)
        return CausalOutput(loss=loss, logits=logits_BxTxV, cache_params=states.cache_params)


class RnnModel(LabModel):
    config_class, block = RnnConfig, LstmBlock


class RnnForCausalLM(LabForCausalLM):
    config_class, backbone = RnnConfig, RnnModel


class CnnModel(LabModel):
    config_class, block = CnnConfig, ConvBlock


class CnnForCausalLM(LabForCausalLM):
    config_class, backbone = CnnConfig, CnnModel
