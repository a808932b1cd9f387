"""How the desk ends an update: what is answered, and that it was acted on, in one commit."""

from collections.abc import Awaitable, Callable

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.staff import Said, StaffPost
from arni_edge.storage import Database, Transaction, staff_posts, telegram

Also = Callable[[Transaction], Awaitable[None]]


class Replies:
    """Answers go onto the board of posts: durable, at the pace that Telegram likes, and said once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Nothing is said by it yet.

        Args:
            database: Has the board and the updates.
            clock: Of the box.
        """
        self._database = database
        self._clock = clock

    async def end(
        self, update_id: int, where: str = "", said: Said | None = None, also: Also | None = None
    ) -> None:
        """End an update.

        Args:
            update_id: Which.
            where: Contact that is answered.
            said: The answer, or None.
            also: What else belongs into the same transaction.

        Raises:
            Unavailable: It could not be stored; the update comes again.
        """
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            if also is not None:
                await also(tx)
            if said is not None:
                # The key is the update's: acted on twice, it is answered once.
                post = StaffPost(f"said/{update_id}", said.text, said.buttons)
                await staff_posts.put(tx, where, post, now)
            await telegram.end_update(tx, update_id)

        await self._database.write(store, vital=True)


async def outcome(work: Awaitable[str]) -> tuple[str, bool]:
    """What an act says, and whether it was done."""
    try:
        return await work, True
    except ArniError as error:
        return str(error), False
