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
    "harmless": [],
    "task": "",
    "criteria": [],
    "opening": "",
    "questions": ["Hello, what can you do?"],
}
PHRASES = (
    "refusals",
    "ignorance",
    "harmless",
)  # by which answers refuse, or admit not to know; and which do neither, though they sound like it


WORDS = Path(__file__).with_name("words.yaml")
PAIRS = ("groups", "counterparts", "manner.plain")  # whose entries are pairs


@functools.cache
def words():
    """The general words of `words.yaml`."""
    return yaml.safe_load(WORDS.read_text(encoding="utf-8"))


def described(folder=None, lists=()):
    """What a material says of itself, with the general words and defaults where it says nothing.

    Args:
        folder: with a material.yaml or without; None for a source that is no material.
        lists: names of YAML files with words that take the place of the material's and of the general ones, the later ones that of the earlier.
    """
    known, found = {**words(), **DEFAULTS}, {**words(), **DEFAULTS}
    own = Path(folder) / ABOUT if folder else None
    for file in [*([own] if own and own.exists() else []), *word_files(lists)[1:]]:
        said = _said(file)
        _check(file, said, known if file is own else {k: known[k] for k in (*words(), *PHRASES)})
        found = _merged(found, said)
    return found


def _merged(known, said):
    """What is known with what is said in its place, part by part."""
    return {**known, **{key: _merged(known[key], value) if isinstance(value, dict) else value for key, value in said.items()}}


def word_files(lists):
    """The general words and the files that lists name, for whoever notes their content: neither is code."""
    return [WORDS, *(Path(os.path.normpath(ROOT / Path(text).expanduser())) for text in lists)]


def _said(file):
    """What a YAML file says, {} if it is empty."""
    try:
        return yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise UserError(
            f"{file} cannot be read: {error.strerror}", "a YAML file with lists of words", "llmlab run RUN -p word_lists=[]"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is not YAML: {str(error).splitlines()[0]}", "lines `key: value`", f"$EDITOR {file}") from None


def _check(file, said, known, within=""):
    """Refuses keys that nobody knows, and values of another kind than theirs; of what has parts, part by part."""
    for key, value in said.items() if isinstance(said, dict) else [(str(said)[:40], None)]:
        name, fix = f"{within}{key}", f"$EDITOR {file}"
        if key not in known:
            raise UserError(f"{file}: there is no key {name!r}", near(key, known), fix)
        if type(value) is not type(known[key]):
            raise UserError(f"{file}: {name} = {value!r}", f"a {type(known[key]).__name__}, such as {str(known[key])[:80]}", fix)
        if isinstance(value, dict):
            _check(file, value, known[key], f"{name}.")
        items = [w for v in value for w in (v if name in PAIRS and isinstance(v, list) else [v])] if isinstance(value, list) else []
        whole = all(isinstance(i, str) and (i or name == "manner.plain") for i in items)
        if not whole or (name in PAIRS and not all(isinstance(v, list) and len(v) == 2 for v in value)):
            raise UserError(f"{file}: {name} = {value!r}", "pairs of words, [[a, b]]" if name in PAIRS else "a list of words", fix)


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
