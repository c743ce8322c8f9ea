"""Pages: what a command found as one file of HTML, which needs no network and runs nothing."""
