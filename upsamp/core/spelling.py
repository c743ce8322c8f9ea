"""What a misspelled name was meant for: commands, options, values, columns and layers alike."""

from collections.abc import Iterable

# No name is as long; what is longer would take long to compare.
MAX_LENGTH = 80


def nearest_name(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that `word` is nearest to, or None where none is near.

    Case, blanks and the marks between words are passed over.

    >>> nearest_name("cubic", ["nearest", "bilinear", "bicubic"])
    'bicubic'
    >>> nearest_name("conv2dtranspose", ["conv2d", "conv2d_transpose"])
    'conv2d_transpose'
    >>> nearest_name("watercolour", ["nearest", "bilinear"])
    """
    from difflib import get_close_matches  # few names are misspelled

    names = {_plain(name): name for name in known}
    near = get_close_matches(_plain(word[:MAX_LENGTH]), names, n=1)
    return names[near[0]] if near else None


def spelling_remedy(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return a sentence with the name that was meant, else `otherwise`, else all known names.

    >>> spelling_remedy("pytorch", ("keras", "torch"))
    'Did you mean torch?'
    >>> spelling_remedy("caffe", ("keras", "torch"))
    'Use one of keras, torch.'
    """
    known = [*known]
    near = nearest_name(word, known)
    if near is not None:
        return f"Did you mean {near}?"
    return f"Use one of {', '.join(known)}." if otherwise is None else otherwise


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in "-_. ")
