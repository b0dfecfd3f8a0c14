"""Rows of the tables that the other files here print and keep: (name, value, interval, n, aim, holds, where).

An aim is ">= 0.95", "<= 0.05" or "> 0". "holds" is one of three states, as in the gate of phase 7: the near end of the interval keeps the aim, even its far
end misses it, or so few cannot tell. What has no interval, since all there is was counted, keeps its aim or misses it. Without an aim there is no state.
"""

import operator

from llmlab.evaluation import stats

HOLDS, UNSURE, MISSED = "holds", "cannot tell", "missed"
KEEPS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def state(value, interval, aim):
    """Whether an aim is kept: HOLDS, UNSURE or MISSED; None without one."""
    if not aim:
        return None
    sign, _, limit = aim.partition(" ")
    near, far = (interval if sign[0] == ">" else interval[::-1]) if interval else (value, value)
    keeps = lambda x: KEEPS[sign](x, float(limit))  # noqa: E731
    return HOLDS if keeps(near) else UNSURE if keeps(far) else MISSED


def row(name, value, interval=None, n=1, aim="", where="", holds=None):
    """A row, which is printed too.

    Args:
        interval: (low, high), or None of what was counted whole.
        holds: the state, where the aim is in words.
    """
    ends = [round(end, 4) for end in interval] if interval else None
    found = dict(name=name, value=round(value, 4), interval=ends, n=n, aim=aim, holds=holds or state(value, interval, aim), where=where)
    said = f"[{ends[0]:.3f}, {ends[1]:.3f}]" if ends else ""
    print(f"{name:66}{value:9.3f}  {said:18} n {n:5}  aim {aim:14} {found['holds'] or '':12}{where}", flush=True)
    return found


def share(name, hits, n, aim, where=""):
    """The row of a share: so many of n."""
    found = stats.interval([1.0] * hits + [0.0] * (n - hits))
    return row(name, hits / n, (found["low"], found["high"]), n, aim, where)
