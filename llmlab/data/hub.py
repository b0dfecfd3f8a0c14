"""A Hugging Face dataset, by name or from a local folder in the hub's layout; streamed, and never with code of its own.

A source is `hub:NAME`, `hub:NAME:CONFIGURATION` or `hub:NAME:CONFIGURATION:SPLIT`; NAME may be a folder on this machine.
"""

import re
from pathlib import Path

from llmlab.data import formats, layouts
from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT

SAVED = ("dataset_info.json", "dataset_dict.json")  # what `save_to_disk` of the datasets library writes


def parse(source):
    """(name, configuration or None, split) of a source."""
    name, config, split = [*source.removeprefix("hub:").split(":"), "", ""][:3]
    return name, config or None, split or "train"


def folder(source):
    """Where the dataset of a source lies on this machine, None if it does not."""
    name = parse(source)[0]
    path = ROOT / Path(name).expanduser()
    return path if name and path.is_dir() else None


def is_layout(path):
    """Whether a folder is a dataset: saved by the datasets library, or a repository of the hub, whose README.md has a header that says so."""
    if any((path / name).exists() for name in SAVED):
        return True
    readme = path / "README.md"
    header = re.match(r"---\n(.*?)\n---", readme.read_text(encoding="utf-8", errors="replace"), re.S) if readme.is_file() else None
    return bool(header and re.search(r"^(configs|dataset_info):", header[1], re.M))


def rows(source, path, problems):
    """The rows of a dataset as they are, but that numbers which stand for names know them."""
    name, config, split = parse(source) if path is None or source.startswith("hub:") else (source, None, "train")
    data = _load(name, path, config, split)
    called = {c: kind for c, kind in (data.features or {}).items() if hasattr(kind, "int2str")}
    for row in _rows(data, problems, Path(name).name):
        yield {**row, **{c: _label(row[c], kind) for c, kind in called.items() if isinstance(row.get(c), int)}}


def _label(number, kind):
    """A class of a ClassLabel; -1 is none."""
    return layouts.Label(number, kind.int2str(number) if 0 <= number < kind.num_classes else "")


def documents(source, path, columns, problems, most=0, seed=0):
    """The documents of a dataset, row by row; with `most`, so many of a stream that is shuffled in a window of 10,000 rows."""
    name, config, split = parse(source) if path is None or source.startswith("hub:") else (source, None, "train")
    data = _load(name, path, config, split)
    if most:
        data = data.shuffle(seed=seed, buffer_size=10_000).take(most) if hasattr(data, "take") else data
    yield from formats.rows(Path(name).name, _rows(data, problems, Path(name).name), columns, problems)


def _load(name, path, config, split):
    import datasets

    try:
        if path is not None and any((path / saved).exists() for saved in SAVED):
            found = datasets.load_from_disk(str(path))
            found = found[split] if isinstance(found, datasets.DatasetDict) else found
            return found.to_iterable_dataset()
        return datasets.load_dataset(str(path or name), name=config, split=split, streaming=True)
    except Exception as error:  # no network, no such name, configuration or split, no access: the library's own message says which
        raise UserError(
            f"hub:{name} cannot be loaded: {(str(error).splitlines() or [type(error).__name__])[0][:200]}",
            "hub:NAME:CONFIGURATION:SPLIT of a dataset that is there, and a network for one that is not on this machine",
            "llmlab run RUN -p source=FOLDER",
        ) from error


def _rows(data, problems, name):
    """Rows up to the first that the library cannot read; what follows it is a problem."""
    n, rows = 0, iter(data)
    while True:
        try:
            n, row = n + 1, next(rows)
        except StopIteration:
            return
        except Exception as error:
            problems.add(name, n, f"damaged, what follows is not read: {(str(error).splitlines() or [type(error).__name__])[0][:100]}")
            return
        yield row
