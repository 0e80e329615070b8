"""Gives the archive its bucket, an S3 account for that bucket alone, and its two Meilisearch keys.

Run once before the API and the workers, and again without harm: ``python -m infra.prepare``, with the archive's own
settings and the administrators' secrets in S3_ROOT_USER, S3_ROOT_PASSWORD and MEILI_MASTER_KEY.
"""

import json
import os
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

import meilisearch
from meilisearch.errors import MeilisearchApiError
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider

from archive.settings import Settings, load
from infra.search_keys import INDEXING, SEARCHING, SearchKey

POLICY = "call-archive"


def prepare(settings: Settings, secrets: Mapping[str, str]) -> None:
    """Raises KeyError for a missing secret, and what minio and meilisearch raise where they can't be reached."""
    _bucket(settings, secrets["S3_ROOT_USER"], secrets["S3_ROOT_PASSWORD"])
    _account(settings, secrets["S3_ROOT_USER"], secrets["S3_ROOT_PASSWORD"])
    for key in (SEARCHING, INDEXING):
        _search_key(settings, secrets["MEILI_MASTER_KEY"], key)


def _bucket(settings: Settings, user: str, password: str) -> None:
    server = urlsplit(settings.s3_endpoint)
    client = Minio(
        server.netloc,
        access_key=user,
        secret_key=password,
        secure=server.scheme == "https",
        region=settings.s3_region,
    )
    if not client.bucket_exists(bucket_name(settings)):
        client.make_bucket(bucket_name(settings))


def _account(settings: Settings, user: str, password: str) -> None:
    """An account whose policy names the one bucket; its key pair is the archive's."""
    server = urlsplit(settings.s3_endpoint)
    admin = MinioAdmin(
        endpoint=server.netloc,
        credentials=StaticProvider(user, password),
        region=settings.s3_region,
        secure=server.scheme == "https",
    )
    admin.policy_add(POLICY, policy=_policy(bucket_name(settings)))
    admin.user_add(settings.s3_access_key, settings.s3_secret_key)
    if POLICY not in json.loads(admin.user_info(settings.s3_access_key)).get("policyName", ""):
        admin.policy_set(POLICY, user=settings.s3_access_key)


def _policy(bucket: str) -> dict[str, object]:
    """Objects of the bucket, its list and its unfinished uploads; neither its settings nor any other bucket."""
    objects = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ]
    listing = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": objects, "Resource": [f"arn:aws:s3:::{bucket}/*"]},
            {"Effect": "Allow", "Action": listing, "Resource": [f"arn:aws:s3:::{bucket}"]},
        ],
    }


def _search_key(settings: Settings, master_key: str, key: SearchKey) -> None:
    """For every index: this Meilisearch is the archive's alone, and it gives `version` to no narrower key."""
    client = meilisearch.Client(settings.search, master_key)
    try:
        client.get_key(key.uid)
    except MeilisearchApiError as error:
        if error.code != "api_key_not_found":
            raise
        client.create_key(
            {
                "uid": key.uid,
                "name": key.name,
                "actions": list(key.actions),
                "indexes": ["*"],
                "expiresAt": None,
            }
        )


def bucket_name(settings: Settings) -> str:
    return urlsplit(settings.store).netloc


if __name__ == "__main__":
    prepare(load(os.environ), os.environ)
    sys.exit(0)
