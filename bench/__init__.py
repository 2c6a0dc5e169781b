"""Measurements. Each prints a ratio against a yardstick run in the same minutes; no test asserts them."""
