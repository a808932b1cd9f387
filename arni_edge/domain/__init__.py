"""Shared words without I/O: every other room speaks them."""
