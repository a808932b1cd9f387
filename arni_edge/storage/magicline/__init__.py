"""The mirror of Magicline: rows as they were read, how old they are, and what is to be read next."""
