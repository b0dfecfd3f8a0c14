"""llmlab: build a language model from nothing, one notebook per phase, and know what you built."""

import os

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # trainers would report each use, from a notebook too


def __getattr__(name):
    if name == "Phase":  # imported when asked for: `import llmlab` costs nothing
        from llmlab.workflow.phase import Phase

        return Phase
    raise AttributeError(name)
