"""The simulated gym: real protocols around a world that does not exist."""
