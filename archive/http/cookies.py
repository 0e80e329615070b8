"""The cookies that let people in: a session's, that of somebody half-way in, and of a company's sign-in under way."""

from datetime import timedelta
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie

from archive.http.context import Context


def keep_session(context: Context, response: Response[Any], secret: str) -> None:
    """`__Host-` takes Secure, Path=/ and no Domain. The server knows when a session ends; the browser needn't."""
    response.set_cookie(_cookie(context, context.cookie, secret))


def forget_session(context: Context, response: Response[Any]) -> None:
    _forget(context, context.cookie, response)


def keep_half_way(context: Context, response: Response[Any], secret: str) -> None:
    response.set_cookie(_cookie(context, context.half_way_cookie, secret))


def forget_half_way(context: Context, response: Response[Any]) -> None:
    _forget(context, context.half_way_cookie, response)


def keep_company(context: Context, response: Response[bytes], secret: str, life: timedelta) -> None:
    """Lax, as the others: the provider's site sends the browser back here."""
    cookie = _cookie(context, context.company_cookie, secret)
    cookie.max_age = int(life.total_seconds())
    response.set_cookie(cookie)


def forget_company(context: Context, response: Response[bytes]) -> None:
    _forget(context, context.company_cookie, response)


def _forget(context: Context, name: str, response: Response[Any]) -> None:
    cookie = _cookie(context, name, "")
    cookie.max_age = 0
    response.set_cookie(cookie)


def _cookie(context: Context, name: str, value: str) -> Cookie:
    return Cookie(
        key=name, value=value, path="/", httponly=True, secure=context.settings.secure, samesite="lax"
    )
