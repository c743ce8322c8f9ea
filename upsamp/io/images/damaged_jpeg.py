"""Damage in JPEG and JPEG 2000 that their libraries pass over.

They go on after a marker that does not belong where it is.

Sources: ITU-T T.81, B.1 (JPEG); ITU-T T.800, A.4 (JPEG 2000).
"""

import re

from upsamp.io.images.compressed import CUT_OFF

# In the pixels of a JPEG, what follows FF: neither a zero nor a restart.
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
RESTART = re.compile(rb"\xff([\xd0-\xd7])")
SCAN, END, RESTART_INTERVAL, FILL = 0xDA, 0xD9, 0xDD, 0xFF
WITHOUT_CONTENT = frozenset({0x00, 0x01, FILL, *range(0xD0, 0xD9)})
# Tables, parameters, another scan, the end, application data, and a comment.
AFTER_SCAN = frozenset({0xC4, 0xCC, SCAN, END, *range(0xDB, 0xE0), *range(0xE0, 0xF0), 0xFE})


def check_jpeg(data: bytes) -> None:
    """Raise `OSError` where the pixels have a marker that does not belong there, or no end."""
    place, interval = 2, 0
    while (place := data.find(b"\xff", place)) >= 0:
        code = data[place + 1] if place + 1 < len(data) else END
        if code == END:
            return
        place += 2 if code != FILL else 1
        if code in WITHOUT_CONTENT:
            continue
        if code == RESTART_INTERVAL:
            interval = int.from_bytes(data[place + 2 : place + 4], "big")
        place += int.from_bytes(data[place : place + 2], "big")
        if code == SCAN:
            place = _check_scan(data, place, restarts=interval > 0)
    raise OSError(CUT_OFF)


def _check_scan(data: bytes, place: int, *, restarts: bool) -> int:
    """Return where a scan ends; its restarts are counted from 0 to 7 again and again."""
    found = MARKER.search(data, place)
    if found is None:
        raise OSError(CUT_OFF)
    numbers = [found[1][0] for found in RESTART.finditer(data, place, found.start())]
    expected = [0xD0 + number % 8 for number in range(len(numbers))]
    if found[1][0] not in AFTER_SCAN or numbers != expected or (numbers and not restarts):
        raise OSError("its pixels have a marker that does not belong there")
    return found.start()


def check_jpeg2000(data: bytes, start: int) -> None:
    """Raise `OSError` where a codestream, which begins at `start`, does not end where its tiles do.

    Source: ITU-T T.800, A.4.
    """
    place = start + 2
    while (marker := data[place : place + 2]) != b"\xff\xd9":
        if len(marker) < 2:
            raise OSError(CUT_OFF)
        if marker == b"\xff\x90":  # a part of a tile, up to the end where it gives no length
            length = int.from_bytes(data[place + 6 : place + 10], "big")
            place = place + length if length else max(place, len(data) - 4) + 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
