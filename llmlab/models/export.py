"""A model as an ONNX graph whose weights are integers of eight or four bits; `graph` runs it.

On a CPU this is where the speed is: for small models most of PyTorch's time goes into Python, and the graph has none.
"""

import contextlib
import io
import logging
import time
from pathlib import Path

import torch

from llmlab.data import lookup
from llmlab.models import cost, weights
from llmlab.models.graph import OnnxModel

FIXED = ("mamba2", "mixtral")  # Mamba-2's convolution and Mixtral's positions are traced with a fixed shape
INTEGERS = ["MatMul", "Gemm", "Gather", "LSTM", "Attention"]  # onnxruntime has no integer convolution in one dimension


def quantised(model, out, bits=8):
    """Step: exports a model to one ONNX graph that keeps its state between tokens, with weights as integers.

    Args:
        model: folder of a Hugging Face model: the graph of a transformer takes many tokens at once, the others one by one.
        out: folder for `decode.onnx`, the config and the tokenizer.
        bits: 8, one scale per channel, and activations rounded too; 4, one scale and offset per block of 32 weights of the layers (the
            embeddings keep 8), for models with attention alone.

    Returns: {"seconds"}, or {"skipped": why} for a family whose graph does not run (then `out` stays empty). The exporter is transformers' own, which calls itself experimental: its version is pinned.
    """
    from transformers.exporters import OnnxConfig, OnnxExporter, OnnxRuntimeDynamicConfig, OnnxRuntimeQuantizer
    from transformers.exporters.utils import decompose_for_generation

    started, (network, tokenizer) = time.time(), weights.load(model)
    kind, attention = network.config.model_type, network.config.model_type not in cost.OURS
    if kind in FIXED or (bits == 4 and not attention):
        return {"skipped": f"the exported graph of {kind} does not run in onnxruntime" if kind in FIXED else f"{kind} has too few matrices"}
    example = {"input_ids": torch.ones(2, 8, dtype=torch.long), "attention_mask": torch.ones(2, 8, dtype=torch.long)}
    kinds = INTEGERS if bits == 8 else ["Gather"]
    rounding = OnnxRuntimeQuantizer(OnnxRuntimeDynamicConfig(op_types_to_quantize=kinds, per_channel=True, reduce_range=True))
    config = OnnxConfig(dynamic=True, ort_fusions="cpu" if attention else None, quantizer=rounding)
    try:
        with _quiet():
            network_, inputs = decompose_for_generation(network, example, multi_token_decode=attention)["decode"]
            OnnxExporter().export(network_, inputs, config).save_pretrained(str(out))
            found = sorted(Path(out).glob("*.onnx"))
            if found[0].name != "decode.onnx":  # the data file keeps its name, which the graph refers to
                found[0].rename(Path(out) / "decode.onnx")
            if bits == 4:
                _four_bits(Path(out) / "decode.onnx")
            network.config.save_pretrained(str(out))
            _check_runs(out)
    except Exception as error:  # whatever the exporter or the runtime lack for somebody else's model
        for file in Path(out).iterdir():
            file.unlink()
        return {"skipped": f"the exported graph of {kind} does not run: {type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"}
    (Path(out) / "export.json").unlink(missing_ok=True)  # it knows the graph by its former name
    _anonymise(Path(out) / "decode.onnx")
    tokenizer.save_pretrained(str(out))
    lookup.carry(tokenizer, out)
    return {"seconds": round(time.time() - started, 1)}


def _check_runs(out):
    """Asks the graph for some tokens after prompts of two lengths; it raises whatever it raises."""
    model = OnnxModel(out)
    for length in (5, 40):
        model.generate(torch.ones(1, length, dtype=torch.long), max_new_tokens=3)


def _four_bits(path):
    """Rounds the matrices of a graph to 4 bits in blocks; the file is replaced."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    rounded = MatMulNBitsQuantizer(onnx.load(path), block_size=32, is_symmetric=False, accuracy_level=4)
    rounded.process()
    for old in path.parent.glob("*.data"):
        old.unlink()
    path.unlink()
    rounded.model.save_model_to_file(str(path), True)


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
