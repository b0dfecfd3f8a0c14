"""A model of the hub before its weights are fetched: the names of its files, and the small ones among them, which tell whether it can come in."""

import functools
from pathlib import Path

from llmlab.models import admission
from llmlab.models.admission import wrong

SMALL = (".json", ".jinja", ".txt", ".model", ".tiktoken")  # endings of files that configs, templates and tokenizers are made of


@functools.cache
def files(name):
    """(folder with the small files, names of all files) of a model OWNER/NAME, from the hub or, where that is out of reach, from the copy on this machine.

    A UserError says why there is neither.
    """
    from huggingface_hub import list_repo_files, snapshot_download

    try:
        names = list_repo_files(name)
        return Path(snapshot_download(name, allow_patterns=[n for n in names if _small(n)])), names
    except Exception as error:  # no network, no such name, no access
        if (folder := copied(name)) is None:
            raise wrong(
                f"start_from = {f'hub:{name}'!r} cannot be read: {admission.line(error)}",
                "hub:OWNER/NAME of a model that is there, and a network or a copy of it in the hub's cache",
            ) from error
    return folder, sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def copied(name):
    """The folder of a model in the hub's cache on this machine, None if it holds none."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception:  # of a name that cannot be, of a copy that is not there
        return None


def _small(name):
    """Whether a file is one of those that tell what a model is."""
    return name == "README.md" or ("/" not in name and name.endswith(SMALL))
