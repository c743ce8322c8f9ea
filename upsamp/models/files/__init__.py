"""Saved models and weights: read, and written as Keras loads them."""
