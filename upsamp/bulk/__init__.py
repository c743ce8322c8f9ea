"""One file to one file, and many of them: what is found, how results are named, who works."""
