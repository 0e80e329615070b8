"""Scripts and styles over HTTP. Nobody is asked who they are: a page needs ten of them, and its looks no database."""

from litestar import Response, get
from litestar.params import FromPath

from archive.errors import NotFound
from archive.http.authenticate import Access
from archive.http.pages.answers import AnyRequest
from archive.http.pages.assets import assets

FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


@get("/assets/{fingerprint:str}/{name:path}", opt={"access": Access.NOBODY})
async def asset_file(request: AnyRequest, fingerprint: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A fingerprint of another version answers too, but isn't kept: a page may outlive an upgrade."""
    known = assets()
    asset = known.files.get(name.lstrip("/"))
    if asset is None:
        raise NotFound
    headers = dict(FOR_GOOD) if fingerprint == known.fingerprint else {"Cache-Control": "no-store"}
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(asset.gzipped if packed else asset.plain, media_type=asset.content_type, headers=headers)
