"""Magicline: the gym's member management, mirrored and written to."""
