"""Every address of the API."""

from collections.abc import Sequence

from litestar.handlers import HTTPRouteHandler

from archive.http.api import (
    audit,
    authorizations,
    calls,
    docs,
    glass,
    grants,
    groups,
    integrations,
    links,
    listens,
    names,
    oauth,
    pending,
    people,
    reach,
    reasons,
    recordings,
    requests,
    seals,
    searching,
    sessions,
    system,
    transcripts,
)


def api_routes() -> Sequence[HTTPRouteHandler]:
    return [
        *system.handlers,
        *oauth.handlers,
        *calls.handlers,
        *searching.handlers,
        *transcripts.handlers,
        *listens.handlers,
        *recordings.handlers,
        *reasons.handlers,
        *seals.handlers,
        *audit.handlers,
        *people.handlers,
        *integrations.handlers,
        *names.handlers,
        *links.handlers,
        *sessions.handlers,
        *authorizations.handlers,
        *grants.handlers,
        *groups.handlers,
        *pending.handlers,
        *requests.handlers,
        *reach.handlers,
        *glass.handlers,
        *docs.handlers,
    ]
