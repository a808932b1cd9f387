"""The eleven stages of the pipeline, one file each; their order is in ``pipeline.py``."""
