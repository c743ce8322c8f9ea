"""Convolution and transposed convolution: their arithmetic, their algorithms, and what chooses."""
