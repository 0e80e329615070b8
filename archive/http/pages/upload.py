"""The upload page. Its script sends each file to the API; without one, the form comes here, a recording at a time."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post

from archive.calls import upload as receiving
from archive.calls.call import Direction, Kind
from archive.calls.caller import Caller
from archive.calls.upload import Metadata
from archive.errors import ArchiveError, Conflict, Invalid, Malformed, TooLarge
from archive.http.context import acting, context_of
from archive.http.forms import named
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, page
from archive.http.pages.receive import receive_form
from archive.http.pages.rendering import texts
from archive.http.pages.views import Choice, Note, UploadView
from archive.http.problems import status_of
from archive.policy.actions import Action
from archive.policy.decide import resolve_scope
from archive.policy.scope import Partner, Team, ids_of, reaches_all
from archive.ports import Parts

PLAIN = ("partner", "team", "kind", "direction", "language", "source", "note")
NESTED = {
    "client": {"client_name": "name", "client_phone": "phone"},
    "agent": {"agent_name": "name", "agent_email": "email"},
}


@get("/upload", opt=OPEN, exception_handlers={Exception: failed})
async def upload_page(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    await receiving.check(parts, caller)
    return await _page(request, parts, caller)


@post(
    "/upload", status_code=200, request_max_body_size=None, opt=OPEN, exception_handlers={Exception: failed}
)
async def upload_form(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    await receiving.check(parts, caller)
    try:
        note = await _take(request, parts, caller)
    except (Invalid, Malformed, Conflict, TooLarge) as error:
        return await _page(request, parts, caller, _refused(error), status_of(error))
    return await _page(request, parts, caller, note)


async def _take(request: AnyRequest, parts: Parts, caller: Caller) -> Note:
    zone = frame_of(request).zone
    limit = context_of(request).settings.max_upload_bytes
    form = await receive_form(parts, request, limit, partial(metadata_of, zone=zone))
    accepted = await receiving.accept(parts, caller, form.metadata, form.stored, form.transcript)
    return Note(
        texts()("upload.received"), "", f"/calls/{accepted.call.uid}", texts()("upload.received_link")
    )


def metadata_of(fields: dict[str, str], zone: ZoneInfo) -> Metadata:
    """The form's fields as the API's metadata; empty ones say nothing. Raises `Invalid`, naming the field."""
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    document: dict[str, Any] = {name: given[name] for name in PLAIN if name in given}
    for name, inner in NESTED.items():
        if group := {to: given[field] for field, to in inner.items() if field in given}:
            document[name] = group
    if labels := [label.strip() for label in given.get("labels", "").split(",") if label.strip()]:
        document["labels"] = labels
    document["started_at"] = _started(given.get("started_at", ""), zone)
    try:
        return msgspec.convert(document, Metadata)
    except msgspec.ValidationError as error:
        raise named(str(error), Invalid) from error


def _started(text: str, zone: ZoneInfo) -> datetime:
    """A `datetime-local` says no zone: it is the one in which the page was shown."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError as error:
        raise Invalid(texts()("upload.no_start"), field="started_at") from error


async def _page(
    request: AnyRequest, parts: Parts, caller: Caller, note: Note | None = None, status: int = 200
) -> Response[bytes]:
    t = texts()
    partners, teams = await _suggested(parts, caller)
    view = UploadView(
        most_bytes=context_of(request).settings.max_upload_bytes,
        partners=partners,
        teams=teams,
        kinds=tuple(Choice(kind.value, t(f"kind.{kind.value}")) for kind in Kind),
        directions=(
            Choice("", t("direction.none")),
            *(Choice(one.value, t(f"direction.{one.value}")) for one in Direction),
        ),
        notes=(note,) if note else (),
    )
    return page(request, "upload.html", view, status)


def _refused(error: ArchiveError) -> Note:
    return Note(texts()("upload.refused", reason=error.detail), "bad")


async def _suggested(parts: Parts, caller: Caller) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of partners and teams that the caller may upload for."""
    scope = resolve_scope(caller.principal, Action.UPLOAD, datetime.now(UTC))
    async with parts.database.read() as work:
        everything = reaches_all(scope)
        partners = await work.names.partners(None if everything else ids_of(scope, Partner))
        teams = await work.names.teams(None if everything else ids_of(scope, Team))
    return tuple(one.name for one in partners), tuple(one.name for one in teams)
