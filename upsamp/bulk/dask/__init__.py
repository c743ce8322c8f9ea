"""Many files at a time by a Dask cluster: what the command does, and what the workers do."""
