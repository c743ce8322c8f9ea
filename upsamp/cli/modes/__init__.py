"""The modes of the commands: what an option asks for in the place of a plain result, one a file."""
