"""Where the vision worker speaks.

Everything is retained, so that whoever comes later knows the present::

arni/<site>/vision/online                 "true" / "false" (also the will)
arni/<site>/vision/zone/<zone>            ZoneMessage, on change and every two seconds
arni/<site>/vision/line/<line>            LineMessage, with every crossing and every two seconds
arni/<site>/vision/camera/<camera>        CameraMessage, on change and every two seconds
arni/<site>/vision/person_down/<camera>   DownMessage, on change and every two seconds while somebody is down
"""


def online_topic(site_id: str) -> str:
    """Where the worker says that it is there."""
    return f"arni/{site_id}/vision/online"


def zone_topic(site_id: str, zone: str) -> str:
    """Where the count of a zone is published; ``+`` for all zones."""
    return f"arni/{site_id}/vision/zone/{zone}"


def line_topic(site_id: str, line: str) -> str:
    """Where crossings of a line are published; ``+`` for all lines."""
    return f"arni/{site_id}/vision/line/{line}"


def camera_topic(site_id: str, camera: str) -> str:
    """Where the state of a camera is published; ``+`` for all cameras."""
    return f"arni/{site_id}/vision/camera/{camera}"


def down_topic(site_id: str, camera: str) -> str:
    """Where a person who seems to be down is published; ``+`` for all cameras."""
    return f"arni/{site_id}/vision/person_down/{camera}"
