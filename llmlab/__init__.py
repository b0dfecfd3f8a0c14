"""llmlab: build a language model from nothing, one notebook per phase, and know what you built."""

import os

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # trainers would report each use, from a notebook too


def __getattr__(name):
    """`Phase`, and every module by its name alone (`from llmlab import tokens`): wings are for reading. Imported when asked for."""
    import importlib
    from pathlib import Path

    if name == "Phase":
        return importlib.import_module("llmlab.workflow.phase").Phase
    for file in Path(__file__).parent.glob(f"*/{name}.py"):
        return importlib.import_module(f"llmlab.{file.parent.name}.{name}")
    raise AttributeError(f"llmlab has no module {name!r}")
