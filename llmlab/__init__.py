"""llmlab: build a language model from nothing, one notebook per phase, and know what you built."""


def __getattr__(name):
    if name == "Run":  # imported when asked for: `import llmlab` costs nothing
        from llmlab.run import Run

        return Run
    raise AttributeError(name)
