"""What the building does by itself: lights, closing routine, heating, ventilation, warnings, arming.

The rules are pure (:mod:`arni_edge.automation.rules`), weighed against each other in one place
(:mod:`arni_edge.automation.rulebook`), and brought to the devices by the desk
(:mod:`arni_edge.automation.desk`). ``arni-edge config check`` plays a day with the very same rules
(:mod:`arni_edge.automation.day`).
"""

from arni_edge.automation.desk import AutomationDesk
from arni_edge.automation.ports import Announcer, Bolt, BusAnnouncer, Eyes, Incidents, Switch

__all__ = ["Announcer", "AutomationDesk", "Bolt", "BusAnnouncer", "Eyes", "Incidents", "Switch"]
