"""A day of the simulated gym in a few minutes: what happens, what the cameras make of it, and the score."""
