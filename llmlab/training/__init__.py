"""Steps that make a model: paths and numbers in, a folder out."""
