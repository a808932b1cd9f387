"""Where readers and keypads at doors speak; a camera that reads codes speaks there, too."""


def reader_topic(site_id: str, door_id: str) -> str:
    """Where the reader of a door says what was shown to it."""
    return f"arni/{site_id}/reader/{door_id}"
