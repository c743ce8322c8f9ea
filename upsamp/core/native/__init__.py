"""Small kernels in C, one family a file, and what loads them."""
