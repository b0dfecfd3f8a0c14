"""Architectures, model folders, what a design costs."""
