"""The token endpoint and its discovery documents (RFC 6749, 7009, 8414, 9728); `/oauth/authorize` is a page."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, get, post
from msgspec import Struct

from archive.audit.event import Origin
from archive.errors import Malformed
from archive.http import replies
from archive.http.authenticate import Access, origin_of
from archive.http.context import RESOURCE_METADATA, context_of
from archive.http.describe import Described, opt
from archive.http.forms import form
from archive.http.problems import UnsupportedMediaType
from archive.identity import tokens
from archive.identity.oauth import Answer, Asked
from archive.identity.programs import CODE, OWN, REFRESH
from archive.policy.actions import Action
from archive.ports import Parts

AnyRequest = Request[Any, Any, Any]
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 64 * 1024


class TokenForm(Struct, frozen=True):
    """`scope`: action names, with spaces; without it, all that the client may do. `code`, `redirect_uri` and
    `code_verifier` go with `authorization_code`, `refresh_token` with its own; `client_id` where there is no secret."""

    grant_type: str
    scope: str | None = None
    client_id: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    refresh_token: str | None = None


class TokenAnswer(Struct, frozen=True):
    """`refresh_token`, good for one use, for programs that act for a person."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str | None = None


class RevokeForm(Struct, frozen=True):
    token: str
    token_type_hint: str | None = None
    client_id: str | None = None


class Refusal(Struct, frozen=True):
    """RFC 6749, 5.2."""

    error: str
    error_description: str = ""


class ServerMetadata(Struct, frozen=True):
    """RFC 8414."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    service_documentation: str
    scopes_supported: tuple[str, ...]
    grant_types_supported: tuple[str, ...] = (CODE, REFRESH, OWN)
    response_types_supported: tuple[str, ...] = ("code",)
    response_modes_supported: tuple[str, ...] = ("query",)
    code_challenge_methods_supported: tuple[str, ...] = ("S256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic", "none")
    revocation_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic", "none")
    authorization_response_iss_parameter_supported: bool = True


class ResourceMetadata(Struct, frozen=True):
    """RFC 9728."""

    resource: str
    resource_name: str
    resource_documentation: str
    authorization_servers: tuple[str, ...]
    scopes_supported: tuple[str, ...]
    bearer_methods_supported: tuple[str, ...] = ("header",)


AUTHORIZE = "/oauth/authorize"
SCOPES = tuple(action.value for action in Action)


@post(
    "/oauth/token",
    status_code=200,
    request_max_body_size=MAX_FORM_BYTES,
    opt=opt(
        Described(
            summary="Get an access token",
            group="Sign-in",
            body=TokenForm,
            body_media=FORM,
            answer=TokenAnswer,
            problems=(400, 401, 429),
            refusal=Refusal,
        ),
        Access.CLIENT,
    ),
)
async def issue_token(request: AnyRequest) -> Response[bytes]:
    """HTTP Basic with client id and secret; a program that has none sends its `client_id`. Errors are those of
    RFC 6749, 5.2."""
    return await _answered(request, tokens.issue)


@post(
    "/oauth/revoke",
    status_code=200,
    request_max_body_size=MAX_FORM_BYTES,
    opt=opt(
        Described(
            summary="Revoke a token",
            group="Sign-in",
            body=RevokeForm,
            body_media=FORM,
            problems=(400, 401, 429),
            refusal=Refusal,
        ),
        Access.CLIENT,
    ),
)
async def revoke_token(request: AnyRequest) -> Response[bytes]:
    """200 whether or not there was such a token of this client's (RFC 7009). With any token of a program that acts for
    a person, all that the person let it do ends."""
    return await _answered(request, tokens.revoke)


@get(
    "/.well-known/oauth-authorization-server",
    opt=opt(Described(summary="Where tokens come from", group="Sign-in", answer=ServerMetadata), Access.OPEN),
)
async def authorization_server(request: AnyRequest) -> Response[bytes]:
    link = context_of(request).link
    return replies.json(
        ServerMetadata(
            issuer=link(""),
            authorization_endpoint=link(AUTHORIZE),
            service_documentation=link("/docs"),
            token_endpoint=link("/oauth/token"),
            revocation_endpoint=link("/oauth/revoke"),
            scopes_supported=SCOPES,
        )
    )


@get(
    RESOURCE_METADATA,
    opt=opt(
        Described(summary="Which tokens this API takes", group="Sign-in", answer=ResourceMetadata),
        Access.OPEN,
    ),
)
async def protected_resource(request: AnyRequest) -> Response[bytes]:
    link = context_of(request).link
    return replies.json(
        ResourceMetadata(
            resource=link(""),
            resource_name="Call Archive",
            resource_documentation=link("/docs"),
            authorization_servers=(link(""),),
            scopes_supported=SCOPES,
        )
    )


Endpoint = Callable[[Parts, Asked, Origin], Awaitable[Answer]]


async def _answered(request: AnyRequest, endpoint: Endpoint) -> Response[bytes]:
    context = context_of(request)
    try:
        fields = await form(request)
    except (Malformed, UnsupportedMediaType) as error:
        return replies.json(Refusal("invalid_request", error.detail), 400)
    asked = Asked(url=context.secure_link(request.scope["path"]), headers=request.headers, form=fields)
    answer = await endpoint(context.parts, asked, origin_of(request))
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
    return replies.json(answer.body, answer.status, headers)


handlers = [issue_token, revoke_token, authorization_server, protected_resource]
