"""The modes of Pillow's images, and which of them the pixels of a picture have."""

from PIL import Image

__all__ = ["natural"]


def natural(image: Image.Image, *, expand: bool) -> Image.Image:
    """Give the image in a mode whose pixels mean what they say."""
    if image.mode in ("PA", "RGBa", "RGBX"):
        return image.convert("RGB" if image.mode == "RGBX" else "RGBA")
    if image.mode == "La":
        return image.convert("LA")
    if not expand:
        return image
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert("L") if image.mode == "1" else image
