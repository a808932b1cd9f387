"""The alarm room of the house: the desk, its ways to people, its hands in the building, who reports."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from arni_edge.access import EntryDesk
from arni_edge.broker import BrokerSession
from arni_edge.channels.telegram import TelegramLine
from arni_edge.channels.webhook import SmsService, open_webhook_client, phone_sink, sms_sink
from arni_edge.daemon.acts import (
    RANKS,
    AlarmDoors,
    AnnounceAct,
    DoorAct,
    alarm_sentences,
    spoken_languages,
    switch_acts,
)
from arni_edge.daemon.announcer import InsideVoice, Speaker
from arni_edge.daemon.device_incidents import DeviceIncidents
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.hands import Hands
from arni_edge.daemon.weather import reporter
from arni_edge.domain.staff import StaffAct
from arni_edge.safety import AlarmDesk, AlarmWords, LocalAct, Roster, Sink, StaffLine
from arni_edge.safety.buttons import SosButtons
from arni_edge.safety.calling import called_first
from arni_edge.safety.displays import MqttSink, PanelSink
from arni_edge.safety.notices import StaffNotices
from arni_edge.safety.person_down import PersonDownDesk
from arni_edge.safety.reporting import Reporting
from arni_edge.safety.self_test import SelfTest, TestPlan
from arni_edge.safety.sinks import TelegramSink, WhatsAppSink
from arni_edge.safety.unsaid import UnsaidNotice
from arni_edge.settings import Settings
from arni_edge.supervision import Child


@dataclass(frozen=True, slots=True)
class AlarmRoom:
    """Everything about alarms.

    Attributes:
        alarms: The desk.
        words: How an alarm reads.
        line: The one way in which staff are told of anything.
        self_test: The monthly test.
        telegram: The gym's bot, or None.
        sms: Sends codes to members, or None.
        acts: What staff can do about alarms by a button.
        children: What of it runs.
        closers: What is to be closed in the end.
    """

    alarms: AlarmDesk
    words: AlarmWords
    line: StaffLine
    self_test: SelfTest
    telegram: TelegramLine | None
    sms: SmsService | None
    acts: Mapping[str, StaffAct]
    children: tuple[Child, ...]
    closers: tuple[Callable[[], Awaitable[None]], ...]


def build_alarm_room(
    settings: Settings, base: Foundation, broker: BrokerSession, hands: Hands, entry: EntryDesk
) -> AlarmRoom:
    """Make the desk, its sinks, its acts, and who reports to it.

    Args:
        settings: Of the house.
        base: The ground.
        broker: Our session.
        hands: What acts in the building.
        entry: Opens for those who come to help.
    """
    site, clock, bus = settings.site, base.clock, base.bus
    roster = Roster.of(settings)
    doors = {door.id: door.name for door in settings.doors if door.kind == "members"}
    words = AlarmWords(base.catalogue, site, places=_places(settings), people=roster.everybody, doors=doors)
    telegram = _telegram(settings, base)
    line = StaffLine(
        roster,
        template=settings.whatsapp.alarm_template if settings.whatsapp else "",
        telegram=telegram.roster.reaches if telegram else None,
    )
    speaker = _speaker(settings, base, roster)
    telephones, sms, closers = _telephones(settings)
    sinks: list[Sink] = [
        *([TelegramSink(base.database, clock, line, words)] if telegram else []),
        *([WhatsAppSink(base.database, clock, line)] if settings.whatsapp else []),
        *telephones,
    ]
    alarms = AlarmDesk(
        base.database,
        bus,
        clock,
        words,
        line,
        base.audit,
        acts=_acts(
            settings, broker, hands, speaker, told=lambda: len(called_first(line, sinks, clock.now()))
        ),
        sinks=sinks,
        displays=[MqttSink(broker, site.id), PanelSink()],
        groups=telegram.roster.boards(site.language) if telegram else (),
        direct=[*([telegram.direct()] if telegram else []), *telephones],
        acknowledge_seconds=settings.alarms.acknowledge_seconds,
        health=reporter(base.board, "unstored-alarms"),
    )
    broker.on_session(alarms.show_again)
    closers.append(alarms.aclose)
    if telegram is not None:
        closers.append(telegram.aclose)
    day, hour = settings.alarms.test_day, settings.alarms.test_hour
    plan = TestPlan(day, hour, site.zone) if day else None
    self_test = SelfTest(base.database, clock, base.catalogue, line, alarms, plan=plan, gym=site.name)
    may_open = AlarmDoors(entry, alarms, clock, base.catalogue, doors=doors)
    reporting = Reporting(alarms, base.owed_reports)
    children = [
        Child("alarms", alarms.run),
        Child("alarm-reports", reporting.run),
        Child("alarm-test", self_test.run),
        *_reporters(settings, base, hands, reporting, speaker),
        Child(
            "staff-notices",
            StaffNotices(
                base.database,
                bus,
                clock,
                base.catalogue,
                line,
                settings=settings,
                health=reporter(base.board, "notices"),
            ).run,
            silence_seconds=None,
        ),
    ]
    unsaid = UnsaidNotice(
        base.database,
        clock,
        base.catalogue,
        line,
        site=site,
        health=reporter(base.board, "unsaid"),
    )
    children.append(Child("unsaid", unsaid.run))
    if speaker is not None:
        inside = InsideVoice(bus, clock, speaker, spoken_languages(site.language))
        children += [Child("speaker", speaker.run), Child("inside-voice", inside.run, silence_seconds=None)]
    acts = {**alarms.staff_acts(), **self_test.staff_acts(), **may_open.staff_acts()}
    return AlarmRoom(alarms, words, line, self_test, telegram, sms, acts, tuple(children), tuple(closers))


def _telegram(settings: Settings, base: Foundation) -> TelegramLine | None:
    if settings.telegram is None:
        return None
    return TelegramLine(
        settings.telegram,
        base.database,
        base.clock,
        base.catalogue,
        base.audit,
        people=settings.people,
        language=settings.site.language,
        health=reporter(base.board, "telegram"),
    )


def _telephones(
    settings: Settings,
) -> tuple[list[Sink], SmsService | None, list[Callable[[], Awaitable[None]]]]:
    """Services that send SMS and call, as far as the owner has them."""
    if settings.sms is None and settings.phone is None:
        return [], None, []
    # Each its own connections: what hangs at one of them takes none from the others.
    alarm, codes, calls = (open_webhook_client() for _ in range(3))
    sinks: list[Sink] = []
    sms = None
    if settings.sms is not None:
        sinks.append(sms_sink(settings.sms, alarm))
        sms = SmsService(settings.sms, codes, settings.site.language)
    if settings.phone is not None:
        sinks.append(phone_sink(settings.phone, calls))
    return sinks, sms, [alarm.aclose, codes.aclose, calls.aclose]


def _acts(
    settings: Settings,
    broker: BrokerSession,
    hands: Hands,
    speaker: Speaker | None,
    *,
    told: Callable[[], int],
) -> list[LocalAct]:
    """What the building does at once; ``told``: how many people an alarm is told to now."""
    doors = (door for door in settings.doors if door.kind == "members")
    acts: list[LocalAct] = [
        *switch_acts(settings.shellies, hands.switches),
        *(DoorAct(door, hands.locks[door.id], broker.rouse) for door in doors),
    ]
    if speaker is not None:
        acts.append(AnnounceAct(speaker, language=settings.site.language, on_call=told))
    return acts


def _speaker(settings: Settings, base: Foundation, roster: Roster) -> Speaker | None:
    if not settings.alarms.announce:
        return None
    return Speaker(
        base.catalogue,
        base.clock,
        settings.alarms.speaker,
        ranks=RANKS,
        prepared=alarm_sentences(settings.site.language, people=bool(roster.everybody)),
        health=reporter(base.board, "speaker"),
    )


def _reporters(
    settings: Settings, base: Foundation, hands: Hands, reporting: Reporting, speaker: Speaker | None
) -> list[Child]:
    """Buttons and cameras."""
    buttons = SosButtons(
        settings.alarms.buttons,
        base.bus,
        base.clock,
        report=reporting.put,
        incidents=DeviceIncidents(hands.incidents),
        levels=base.button_levels,
    )
    down = PersonDownDesk(
        base.bus,
        base.clock,
        ask_seconds=settings.alarms.person_down_ask_seconds,
        announcer=speaker,
        languages=spoken_languages(settings.site.language),
        report=reporting.put,
    )
    return [Child("sos-buttons", buttons.run), Child("person-down", down.run)]


def _places(settings: Settings) -> dict[str, str]:
    """Names of what an alarm can be about, by id."""
    places = {door.id: door.name for door in settings.doors}
    places |= {zone.id: zone.name for camera in settings.cameras for zone in camera.zones}
    return places | {button.id: button.name or button.id for button in settings.alarms.buttons}
