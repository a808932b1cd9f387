"""Plays recordings through the worker's own treatment of pictures, and scores what it makes of them."""
