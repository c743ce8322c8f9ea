"""What an image file says besides its pixels, kept byte for byte but for what has become untrue."""
