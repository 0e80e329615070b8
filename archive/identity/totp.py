"""One-time codes (TOTP, RFC 6238).

Codes have six digits, steps of 30 seconds and SHA-1, because that is what every authenticator app can. The code of the
step before and of the one after count too (RFC 6238, 5.2): clocks differ, and people type slowly.
"""

import base64
import secrets
from datetime import datetime

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

DIGITS, STEP = 6, 30
SECRET_BYTES = 20  # as many as SHA-1 gives (RFC 4226, 4, R6)
ISSUER = "Call Archive"


def new_secret() -> str:
    """In base 32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def grouped(text: str, between: str = " ") -> str:
    """In fours: easier to read off and to type."""
    return between.join(text[at : at + 4] for at in range(0, len(text), 4))


def address(secret: str, email: str) -> str:
    """What an app on the same device opens: an `otpauth:` link."""
    return _totp(secret).get_provisioning_uri(email, ISSUER)


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """The step whose code was typed, of the present one and its neighbours."""
    given = "".join(typed.split())
    if len(given) != DIGITS or not given.isascii() or not given.isdigit():
        return None
    present = int(now.timestamp()) // STEP
    codes = {step: code_of(secret, step) for step in (present - 1, present, present + 1)}
    return next(
        (step for step, code in codes.items() if constant_time.bytes_eq(code.encode(), given.encode())), None
    )


def code_of(secret: str, step: int) -> str:
    return _totp(secret).generate(step * STEP).decode()


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP)  # noqa: S303
