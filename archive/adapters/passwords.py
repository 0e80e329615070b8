"""Passwords by argon2id (RFC 9106, second recommended set: 64 MiB, 3 passes), off the event loop."""

import asyncio
import secrets
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Each computation holds 64 MiB and a core for about 150 ms; a flood of sign-ins waits its turn."""


class Argon2Hasher:
    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, encoded: str | None, password: str) -> bool:
        async with self._turn:
            return await asyncio.to_thread(self._verify, encoded, password)

    def _verify(self, encoded: str | None, password: str) -> bool:
        nobodys = self._nobodys  # made before the two cases part
        try:
            return self._hasher.verify(encoded or nobodys, password) and encoded is not None
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _nobodys(self) -> str:
        """Verified against in place of an unknown user's hash, so that both answers take as long."""
        return self._hasher.hash(secrets.token_hex())
