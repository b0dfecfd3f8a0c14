"""A model as an ONNX graph whose weights are integers of eight or four bits; `graph` runs it.

On a CPU this is where the speed is: for small models most of PyTorch's time goes into Python, and the graph has none.
"""

import contextlib
import io
import logging
import shutil
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
        bits: of the weights, 8 or 4. In models with attention each block of 32 weights has a scale and an offset of its own (embeddings and head
            keep 8 bits); in the others each channel has a scale, and 8 bits alone are possible.

    Returns: {"seconds"}, or {"skipped": why} for a family whose graph does not run (then `out` stays empty). The exporter is transformers' own, which calls itself experimental: its version is pinned.
    """
    from transformers.exporters import OnnxConfig, OnnxExporter, OnnxRuntimeDynamicConfig, OnnxRuntimeQuantizer
    from transformers.exporters.utils import decompose_for_generation

    started, (network, tokenizer) = time.time(), weights.load(model)
    kind, attention = network.config.model_type, network.config.model_type not in cost.OURS
    if kind in FIXED or (bits == 4 and not attention):
        return {"skipped": f"the exported graph of {kind} does not run in onnxruntime" if kind in FIXED else f"{kind} has too few matrices"}
    example = {"input_ids": torch.ones(2, 8, dtype=torch.long), "attention_mask": torch.ones(2, 8, dtype=torch.long)}
    rounding = OnnxRuntimeQuantizer(OnnxRuntimeDynamicConfig(op_types_to_quantize=INTEGERS, per_channel=True, reduce_range=True))
    config = OnnxConfig(dynamic=True, ort_fusions="cpu" if attention else None, quantizer=None if attention else rounding)
    try:
        with _quiet():
            network_, inputs = decompose_for_generation(network, example, multi_token_decode=attention)["decode"]
            OnnxExporter().export(network_, inputs, config).save_pretrained(str(out))
            found = sorted(Path(out).glob("*.onnx"))
            if found[0].name != "decode.onnx":  # the data file keeps its name, which the graph refers to
                found[0].rename(Path(out) / "decode.onnx")
            if attention:
                _in_blocks(Path(out) / "decode.onnx", bits, network.get_output_embeddings().weight.shape[0])
            setattr(network.config, weights.PARAMETERS, weights.parameter_count(model))
            network.config.save_pretrained(str(out))
            _check(out, network)
    except OSError:
        raise  # of the disk
    except Exception as error:  # whatever the exporter or the runtime lack for somebody else's model
        shutil.rmtree(out)
        Path(out).mkdir()
        why = [type(error).__name__, *str(error).strip().splitlines()[:1]]
        return {"skipped": f"the exported graph of {kind} does not run: {': '.join(why)[:160]}"}
    (Path(out) / "export.json").unlink(missing_ok=True)  # it knows the graph by its former name
    _anonymise(Path(out) / "decode.onnx")
    tokenizer.save_pretrained(str(out))
    lookup.carry(tokenizer, out)
    return {"seconds": round(time.time() - started, 1)}


def _check(out, network):
    """Asks the graph for some tokens after prompts of two lengths, and raises if what it says is not what the model says."""
    graph = OnnxModel(out)
    for length in (5, 40):
        ids = torch.arange(length)[None] % network.config.get_text_config().vocab_size
        graph.generate(ids, max_new_tokens=3)
        with torch.no_grad():
            exact, found = network(input_ids=ids).logits.float(), graph(input_ids=ids).logits.float()
        alike = torch.nn.functional.cosine_similarity(exact - exact.mean(-1, keepdim=True), found - found.mean(-1, keepdim=True), -1)
        if alike.median() < 0.9:  # the row of a padding token may be all zeros
            raise ValueError(f"its logits are not the model's: their cosine is {alike.median():.2f}")


def _in_blocks(path, bits, vocabulary):
    """Rounds the matrices of a graph in blocks, and each row of its embeddings to a byte; the file is replaced."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    model = onnx.load(path)
    _plain_products(model.graph)
    _embeddings_in_bytes(model.graph, vocabulary)
    wide = {t.name for t in model.graph.initializer if len(t.dims) == 2 and t.dims[1] == vocabulary}
    head = [node.name for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in wide]
    for each, spared in ((bits, head), (8, [])):
        rounded = MatMulNBitsQuantizer(model, bits=each, block_size=32, is_symmetric=False, accuracy_level=4, nodes_to_exclude=spared)
        rounded.process()
        model = rounded.model.model
    for old in path.parent.glob("*.data"):
        old.unlink()
    path.unlink()
    rounded.model.save_model_to_file(str(path), True)


