"""The line to staff: Telegram where somebody has it, else WhatsApp. Notices and alarms both use it."""

from collections.abc import Callable, Iterable
from datetime import datetime

from arni_edge.domain.messages import Channel, Language, OutboundMessage, Priority, Template
from arni_edge.domain.staff import Button, Contact, StaffPost
from arni_edge.safety.rota import Roster
from arni_edge.storage import Transaction, outbox, staff_posts, staff_told

Buttons = tuple[tuple[Button, ...], ...]


class StaffLine:
    """Knows who is on call, and puts what they are told where their channel takes it from."""

    def __init__(
        self, roster: Roster, *, template: str, telegram: Callable[[Contact], bool] | None = None
    ) -> None:
        """Nothing is sent by it.

        Args:
            roster: The people.
            template: WhatsApp's template for staff; empty: nobody can be reached there.
            telegram: Whether the gym's bot can write to somebody; None: there is no bot.
        """
        self._roster = roster
        self._template = template
        self._telegram = telegram

    @property
    def roster(self) -> Roster:
        """The people."""
        return self._roster

    def on_call(self, now: datetime) -> list[Contact]:
        """Who is on call at a moment, in the order in which they are called."""
        return list(self._roster.on_call(now))

    def has_telegram(self, contact: Contact) -> bool:
        """Whether somebody can be shown a post."""
        return self._telegram is not None and self._telegram(contact)

    def has_whatsapp(self, contact: Contact) -> bool:
        """Whether somebody can be sent a template."""
        return bool(self._template) and contact.phone is not None

    async def post(self, tx: Transaction, contact: Contact, post: StaffPost, now: datetime) -> None:
        """Show somebody a post on Telegram, or change it."""
        await staff_posts.put(tx, contact.id, post, now)

    async def send(
        self, tx: Transaction, contact: Contact, key: str, text: str, now: datetime, priority: Priority
    ) -> None:
        """Send somebody a template on WhatsApp, once per key."""
        if contact.phone is not None:
            template = Template(self._template)
            message = OutboundMessage(key, Channel.WHATSAPP, contact.phone, text, priority, template)
            await outbox.add(tx, message, now)

    async def tell(
        self,
        tx: Transaction,
        contacts: Iterable[Contact],
        key: str,
        text_of: Callable[[Language], str],
        *,
        buttons: Buttons | Callable[[Language], Buttons] = (),
        priority: Priority = Priority.CHAT,
        quiet_ok: bool = True,
        now: datetime,
    ) -> int:
        """Tell some people something, each by one way: a post where they have Telegram, else a template.

        Args:
            tx: The transaction of whatever is told.
            contacts: Whom.
            key: Unique; the same key again changes the post, and sends no second template.
            text_of: What, in a language.
            buttons: Under the post; a function of the language where they bear words.
            priority: Order among what waits.
            quiet_ok: Whoever asked for quiet is shown it without a sound, and sent nothing.
            now: The moment.

        Returns:
            How many people have a way on which they are told.
        """
        quiet = await staff_told.quiet(tx, now) if quiet_ok else set()
        told = 0
        for contact in contacts:
            text = text_of(contact.language)
            if self.has_telegram(contact):
                rows = buttons(contact.language) if callable(buttons) else buttons
                post = StaffPost(key, text, rows, priority, silent=contact.id in quiet)
                await self.post(tx, contact, post, now)
            elif contact.id in quiet:
                continue
            elif self.has_whatsapp(contact):
                await self.send(tx, contact, f"{key}:{contact.id}", text, now, priority)
            else:
                continue
            told += 1
        return told
