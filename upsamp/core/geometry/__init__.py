"""Sizes of convolutions, settings for a size, and what an output depends on: integers only."""
