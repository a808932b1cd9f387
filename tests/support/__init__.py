"""Real parts that tests lean on."""
