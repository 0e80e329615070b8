"""Jinja, set up once: everything escaped, an unknown name is an error, times in the reader's zone."""

from datetime import datetime
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from archive.http.pages import times
from archive.http.pages.assets import FRONTEND, assets
from archive.http.pages.frame import Frame
from archive.http.pages.texts import Texts


@cache
def texts() -> Texts:
    return Texts.load(FRONTEND / "text" / "en.json")


def render(template: str, frame: Frame, page: object = None) -> str:
    """One page's HTML. `page` is what its template shows, ready to be written down."""
    return _environment().get_template(template).render(frame=frame, page=page)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FRONTEND / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(t=texts(), asset=assets().address)
    environment.filters["time"] = _time
    return environment


@pass_context
def _time(context: Context, time: datetime, form: str) -> Markup:
    frame: Frame = context["frame"]
    return times.element(time, times.Form(form), frame.zone, frame.now)
