"""Settings that every test shares; pytest puts this directory on the import path."""

from hypothesis import settings

# The same examples at every run: a failure must come back when it is run again.
settings.register_profile("default", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("default")
