"""The embedded world: a maker of household devices, its forum, its customers. It writes material."""
