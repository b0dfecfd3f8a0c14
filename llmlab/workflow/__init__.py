"""Walking the phases: one phase at work, the whole road, what is refused before it begins."""
