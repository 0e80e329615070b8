"""How Meilisearch holds a call: one document, its text as one string.

On a list of segments `_matchesPosition` tells the last matching element only (its issue 5658, seen on 1.50.0); on a
string it tells every match, as byte offsets.
"""

from typing import Any

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


def fields(document: CallDocument) -> dict[str, Any]:
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
        "text": document.text,
    }
