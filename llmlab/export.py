"""A model as an ONNX graph with int8 weights, and a model-like object that runs it with onnxruntime.

On a CPU this is where the speed is: for small models most of PyTorch's time goes into Python, and the graph has none.
"""

import contextlib
import io
import logging
import time
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import numpy
import torch
from transformers import AutoConfig

from llmlab import models, tokens

RUNS = ("llama", "llmlab_rnn", "llmlab_cnn")  # Mamba-2's convolution and Mixtral's positions are traced with a fixed shape
INTEGERS = ["MatMul", "Gemm", "Gather", "LSTM", "Attention"]  # onnxruntime has no integer convolution in one dimension


def int8(model, out):
    """Step: exports a model to one ONNX graph that keeps its state between tokens, with int8 weights per channel.

    Args:
        model: folder of a Hugging Face model: the graph of a transformer takes many tokens at once, the others one by one.
        out: folder for `decode.onnx`, the config and the tokenizer.

    Returns: {"seconds"}, or {"skipped": why} for a family whose graph does not run (then `out` stays empty). The exporter is transformers' own, which calls itself experimental: its version is pinned.
    """
    from transformers.exporters import OnnxConfig, OnnxExporter, OnnxRuntimeDynamicConfig, OnnxRuntimeQuantizer
    from transformers.exporters.utils import decompose_for_generation

    started, (network, tokenizer) = time.time(), models.load(model)
    if network.config.model_type not in RUNS:
        return {"skipped": f"the exported graph of {network.config.model_type} does not run in onnxruntime"}
    attention = network.config.model_type == "llama"
    example = {"input_ids": torch.ones(2, 8, dtype=torch.long), "attention_mask": torch.ones(2, 8, dtype=torch.long)}
    quantizer = OnnxRuntimeQuantizer(OnnxRuntimeDynamicConfig(op_types_to_quantize=INTEGERS, per_channel=True, reduce_range=True))
    config = OnnxConfig(dynamic=True, ort_fusions="cpu" if attention else None, quantizer=quantizer)
    with _quiet():
        network_, inputs = decompose_for_generation(network, example, multi_token_decode=attention)["decode"]
        OnnxExporter().export(network_, inputs, config).save_pretrained(str(out))
    found = sorted(Path(out).glob("*.onnx"))
    if found[0].name != "decode.onnx":  # the data file keeps its name, which the graph refers to
        found[0].rename(Path(out) / "decode.onnx")
    (Path(out) / "export.json").unlink(missing_ok=True)  # it knows the graph by its former name
    _anonymise(Path(out) / "decode.onnx")
    network.config.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    return {"seconds": round(time.time() - started, 1)}


def _anonymise(path):
    """Removes what the exporter notes beside each node: lines of source with their place on this machine, which also made equal graphs differ."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    graphs = [model.graph, *model.functions]
    while graphs:
        graph = graphs.pop()
        tensors = [*getattr(graph, "value_info", ()), *getattr(graph, "initializer", ())]
        ends = [*graph.input, *graph.output] if isinstance(graph, onnx.GraphProto) else []
        for part in (graph, *graph.node, *tensors, *ends):
            part.ClearField("metadata_props")
            part.ClearField("doc_string")
        graphs += [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    path.write_bytes(model.SerializeToString())


@contextlib.contextmanager
def _quiet():
    """The exporter prints progress of its own and warns of operators that no language model has."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(level)


class OnnxModel:
    """Runs `decode.onnx` with the two calls that evaluation and chat use: `model(input_ids=…).logits` and `generate`."""

    device = "cpu"

    def __init__(self, folder):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning threads starve torch's
        self.config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
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
            found[name] = numpy.zeros([int(d) if str(d).isdigit() else 0 for d in shape], dtype=numpy.float32)
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
        eos_token_id=(tokens.END,),
        do_sample=False,
        temperature=1.0,
        streamer=None,
        **kwargs,
    ):
        """The likeliest tokens, or drawn ones with torch's random numbers. Left padding is cut off and rows of one length go together, since the graph knows no mask."""
        stop = [eos_token_id] if isinstance(eos_token_id, int) else list(eos_token_id)
        lengths = attention_mask.sum(1).tolist() if attention_mask is not None else [input_ids.shape[1]] * len(input_ids)
        groups, out = defaultdict(list), torch.full((len(input_ids), max_new_tokens), tokens.PAD)
        for row, length in enumerate(lengths):
            groups[length].append(row)
        for length, rows in groups.items():
            found = self._decode(
                input_ids[rows, input_ids.shape[1] - length :].numpy(), max_new_tokens, stop, streamer, temperature if do_sample else 0.0
            )
            out[torch.tensor(rows), : found.shape[1]] = torch.from_numpy(found)
        return torch.cat([input_ids, out], 1)

    def _decode(self, ids_BxT, max_new_tokens, stop, streamer, temperature):
        logits, states = self._feed(ids_BxT, self._start(len(ids_BxT)), 0)
        position, found, done = ids_BxT.shape[1], [], numpy.zeros(len(ids_BxT), dtype=bool)
        for _ in range(max_new_tokens):
            token = numpy.where(done, tokens.PAD, _pick(logits[:, -1], temperature)).astype(numpy.int64)
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
