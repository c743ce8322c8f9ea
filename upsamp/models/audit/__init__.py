"""What speaks against the loading of a model file: every reason at once, with its place."""
