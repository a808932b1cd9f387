"""Gives out what people show at a door."""

import asyncio
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from arni_edge.access import tokens
from arni_edge.access.codes import IssuedCode, OneTimeCodes
from arni_edge.access.keys import EntryKeys
from arni_edge.access.visits import Visits
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.storage import Database


class Issuer:
    """Makes QR tokens, one-time codes and codes of visits.

    Attributes:
        visits: The codes of visits.
    """

    def __init__(self, database: Database, clock: Clock, keys: EntryKeys, *, doors: Collection[str]) -> None:
        self._clock = clock
        self._keys = keys
        self._doors = doors
        self._codes = OneTimeCodes(database, clock, keys.pepper)
        self.visits = Visits(database, clock, keys.pepper, doors=doors)

    def qr(self, member_id: str, door: str | None = None) -> str:
        """A token for a member, as their phone would make it.

        Args:
            member_id: Whose it is.
            door: The only door it is for; None: every door that they may use.

        Raises:
            InvalidInput: There is no such door.
        """
        if door is not None:
            self._check(door)
        key = self._keys.signing
        now = self._clock.now().replace(microsecond=0)
        nonce = secrets.token_bytes(tokens.NONCE_BYTES)
        token = tokens.Token(key.kid, member_id, door, now, nonce)
        return tokens.sign(token, tokens.holder_key(key.secret, key.kid, member_id))

    async def code(self, member_id: str, door: str, *, conversation: str | None = None) -> IssuedCode:
        """A one-time code for a member and a door; see :meth:`OneTimeCodes.issue`.

        Raises:
            InvalidInput: There is no such door.
            Refused: No such member, or too many codes lately.
            Unavailable: It could not be stored.
        """
        self._check(door)
        return await self._codes.issue(member_id, door, conversation=conversation)

    async def rotate_keys(self, overlap: timedelta) -> tuple[str, datetime]:
        """Sign tokens with a new key; the present one verifies for as long as the overlap.

        Returns:
            The new key's id, and when the one before ends (aware).

        Raises:
            Unavailable: The key file cannot be written.
        """
        now = self._clock.now()
        key = await asyncio.to_thread(self._keys.rotate, now, overlap)
        return key.kid, now + overlap

    def _check(self, door: str) -> None:
        if door not in self._doors:
            raise InvalidInput(f"there is no door '{door[:64]}' in the settings")
