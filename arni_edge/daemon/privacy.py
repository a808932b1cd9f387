"""The desks of the privacy room, made from one configuration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.weather import reporter
from arni_edge.privacy.consent import ConsentDesk, RestsOnConsent
from arni_edge.privacy.elsewhere import elsewhere
from arni_edge.privacy.erasure import ErasureDesk, Tier
from arni_edge.privacy.export import ExportDesk
from arni_edge.privacy.retention import RetentionDesk
from arni_edge.settings import Settings
from arni_edge.supervision import Child


@dataclass(frozen=True, slots=True)
class Privacy:
    """The desks, and what of them runs.

    Attributes:
        consents: Asked before anything is kept that the contract does not need.
        retention: Forgets by itself.
        erasure: Erases on order.
        export: Collects what is held about one member.
        children: What runs.
    """

    consents: ConsentDesk
    retention: RetentionDesk
    erasure: ErasureDesk
    export: ExportDesk
    children: tuple[Child, ...]


def build_privacy(
    settings: Settings,
    base: Foundation,
    *,
    clock_is_set: Callable[[], bool],
    tiers: Sequence[Tier] = (),
    resting: Sequence[RestsOnConsent] = (),
) -> Privacy:
    """Make the desks.

    Args:
        settings: How long things are kept, and where.
        base: The ground.
        clock_is_set: Whether the clock can be trusted.
        tiers: Parts that know people outside of the database.
        resting: Parts that keep something because somebody agreed.
    """
    retention = RetentionDesk(
        base.database,
        base.clock,
        settings,
        base.audit,
        clock_is_set=clock_is_set,
        report=reporter(base.board, "retention"),
    )
    erasure = ErasureDesk(
        base.database,
        base.clock,
        base.catalogue,
        base.audit,
        folders=(settings.paths.state, settings.paths.runtime),
        tiers=tiers,
        elsewhere=elsewhere(settings),
        language=settings.site.language,
    )
    return Privacy(
        ConsentDesk(
            base.database, base.clock, base.catalogue, base.audit, gym=settings.site.name, resting=resting
        ),
        retention,
        erasure,
        ExportDesk(base.database, base.clock, base.catalogue, settings),
        # An erasure reads every file of the box between two signs of life.
        (Child("retention", retention.run), Child("erasure", erasure.run, silence_seconds=300.0)),
    )
