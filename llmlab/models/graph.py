"""A model-like object that runs an ONNX graph with onnxruntime."""

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import numpy
import torch
from transformers import AutoConfig, GenerationConfig


class OnnxModel:
    """Runs `decode.onnx` with the two calls that evaluation, chat and server use: `model(input_ids=…).logits` and `generate`."""

    device = "cpu"

    def __init__(self, folder):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # it warns of the shape of a counter, at every token
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning threads starve torch's
        self.config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        self.name_or_path, self.generation_config = str(folder), GenerationConfig()
        self.session = onnxruntime.InferenceSession(str(Path(folder) / "decode.onnx"), options, providers=["CPUExecutionProvider"])
        self.inputs = {i.name: i for i in self.session.get_inputs()}
        self.outputs = [o.name for o in self.session.get_outputs()]
        self.states = [n for n in self.inputs if n.startswith("input.")]
        self.at_once = "position_ids" in self.inputs  # a transformer's graph reads many tokens in one call

    def _start(self, batch):
        """Empty states: no past keys and values, or zeros."""
        found = {}
        for name in self.states:
            shape = [batch, *self.inputs[name].shape[1:]]
            kind = numpy.int64 if "int64" in self.inputs[name].type else numpy.float32  # a sliding window counts
            found[name] = numpy.zeros([int(d) if str(d).isdigit() else 0 for d in shape], dtype=kind)
        return found

    def _feed(self, ids_BxT, states, position):
        """(logits (B, T, V), new states) of some more tokens."""
        if not self.at_once and ids_BxT.shape[1] > 1:
            parts = []
            for t in range(ids_BxT.shape[1]):
                logits, states = self._feed(ids_BxT[:, t : t + 1], states, position + t)
                parts.append(logits)
            return numpy.concatenate(parts, 1), states
        feed = {"input_ids": ids_BxT, **states}
        if self.at_once:
            feed["position_ids"] = numpy.broadcast_to(numpy.arange(position, position + ids_BxT.shape[1]), ids_BxT.shape)
        out = dict(zip(self.outputs, self.session.run(None, {n: feed[n] for n in self.inputs})))
        return out["logits"], {n: out[n.replace("input.", "output.", 1)] for n in self.states}

    def __call__(self, input_ids, **kwargs):
        logits, _ = self._feed(input_ids.numpy(), self._start(len(input_ids)), 0)
        return SimpleNamespace(logits=torch.from_numpy(logits))

    def generate(
        self,
        input_ids,
        attention_mask=None,
        max_new_tokens=60,
        eos_token_id=(),
        pad_token_id=0,
        do_sample=False,
        temperature=1.0,
        streamer=None,
        generation_config=None,
        **kwargs,
    ):
        """The likeliest tokens, or drawn ones with torch's random numbers. Left padding is cut off and rows of one length go together, since the graph
        knows no mask. Of a generation_config, what stands above is taken."""
        if generation_config is not None:
            known = ("max_new_tokens", "eos_token_id", "pad_token_id", "do_sample", "temperature")
            told = {k: v for k in known if (v := getattr(generation_config, k)) is not None}
            return self.generate(input_ids, attention_mask, streamer=streamer, **told)
        if streamer is not None:
            streamer.put(input_ids[0])  # as transformers does: the prompt comes first
        stop = [eos_token_id] if isinstance(eos_token_id, int) else list(eos_token_id)
        lengths = attention_mask.sum(1).tolist() if attention_mask is not None else [input_ids.shape[1]] * len(input_ids)
        groups, out = defaultdict(list), torch.full((len(input_ids), max_new_tokens), pad_token_id)
        for row, length in enumerate(lengths):
            groups[length].append(row)
        for length, rows in groups.items():
            found = self._decode(
                input_ids[rows, input_ids.shape[1] - length :].numpy(),
                max_new_tokens,
                stop,
                pad_token_id,
                streamer,
                temperature if do_sample else 0.0,
            )
            out[torch.tensor(rows), : found.shape[1]] = torch.from_numpy(found)
        if streamer is not None:
            streamer.end()
        return torch.cat([input_ids, out], 1)

    def _decode(self, ids_BxT, max_new_tokens, stop, pad, streamer, temperature):
        logits, states = self._feed(ids_BxT, self._start(len(ids_BxT)), 0)
        position, found, done = ids_BxT.shape[1], [], numpy.zeros(len(ids_BxT), dtype=bool)
        for _ in range(max_new_tokens):
            token = numpy.where(done, pad, _pick(logits[:, -1], temperature)).astype(numpy.int64)
            found.append(token)
            if streamer is not None:
                streamer.put(torch.from_numpy(token))
            done |= numpy.isin(token, stop)
            if done.all():
                break
            logits, states = self._feed(token[:, None], states, position)
            position += 1
        return numpy.stack(found, 1)


def _pick(logits_BxV, temperature):
    """The likeliest token of each row, or one drawn at a temperature."""
    if not temperature:
        return logits_BxV.argmax(-1)
    return torch.multinomial(torch.softmax(torch.from_numpy(logits_BxV) / temperature, -1), 1)[:, 0].numpy()
