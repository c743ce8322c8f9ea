"""Animated WebP, whose frames are made while Pillow's encoder takes them."""

from io import BytesIO
from typing import BinaryIO

from PIL import Image

from upsamp.io.images.besides import webp_chunks
from upsamp.io.images.modes import image_of
from upsamp.io.images.pillow import load_format, pillow_at_work
from upsamp.io.images.writing import save_options, write_by_pillow
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, check_same_size, duration_of, shown_frames

# How often an animation is played has 16 bits, and for how many milliseconds a frame is shown 24.
MOST_PLAYS, LONGEST = 2**16 - 1, 2**24 - 1
# The byte of the head that tells what there is in the file, and its bit for transparency.
FLAGS, ALPHA = 20, 0x10


class FrameByFrame(Image.Image):
    """An image whose frames are those of a picture, each made when it is sought.

    Pillow's encoder of WebP seeks them in their order, and asks for a frame's duration after it.
    """

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.first = picture
        self.n_frames = shown_frames(picture).count
        self.durations: list[float] = []
        self.clear = False
        self._frames = shown_frames(picture).read()

    def tell(self) -> int:
        """Return the first frame, to which Pillow seeks back at the end."""
        return -1

    def seek(self, frame: int) -> None:
        """Take the next frame."""
        if frame < len(self.durations):
            return
        picture = next(self._frames)
        check_same_size(self.first, picture, "WebP")
        self.durations.append(min(duration_of(picture), LONGEST))
        made = image_of(picture)
        if picture.has_alpha:
            self.clear |= made.getchannel("A").getextrema() != (255, 255)
        self.im = made.im
        self._mode, self._size = made.mode, made.size


def write_webp(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> list[str]:
    """Write all frames of a picture; say whether there are as many in the file."""
    if picture.rest is None:
        write_by_pillow(picture, "webp", stream, name, options)
        return []
    buffer = BytesIO()
    load_format("WEBP")
    with pillow_at_work(name, "cannot be encoded"):
        frames = FrameByFrame(picture)
        frames.seek(0)
        frames.save(
            buffer,
            "webp",
            save_all=True,
            duration=frames.durations,
            loop=min(picture.metadata.get("plays", 0), MOST_PLAYS),
            **save_options(picture, "webp", options),
        )
    count = max(1, [*webp_chunks(buffer)].count(b"ANMF"))
    data = buffer.getbuffer()
    # The encoder cuts off what is clear around a frame. Where all is opaque then, it tells readers
    # of no transparency, and they show black in its place.
    if frames.clear and bytes(data[12:16]) == b"VP8X":
        data[FLAGS] |= ALPHA
    stream.write(data)
    # The encoder shows one frame for longer, where the next would change nothing that is seen.
    joined = f"{frames.n_frames} frames become {count}, as WebP joins those that look alike"
    return [joined] if count < frames.n_frames else []
