"""Runs a step: a plain function, paths and numbers in, a folder out.

Because a step holds nothing but paths and numbers, the same function runs in this process, on N processes under torchrun,
or on a cluster. A step that a kill interrupted goes on from its checkpoints, and one that is already made is not made
again, as long as its arguments, the content of its inputs and its code are the same.
"""

import ast
import codecs
import hashlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from html import escape
from pathlib import Path

from llmlab.spine import dotted
from llmlab.spine.errors import Diverged, UserError
from llmlab.spine.files import read_json, write_json
from llmlab.spine.provenance import PACKAGE, definitions_reached, fingerprint, meaning_of_source, wingless

ENVIRONMENT = {
    "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # restarts hang without it (pytorch #135712)
    "TOKENIZERS_PARALLELISM": "false",
}
LINES = 80  # of one function on a page


def step(function, devices=1, **arguments):
    """Runs `function(**arguments)` and returns its JSON summary.

    Args:
        function: the step, or its dotted path, with arguments of its own in brackets behind it. It takes paths and numbers, one of them `out`, the folder it fills.
        devices: number of processes; more than one starts torchrun, and needs an importable function.
        arguments: whatever the step takes; paths are fingerprinted, so that a changed input means a new start.
    """
    function, own = dotted.called(function) if isinstance(function, str) else (function, {})
    arguments |= own
    out = Path(arguments["out"])
    key, record = _key(function, devices, arguments), out / ".step.json"
    known = read_json(record) if record.exists() else {}
    if known.get("key") == key and known.get("summary") is not None:
        print(f"{function.__name__}: made before from the same inputs, kept.")
        return known["summary"]
    if known.get("key") != key:
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    write_json(record, {"key": key, "summary": None})
    started = time.time()
    summary = (function(**arguments) if devices == 1 else _torchrun(function, devices, arguments)) or {}
    elapsed = time.time() - started
    # Of this attempt alone; an export takes time, but learns nothing.
    learning = round(min(summary.get("seconds", elapsed), elapsed), 2) if summary.get("steps") else 0
    write_json(record, {"key": key, "summary": summary, "learning_seconds": learning})
    return summary


def _key(function, devices, arguments):
    """Hash of what the step will do: its code, its arguments, the content of every path among them but `out`, and on how many processes."""
    marks = {n: _mark(v) for n, v in arguments.items() if n != "out"}
    if hasattr(function, "reads"):  # what it finds by itself, beside what it is given
        found = function.reads(**arguments)
        marks["reads"] = fingerprint(found, timed=False) if found.exists() else None
    return hashlib.sha256(json.dumps([marks, code(function), devices], sort_keys=True).encode()).hexdigest()[:16]


