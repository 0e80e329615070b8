"""Random secrets: how they look, and what is kept of them.

A secret is a prefix that names its kind, 43 base-62 characters (256 bits from the system's generator) and 6 characters
of check sum (CRC-32 in base 62). Prefix and check sum let secret scanners recognise one with certainty; a mistyped one
is refused without asking the database.

Kept is only the SHA-256. Slow hashes such as argon2id protect secrets that people choose, by making each guess dear;
against 256 random bits there is nothing to guess, so client secrets need none, and the token endpoint can't be made to
burn processor time by whoever knocks.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from enum import StrEnum

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARACTERS = 43  # 62 ** 43 > 2 ** 256
CHECK_CHARACTERS = 6  # 62 ** 6 > 2 ** 32


class Prefix(StrEnum):
    ACCESS_TOKEN = "ca_at_"
    REFRESH_TOKEN = "ca_rt_"
    CODE = "ca_co_"
    CLIENT_SECRET = "ca_cs_"
    SESSION = "ca_se_"
    LINK = "ca_li_"


def new_secret(prefix: Prefix) -> str:
    body = _base62(secrets.randbits(256), RANDOM_CHARACTERS)
    return prefix + body + _check(prefix + body)


def is_secret(prefix: Prefix, text: str) -> bool:
    """Whether `text` has the shape of such a secret, its check sum included."""
    size = len(prefix) + RANDOM_CHARACTERS + CHECK_CHARACTERS
    if len(text) != size or not text.startswith(prefix) or not text.isascii():
        return False
    return _check(text[:-CHECK_CHARACTERS]) == text[-CHECK_CHARACTERS:]


_ANY = re.compile(f"({'|'.join(Prefix)})[{ALPHABET}]{{{RANDOM_CHARACTERS + CHECK_CHARACTERS}}}".encode())


def holds_secret(data: bytes) -> bool:
    """Whether something in `data` looks like a secret of ours."""
    return _ANY.search(data) is not None


def hashed(secret: str) -> bytes:
    """What the database keeps of a secret, and finds it by."""
    return hashlib.sha256(secret.encode()).digest()


def encoded(secret: str) -> str:
    """The same for client secrets, with the name of the hash, so that another may follow."""
    return f"sha256${hashed(secret).hex()}"


def matches(kept: str, secret: str) -> bool:
    return hmac.compare_digest(kept, encoded(secret))


def _check(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), CHECK_CHARACTERS)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
