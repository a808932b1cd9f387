"""Where people write from: each channel makes the same messages of its own wire."""
