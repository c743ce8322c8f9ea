"""What the computations do, step by step, as data that others draw."""
