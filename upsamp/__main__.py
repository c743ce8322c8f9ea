"""`python -m upsamp` is the command `upsamp`."""

from upsamp.cli import main

if __name__ == "__main__":
    main()
