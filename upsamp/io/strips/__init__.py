"""Files that need not be in memory whole: read, and written, some rows at a time."""
