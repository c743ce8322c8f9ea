"""Files and streams in, files and streams out; none of it knows what is computed between."""
