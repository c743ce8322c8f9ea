"""Networks that make pictures larger: exactly, tile by tile."""
