"""Models: layers in a row, what they amount to, and the generators that come ready."""
