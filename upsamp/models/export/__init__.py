"""Models written for other libraries: as programs that compute the same numbers."""
