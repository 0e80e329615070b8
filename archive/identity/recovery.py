"""Recovery codes: each stands in for a one-time code once, when the telephone is lost."""

import base64
import hashlib
import secrets

from archive.identity.totp import grouped
from archive.policy.principal import Principal
from archive.ports import Work

CODES = 10
BYTES = 10  # 80 random bits: nothing to guess, so a fast hash will do


async def renew(work: Work, person: Principal) -> tuple[str, ...]:
    """New ones in place of those before; shown this once."""
    made = tuple(_new_code() for _ in range(CODES))
    await work.sign_ins.set_recovery_codes(person.id, [hashed(code) for code in made])
    return made


def hashed(typed: str) -> bytes:
    """Of a code however it was typed: with or without spaces and hyphens, in either case."""
    plain = "".join(letter for letter in typed.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).digest()


def _new_code() -> str:
    return grouped(base64.b32encode(secrets.token_bytes(BYTES)).decode(), "-")
