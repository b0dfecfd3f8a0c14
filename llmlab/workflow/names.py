"""Names in a cell's source: those that it uses, sets and imports. Names inside functions and comprehensions are their own affair."""

import symtable

from llmlab.spine.provenance import python


def used_and_made(source):
    """(global names that a cell uses, those that it sets)."""
    symbols = _symbols(source)
    if symbols is None:
        return set(), set()
    made = {s.get_name() for s in symbols.get_symbols() if s.is_assigned() and not s.is_imported()}
    used = {s.get_name() for s in symbols.get_symbols() if s.is_referenced()}
    inner = list(symbols.get_children())
    while inner:
        table = inner.pop()
        used |= {s.get_name() for s in table.get_symbols() if s.is_global()}
        inner += table.get_children()
    return used, made


def bound(source):
    """Names that are known once a cell has run."""
    symbols = _symbols(source)
    return {s.get_name() for s in symbols.get_symbols() if s.is_assigned() or s.is_imported()} if symbols else set()


def _symbols(source):
    try:
        return symtable.symtable(python(source), "cell", "exec")
    except SyntaxError:
        return None
