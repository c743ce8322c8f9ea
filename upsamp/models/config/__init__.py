"""Configs of models, as Keras writes them: read into layers and graphs, and written."""
