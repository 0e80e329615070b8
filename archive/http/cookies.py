"""The session's cookie."""

from litestar import Response
from litestar.datastructures import Cookie

from archive.http.context import Context


def keep_session(context: Context, response: Response[bytes], secret: str) -> None:
    """`__Host-` takes Secure, Path=/ and no Domain. The server knows when a session ends; the browser needn't."""
    response.set_cookie(_cookie(context, secret))


def forget_session(context: Context, response: Response[bytes]) -> None:
    cookie = _cookie(context, "")
    cookie.max_age = 0
    response.set_cookie(cookie)


def _cookie(context: Context, value: str) -> Cookie:
    return Cookie(
        key=context.cookie,
        value=value,
        path="/",
        httponly=True,
        secure=context.settings.secure,
        samesite="lax",
    )
