"""Kernels of transposed convolutions: those with a name, and those fitted to images."""
