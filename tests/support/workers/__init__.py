"""Small real workers, each with one behaviour; started as the daemon starts workers."""
