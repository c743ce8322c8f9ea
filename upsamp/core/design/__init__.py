"""The design of layers: kernels by name or fitted to images, sizes, and what an output sees."""
