"""Samples of a generator: what goes in, what comes out, and how it lies in a picture."""
