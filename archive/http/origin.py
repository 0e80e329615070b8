"""Requests that change something and carry a cookie must come from the archive's own pages.

Browsers say where a request comes from, in `Sec-Fetch-Site` (every current one, over HTTPS and on localhost) and in
`Origin`; a page of another site can set neither. A request with neither is refused as well.
"""

from urllib.parse import urlsplit

from archive.http.context import Connection, context_of
from archive.http.problems import CrossSite


def check_origin(connection: Connection) -> None:
    """Raises `CrossSite`."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise CrossSite
        return
    origin = connection.headers.get("origin")
    if origin is None or not _is_ours(connection, origin):
        raise CrossSite


def _is_ours(connection: Connection, origin: str) -> bool:
    """The public address, or the very host that was asked: a foreign page has neither as its origin."""
    host = connection.headers.get("host", "")
    public = urlsplit(context_of(connection).settings.public_url)
    return origin in {f"{public.scheme}://{public.netloc}", f"{connection.scope['scheme']}://{host}"}
