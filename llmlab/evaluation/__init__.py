"""Asking models and judging answers: scores with intervals, speed, verdicts, comparisons, chat."""
