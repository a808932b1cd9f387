"""The sign at the entrance (Art. 13 GDPR), from the configuration. Pure: needs no running daemon."""

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.privacy.record import hours_text
from arni_edge.settings import DAYS, Settings


def sign_text(settings: Settings, catalogue: Catalogue, language: Language, *, intercom: bool = False) -> str:
    """What has to be read before somebody comes into view of a camera, one line per sentence.

    Args:
        settings: What the box is configured to do.
        catalogue: Words.
        language: Of the sign.
        intercom: There is a door station with sound.
    """

    def text(key: str, **values: object) -> str:
        return catalogue.text(f"privacy.sign.{key}", language, **values)

    privacy, missing = settings.privacy, text("missing")
    cameras = settings.cameras if settings.vision.enabled else []
    names = {day: catalogue.text(f"day.{day}", language) for day in DAYS}
    lines = [text("title") if cameras else text("title_none"), settings.site.name, ""]
    if cameras:
        places = [zone.name for camera in cameras for zone in camera.zones]
        places += [line.name for camera in cameras for line in camera.lines]
        lines += [text("cameras", places=", ".join(dict.fromkeys(places or [one.id for one in cameras])))]
        lines += [text("not_kept")]
        hours = dict.fromkeys(hours_text(one.hours, names) for one in cameras if one.hours is not None)
        if hours and all(one.hours is not None for one in cameras):
            lines += [text("hours", hours=" / ".join(hours))]
        bases = [zone.legal_basis for camera in cameras for zone in camera.zones if zone.legal_basis]
        basis = "; ".join(dict.fromkeys(bases)) or catalogue.text("privacy.camera.basis", language)
        lines += [text("purpose", basis=basis)]
    if settings.doors:
        lines += [text("door", days=settings.access.door_events_days)]
    if intercom:
        lines += [text("intercom")]
    lines += ["", text("controller", controller=privacy.controller or missing)]
    lines += [text("contact", contact=privacy.contact or missing)]
    if privacy.officer:
        lines += [text("officer", officer=privacy.officer)]
    return "\n".join([*lines, text("rights"), ""])
