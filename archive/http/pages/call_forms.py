"""The forms of a call's page: saying why, sealing, unsealing. Each comes back to the page, with what was wrong."""

from collections.abc import Awaitable, Mapping

from litestar import Response, post
from litestar.params import FromPath

from archive.calls import grounds
from archive.errors import Conflict, Invalid
from archive.http.context import acting
from archive.http.forms import form
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, local
from archive.http.pages.call import shown
from archive.http.pages.turning import Wrong
from archive.identity import sealing


@post("/calls/{call_id:str}/reasons", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def state_reason(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """Back to where on the page it was asked."""
    parts, caller = acting(request)
    given = await form(request)
    try:
        await grounds.state(parts, caller, call_id, given.get("reason", ""))
    except Invalid as error:
        return await shown(request, call_id, Wrong(given.get("before", ""), error.detail, given))
    back = local(given.get("back", ""))
    return go(back if back.startswith(f"/calls/{call_id}?") else f"/calls/{call_id}")


@post("/calls/{call_id:str}/seal", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def seal_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    given = await form(request)
    reason, named = given.get("reason", ""), given.get("named", "").replace(",", " ").split()
    sealed = sealing.seal(*acting(request), call_id, reason=reason, named=named)
    return await _changed(request, call_id, given, sealed)


@post("/calls/{call_id:str}/unseal", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def unseal_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    given = await form(request)
    unsealed = sealing.unseal(*acting(request), call_id, reason=given.get("reason", ""))
    return await _changed(request, call_id, given, unsealed)


async def _changed(
    request: AnyRequest, call_id: str, given: Mapping[str, str], change: Awaitable[object]
) -> Response[bytes]:
    try:
        await change
    except (Invalid, Conflict) as error:
        return await shown(request, call_id, Wrong("seal", error.detail, given))
    return go(f"/calls/{call_id}")


routes = [state_reason, seal_call, unseal_call]
