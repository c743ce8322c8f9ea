"""Files that need not stand in memory whole: read, and written, some rows at a time."""
