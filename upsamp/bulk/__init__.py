"""Many files: what is found, how results are named, who works."""