def _plain_products(graph):
    """Every product of states and weights as a MatMul with the matrix as it stands, since onnxruntime rounds those alone in blocks."""
    import numpy
    from onnx import helper, numpy_helper

    matrices, found = {t.name: t for t in graph.initializer if len(t.dims) == 2}, []
    for node in graph.node:
        how = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        others = [
            name for name, usual in (("transA", 0), ("beta", 1), ("transBatchA", 0), ("transBatchB", 0)) if how.get(name, usual) != usual
        ]
        if node.op_type not in ("Gemm", "FusedMatMul") or node.input[1] not in matrices or others:
            found.append(node)
            continue
        weight, out, added = node.input[1], node.output[0], [name for name in node.input[2:] if name]
        if how.get("transB"):
            weight += "_turned"
            if weight not in matrices:
                matrices[weight] = numpy_helper.from_array(
                    numpy.ascontiguousarray(numpy_helper.to_array(matrices[node.input[1]]).T), weight
                )
                graph.initializer.append(matrices[weight])
        steps = [("MatMul", weight)]
        if (alpha := how.get("alpha", 1)) != 1:
            steps.append(("Mul", f"{out}_alpha"))
            graph.initializer.append(numpy_helper.from_array(numpy.float32(alpha), f"{out}_alpha"))
        steps += [("Add", name) for name in added]
        last = node.input[0]
        for n, (kind, other) in enumerate(steps):
            into = out if n == len(steps) - 1 else f"{out}_{n}"
            found.append(helper.make_node(kind, [last, other], [into], f"{node.name}_{kind}"))
            last = into
    _replace(graph, found)


def _embeddings_in_bytes(graph, vocabulary):
    """Looks rows up as signed bytes and scales each; onnxruntime's own rounding would unpack the whole table for every token."""
    import numpy
    from onnx import TensorProto, helper, numpy_helper

    tables, found = (
        {t.name: t for t in graph.initializer if len(t.dims) == 2 and t.dims[0] == vocabulary and t.data_type == TensorProto.FLOAT},
        [],
    )
    for node in graph.node:
        if node.op_type != "Gather" or node.input[0] not in tables or any(a.name == "axis" and a.i for a in node.attribute):
            found.append(node)
            continue
        table, name = numpy_helper.to_array(tables[node.input[0]]), node.output[0]
        scales = (numpy.abs(table).max(1, keepdims=True).clip(1e-12) / 127).astype(numpy.float32)
        rows = numpy.rint(table / scales).astype(numpy.int8)
        graph.initializer.extend([numpy_helper.from_array(rows, f"{name}_rows"), numpy_helper.from_array(scales, f"{name}_scales")])
        found += [
            helper.make_node("Gather", [f"{name}_rows", node.input[1]], [f"{name}_bytes"], axis=0),
            helper.make_node("Gather", [f"{name}_scales", node.input[1]], [f"{name}_scale"], axis=0),
            helper.make_node("Cast", [f"{name}_bytes"], [f"{name}_whole"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name]),
        ]
    _replace(graph, found)


def _replace(graph, nodes):
    """Puts other nodes into a graph, and drops weights that none of them reads."""
    del graph.node[:]
    graph.node.extend(nodes)
    read, graphs = set(), [graph]
    while graphs:
        for node in (inner := graphs.pop()).node:
            read.update(node.input)
            graphs += [a.g for a in node.attribute if a.HasField("g")]
        read.update(output.name for output in inner.output)
    kept = [t for t in graph.initializer if t.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


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
