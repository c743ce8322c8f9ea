"""The mathematics: pure functions on arrays and integers, without input, output or state."""
