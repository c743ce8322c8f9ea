"""The same settings in other libraries: programs that compute the same, and what they compute."""
