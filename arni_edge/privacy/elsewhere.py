"""Who has copies that this box cannot reach: told in every proof, so that somebody can see to it."""

from arni_edge.settings import Settings


def elsewhere(settings: Settings) -> tuple[str, ...]:
    """Keys below ``privacy.elsewhere`` in the catalogue, by what is configured."""
    there = {
        "meta": settings.whatsapp is not None,
        "relay": settings.relay is not None,
        "telegram": settings.telegram is not None,
        "services": settings.sms is not None or settings.phone is not None,
        "backups": True,
        "members": True,
    }
    return tuple(name for name, so in there.items() if so)
