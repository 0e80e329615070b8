"""Who asks, and from where: what every use case is told."""

from msgspec import Struct

from archive.audit.event import Actor, Origin
from archive.policy.principal import Principal, PrincipalKind


class Caller(Struct, frozen=True):
    """`seat` is what a media URL is tied to besides the principal: a session's public id, or a client id.

    `token` is the public id of the access token they came with; that of a session stands in `origin`."""

    principal: Principal
    origin: Origin = Origin()
    seat: str = ""
    token: str | None = None

    @property
    def actor(self) -> Actor:
        return Actor(self.principal.uid, self.principal.kind.value)


SYSTEM = Caller(Principal(id=0, uid="system", kind=PrincipalKind.SYSTEM, name="Call Archive"))
"""The archive at its own work: normalising, indexing, sweeping."""
