"""What of a program no one alone sets once the second person's rule began: where it has people sent back to with what
they let it hear, and the purpose that spares it a reason. See docs/decisions/0009-the-second-person.md.
"""

from archive.errors import Conflict
from archive.identity.redirects import is_loopback
from archive.identity.second import needs_second, opens_by
from archive.policy.principal import Principal
from archive.policy.weight import SPEECH, opens_speech
from archive.ports import Registration, Work


class RegisterAnew(Conflict):
    """A second person looks at a program as a whole. Register a new one, then revoke this."""

    code = "register_anew"


def asks_speech(registration: Registration) -> bool:
    """Whether people are asked to let it read or hear what was said."""
    return opens_speech(None, registration.actions)


async def opens(work: Work, program: Principal, registration: Registration) -> bool:
    """Whether its secret opens speech: by what it holds, or by what people are asked for."""
    return asks_speech(registration) or await opens_by(work, program.uid, program.grants)


async def check_new(work: Work, new: Registration) -> None:
    """A public program has no secret that could wait, so what people let it hear stays on their own machine. Raises
    `Conflict`."""
    away = new.public and asks_speech(new) and not all(map(is_loopback, new.redirect_uris))
    if away and await needs_second(work):
        raise Conflict(
            "A program that asks for what was said has a secret, or comes back to the person's own machine alone.",
            field="public",
        )


async def check_edit(work: Work, program: Principal, old: Registration, new: Registration) -> None:
    """Raises `RegisterAnew`."""
    more = SPEECH & new.actions - old.actions or set(new.redirect_uris) - set(old.redirect_uris)
    lends = asks_speech(new) and bool(more)
    spares = new.purpose not in (None, old.purpose) and await opens_by(work, program.uid, program.grants)
    if (lends or spares) and await needs_second(work):
        raise RegisterAnew(field="purpose" if spares else "redirect_uris")