def _mark(value):
    """What an argument is, for the key of a step: of a path what lies there, of a function that is named what it does, also deep inside a list or a dictionary."""
    if isinstance(value, dict):
        return {name: _mark(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mark(v) for v in value]
    if named := dotted.found(value):
        return [wingless(value), code(named[0]), _mark(named[1])]
    return fingerprint(value, timed=False) if isinstance(value, Path) else str(value)


def code(function):
    """What a step does, as JSON: of this package the definitions that it reaches; of another file the whole, since helpers may stand beside the function; of a
    cell of a notebook the function alone."""
    module = Path(inspect.getsourcefile(function) or "")
    if module.is_relative_to(PACKAGE):
        return definitions_reached(module.stem, function.__name__)
    return {"source": meaning_of_source(module.read_text() if module.is_file() else inspect.getsource(function))}


def _torchrun(function, devices, arguments):
    """The same function on several processes of this machine; rank 0's summary comes back through a file, and so does an error that a user can mend."""
    if function.__module__ == "__main__":
        raise UserError(
            f"{function.__name__} is defined in the notebook",
            "a function in an importable file, for more than one device",
            "llmlab run RUN -p devices=1",
        )
    job = Path(arguments["out"]) / ".job.json"
    paths = [n for n, v in arguments.items() if isinstance(v, Path)]
    write_json(
        job,
        {
            "function": f"{function.__module__}.{function.__name__}",
            "paths": paths,
            "arguments": {n: str(v) if n in paths else v for n, v in arguments.items()},
        },
    )
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--local-addr",
        "127.0.0.1",  # a name that this machine gives itself is not always one that it finds
        "--nproc_per_node",
        str(devices),
        "-m",
        "llmlab.training.launch",
        str(job),
    ]
    threads = max(1, (os.cpu_count() or 1) // devices)
    made = job.with_name(".summary.json")
    for left in (made, *job.parent.glob(".error*.json")):  # of an attempt that was killed
        left.unlink(missing_ok=True)
    try:
        code, said = _heard(command, {**os.environ, **ENVIRONMENT, "OMP_NUM_THREADS": str(threads)})
        if wrong := sorted(job.parent.glob(".error*.json")):
            told = read_json(wrong[0])
            raise (Diverged if told["diverged"] else UserError)(*told["parts"])
        if code:
            raise RuntimeError(f"{devices} processes ended with exit status {code}; the last that they said:\n{said}")
        return read_json(made)
    finally:
        for left in (job, made, *job.parent.glob(".error*.json")):  # they hold paths of this machine, and are no part of the model
            left.unlink(missing_ok=True)


def _heard(command, environment, kept=6000):
    """(exit status, the last that was said) of a command, whose errors and progress are shown as they come: what several processes die of, nobody else knows."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as process:
        said, text = b"", codecs.getincrementaldecoder("utf-8")(errors="replace")  # a read may end within a character
        try:
            while some := process.stderr.read1():
                sys.stderr.write(text.decode(some))
                said = (said + some)[-kept:]
        except BaseException:  # of a person who stops it, and torchrun then stops its own
            process.terminate()
            raise
    return process.returncode, said.decode(errors="replace")


def show(function):
    """The source of a step, folded, for the report: the exact code that ran, with that of llmlab which it hands its data or its loss to, and the name of the
    trainer that is another's."""
    from llmlab.pages.show import Html

    function = dotted.called(function)[0] if isinstance(function, str) else function
    sources, trainers = followed(function)
    first, *others = (escape(name) for name in sources)
    told = f", and of what learns in it: {', '.join(others)}" if others else ""
    told += f"; the loss is that of {escape(', '.join(trainers))}" if trainers else ""
    code = "".join(f"<pre>{escape(source)}</pre>" for source in sources.values())
    return Html(f"<details><summary>the source of {first}{told}</summary>{code}</details>")


def followed(function):
    """({name: source} of a step and of what learns in it, [a trainer of TRL and its loss, in words]).

    What learns is a class with a loss of its own, and any function that is handed the loss, or model, data and steps: one that a step passes its arguments on to.
    """
    sources, trainers, ahead = {}, {}, [(function, {})]
    while ahead:
        one, bound = ahead.pop(0)
        if one.__qualname__ not in sources:
            lines = textwrap.dedent(inspect.getsource(one)).splitlines()
            sources[one.__qualname__] = "\n".join(lines[:LINES] + [f"# … {len(lines) - LINES} lines more"] * (len(lines) > LINES))
            tree = ast.parse("\n".join(lines))
            trainers.update(dict.fromkeys(_of_trl(tree, bound)))
            ahead += _handed_on(tree, one, bound)
    return sources, list(trainers)


def _handed_on(tree, function, bound):
    """[(function or class, {its argument: a value that is known})] of this package that learn in a piece of code.

    Args:
        function: whose code it is; bound: what is known of its own arguments.
    """
    names, found = getattr(function, "__globals__", None) or vars(sys.modules[function.__module__]), []
    for node in ast.walk(tree):
        one = _named(node.func if isinstance(node, ast.Call) else node, names)
        if one is None or (one.__module__ or "").split(".")[0] != PACKAGE.name:
            continue
        if hasattr(one, "compute_loss"):
            found.append((one, {}))
        elif isinstance(node, ast.Call):
            given = {**dict(zip(inspect.signature(one).parameters, node.args)), **{k.arg: k.value for k in node.keywords}}
            handed = {value.id for value in given.values() if isinstance(value, ast.Name)}
            if "loss" in handed or {"model", "data", "max_steps"} <= handed:
                found.append((one, {name: _value(value, bound) for name, value in given.items()}))
    return found


def _named(node, names):
    """The function or class that a name stands for, alone or behind that of its module; None for anything else."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        one = getattr(names.get(node.value.id), node.attr, None)
    else:
        one = names.get(node.id) if isinstance(node, ast.Name) else None
    return one if inspect.isfunction(one) or inspect.isclass(one) else None


def _value(node, bound):
    """What an argument is where that stands in the code, else None."""
    return node.value if isinstance(node, ast.Constant) else bound.get(node.id) if isinstance(node, ast.Name) else None


def _of_trl(tree, bound):
    """The trainers that a piece of code takes from TRL, each with the loss that it names."""
    nodes = list(ast.walk(tree))
    losses = [found for n in nodes if isinstance(n, ast.keyword) and n.arg == "loss_type" and (found := _value(n.value, bound))]
    named = [a.name for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "trl" for a in n.names if a.name.endswith("Trainer")]
    return [" ".join(filter(None, (f"trl.{name}", losses and f"with loss_type {losses[0]}"))) for name in named]


def _main(job):
    """What every torchrun process executes."""
    job = Path(job)
    task = read_json(job)
    arguments = {n: Path(v) if n in task["paths"] else v for n, v in task["arguments"].items()}
    try:
        summary = dotted.function(task["function"])(**arguments)
    except UserError as error:
        parts, place = [error.wrong, error.instead, error.fix], job.with_name(f".error{os.environ.get('RANK', '0')}.json")
        write_json(place, {"diverged": isinstance(error, Diverged), "parts": parts})
        raise
    if os.environ.get("RANK", "0") == "0":
        write_json(job.with_name(".summary.json"), summary)


if __name__ == "__main__":
    _main(sys.argv[1])
