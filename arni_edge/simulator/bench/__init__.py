"""Figures that the product is held to, measured against what physics and durability cost in the same run."""
