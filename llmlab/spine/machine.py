"""What a phase ran on: versions of libraries, memory. Not the machine itself, which is nobody's business."""

import os
import platform
import resource
import sys
from importlib import metadata

VERSIONS = ("torch", "transformers", "trl", "peft", "datasets", "tokenizers", "numpy", "scikit-learn", "onnxruntime")


def peak_memory_mb():
    """Largest resident memory of this process or of one that it started, in MB (10⁶ bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB
    return round(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * unit / 1e6)


def memory_bytes():
    """The machine's whole memory, which is the same tomorrow, unlike what is free of it."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def versions():
    """Versions of Python and of the libraries that shape results; not of the machine, which is nobody's business."""
    found = {"python": platform.python_version(), "system": sys.platform}
    for name in VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found
