"""How Meilisearch holds a call: one document with its names and its text, and one with its names alone.

Those who may not read words search the second, which has none to tell: `attributesToSearchOn` isn't obeyed by phrases,
nor by a typed word that Meilisearch takes for two said in a row (seen on 1.50.0). A text is one string:
On a list of segments `_matchesPosition` tells the last matching element only (its issue 5658, seen on 1.50.0); on a
string it tells every match, as byte offsets.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from archive.calls.documents import CallDocument

MOST_HITS = 10_000
FACETS = ("partner_id", "client_id", "team_id", "agent_id", "kind", "labels")

SETTINGS: dict[str, Any] = {
    "searchableAttributes": ["names", "text"],
    "displayedAttributes": ["id", "started_at", "text"],  # positions are told of displayed attributes only
    "filterableAttributes": sorted(
        (
            *FACETS,
            "direction",
            "duration",
            "external_key",
            "id",
            "label_keys",
            "phone_keys",
            "received_at",
            "sealed",
            "source_key",
            "started_at",
        )
    ),
    "sortableAttributes": ["started_at"],
    # sort first: without a wish for an order it does nothing, with one it is exact.
    "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness"],
    "proximityPrecision": "byWord",
    "typoTolerance": {
        "enabled": True,
        "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8},
        "disableOnWords": [],
        "disableOnAttributes": [],
        "disableOnNumbers": True,
    },
    "faceting": {"maxValuesPerFacet": 50, "sortFacetValuesBy": {"*": "count"}},
    "pagination": {"maxTotalHits": MOST_HITS},
}

NAME_SETTINGS: dict[str, Any] = {
    **SETTINGS,
    "searchableAttributes": ["names"],
    "displayedAttributes": ["id", "started_at"],
}


class Holding(Struct, frozen=True):
    """One of the indexes, and what it holds of a call. `beside`: where it is built anew."""

    uid: str
    settings: dict[str, Any]
    fields: Callable[[CallDocument], dict[str, Any]]

    @property
    def beside(self) -> str:
        return f"{self.uid}_new"


def holdings(prefix: str) -> tuple[Holding, Holding]:
    """The index of names and words, and the one of names."""
    return (
        Holding(f"{prefix}_calls", SETTINGS, fields),
        Holding(f"{prefix}_names", NAME_SETTINGS, name_fields),
    )


def fields(document: CallDocument) -> dict[str, Any]:
    return {**name_fields(document), "text": document.text}


def name_fields(document: CallDocument) -> dict[str, Any]:
    return {
        "id": document.id,
        "partner_id": document.partner_id,
        "client_id": document.client_id,
        "agent_id": document.agent_id,
        "team_id": document.team_id,
        "kind": document.kind,
        "direction": document.direction,
        "started_at": document.started_at,
        "received_at": document.received_at,
        "duration": document.duration,
        "sealed": int(document.sealed),
        "labels": document.labels,
        "label_keys": document.label_keys,
        "phone_keys": document.phone_keys,
        "external_key": document.external_key,
        "source_key": document.source_key,
        "names": document.names,
    }
