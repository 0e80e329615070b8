"""The API's description, and a viewer for it whose every file comes from here."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from archive.errors import NotFound
from archive.http import replies
from archive.http.authenticate import Access
from archive.http.context import context_of

AnyRequest = Request[Any, Any, Any]

VIEWER = Path(__file__).parents[3] / "frontend" / "vendor" / "swagger-ui"
FILES: Mapping[str, str] = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The viewer writes style attributes; scripts come from files alone."""

PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Call Archive API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>
</head>
<body><main id="viewer">The description itself: <a href="/openapi.json">openapi.json</a></main></body>
</html>
"""
START = b"""SwaggerUIBundle({ url: "/openapi.json", dom_id: "#viewer", deepLinking: true, validatorUrl: null });
"""


@get("/openapi.json", opt={"access": Access.OPEN})
async def read_openapi(request: AnyRequest) -> Response[bytes]:
    return replies.data(context_of(request).openapi.encode(), "application/json")


@get("/docs", opt={"access": Access.OPEN})
async def show_docs() -> Response[bytes]:
    return replies.data(PAGE, "text/html", headers={"Content-Security-Policy": POLICY})


@get("/docs/{name:str}", opt={"access": Access.OPEN})
async def docs_file(name: FromPath[str]) -> Response[bytes]:
    if name == "start.js":
        return replies.data(START, "text/javascript")
    if name not in FILES:
        raise NotFound
    return replies.data(_viewer_file(name), FILES[name])


@cache
def _viewer_file(name: str) -> bytes:
    """Raises `NotFound` where the set-up did not fetch the viewer."""
    try:
        return (VIEWER / name).read_bytes()
    except FileNotFoundError as error:
        raise NotFound("The viewer was not installed; make setup does that.") from error


handlers = [read_openapi, show_docs, docs_file]
