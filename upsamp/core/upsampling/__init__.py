"""Upsampling by interpolation: the plan of each axis, and the ways that fill an image by it."""
