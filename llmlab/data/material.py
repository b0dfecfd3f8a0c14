"""Material: all that phase 2 takes in, in one shape, whoever made it.

    material.yaml        what it is, in words; a folder that has one is material
    documents/           files of any common kind
    instructions.jsonl   conversations: {"messages"} and an optional "topic"
    preferences.jsonl    {"prompt", "chosen", "rejected"}
    knowledge.jsonl      {"title", "text"}: what an answer may look up
    labels.jsonl         {"text", "label": "rude" or "fine"}
    tasks/               items that models are asked, a JSON-lines file per task; tasks.yaml says how each is judged
    truth/               what was planted: read by scoring alone

Nothing of it is needed. A source that is no material is its documents; a source may also be a *maker*, the dotted path of a function that writes
such a folder when it is called with `folder`, `seed` and `pages`.
"""

import functools
import importlib.util
import os
import re
from pathlib import Path

import yaml

from llmlab.spine import dotted
from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, near

ABOUT = "material.yaml"
DEFAULTS = {
    "title": "",
    "about": "",
    "use": "",
    "licence": "",
    "asker": "user",
    "simulated": [],
    "trusted": [],
    "contacts": [],
    "refusals": [],
    "ignorance": [],
    "task": "",
    "criteria": [],
    "opening": "",
    "questions": ["Hello, what can you do?"],
}


@functools.cache
def words():
    """The general words of `words.yaml`."""
    return yaml.safe_load((Path(__file__).with_name("words.yaml")).read_text(encoding="utf-8"))


def described(folder=None):
    """What a material says of itself, with the general words and defaults where it says nothing.

    Args:
        folder: with a material.yaml or without; None for a source that is no material.
    """
    file = Path(folder) / ABOUT if folder else None
    try:
        own = yaml.safe_load(file.read_text(encoding="utf-8")) or {} if file and file.exists() else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not YAML: {str(error).splitlines()[0]}", "lines `key: value`", f"$EDITOR {file}") from None
    known = {**words(), **DEFAULTS}
    for key, value in own.items() if isinstance(own, dict) else [(str(own)[:40], None)]:
        if key not in known:
            raise UserError(f"{file}: there is no key {key!r}", near(key, known), f"$EDITOR {file}")
        if type(value) is not type(known[key]):
            raise UserError(f"{file}: {key} = {value!r}", f"a {type(known[key]).__name__}, such as {known[key]!r}", f"$EDITOR {file}")
        pairs = key in ("groups", "counterparts")
        items = [w for v in value for w in (v if pairs and isinstance(v, list) else [v])] if isinstance(value, list) else []
        if not all(isinstance(i, str) and i for i in items) or (pairs and not all(isinstance(v, list) and len(v) == 2 for v in value)):
            raise UserError(f"{file}: {key} = {value!r}", "pairs of words, [[a, b]]" if pairs else "a list of words", f"$EDITOR {file}")
    return {**known, **own}


def is_material(path):
    """Whether a folder is material."""
    return path is not None and (Path(path) / ABOUT).is_file()


# --- makers ---------------------------------------------------------------------------------------------------------------------------
def is_maker(source):
    """Whether a source is the dotted path of a function that makes material: no file has that name, and its module is there."""
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", source) or (ROOT / source).exists():
        return False
    module = source.rpartition(".")[0]
    if re.search(r"\.(txt|md|csv|tsv|jsonl?|ndjson|parquet|html?|pdf|docx|epub|zip|gz|warc|xml|py)$", source):
        return False  # a file that is not there, though a module may be called like it
    try:
        return (ROOT / f"{module.replace('.', '/')}.py").exists() or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def check_maker(source):
    """Before any kernel starts: the function of a maker is there."""
    if not dotted.exists(source):
        dotted.function(source)  # whose error says what is there instead


def make(source, folder, seed, pages, **more):
    """Has a maker fill a folder; `more` is what this one takes besides."""
    dotted.function(source)(folder, seed=seed, pages=pages, **more)


def beside(source):
    """Files that lie beside a maker and that it copies, which no fingerprint of its code knows."""
    found = importlib.util.find_spec(source.rpartition(".")[0])
    if found is None or not found.origin:
        return []
    return sorted(p for p in Path(found.origin).parent.iterdir() if p.suffix in (".yaml", ".jsonl"))


def code(source):
    """The file of a maker, in a list."""
    found = importlib.util.find_spec(source.rpartition(".")[0])
    return [Path(found.origin)] if found is not None and found.origin else []


def opened(source, path, folder, seed, pages):
    """The folder of a source's material, None if it is none; a maker fills `folder`.

    Args:
        path: where the source lies on this machine, or None.
    """
    if is_maker(source):
        make(source, folder, seed, pages)
        return Path(folder)
    return path if is_material(path) else None


OWN = "source"  # in a list of guests: what the source brings along itself


def part(folder, name, named=()):
    """The guests that a parameter names, where nobody is named those of the material; [] if it has none.

    Args:
        folder: of the material, or None.
        name: of the part, a file or folder in it.
        named: texts, among which "source" (and "source * 0.5") stands for the material's own.
    """
    path = Path(folder) / name if folder else None
    own = [os.fspath(path)] if path is not None and path.exists() else []
    found = []
    for text in named or [OWN]:
        who, star, weight = text.partition(" * ")
        found += [f"{place}{star}{weight}" for place in own] if who.strip() == OWN else [text]
    return found


def others(named):
    """The guests that a parameter names beside the source itself."""
    return [text for text in named if text.partition(" * ")[0].strip() != OWN]
