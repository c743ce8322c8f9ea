"""One file, image or matrix to another: read, enlarged and written, at once or by strips."""
