"""What the building does at once in an emergency, and what staff do at its doors."""

from arni_edge.daemon.acts.announcing import RANKS, AnnounceAct, alarm_sentences, spoken_languages
from arni_edge.daemon.acts.doors import AlarmDoors, DoorAct
from arni_edge.daemon.acts.switching import ALARM_ROLES, SwitchAct, switch_acts

__all__ = [
    "ALARM_ROLES",
    "RANKS",
    "AlarmDoors",
    "AnnounceAct",
    "DoorAct",
    "SwitchAct",
    "alarm_sentences",
    "spoken_languages",
    "switch_acts",
]
