"""``python3 -m infra.secrets HOST`` prints the secrets that infra/compose.yaml asks for, new ones each time.

HOST is the name under which people reach the archive. Standard library only.
"""

import secrets
import sys

from infra.search_keys import INDEXING, SEARCHING

RANDOM = (
    "POSTGRES_PASSWORD",
    "DATABASE_OWNER_PASSWORD",
    "DATABASE_PASSWORD",
    "S3_ROOT_PASSWORD",
    "S3_SECRET_KEY",
    "MEILI_MASTER_KEY",
)


def make(host: str) -> dict[str, str]:
    """Names and values, in the order to write them. Hexadecimal, so that they stand in addresses as they are."""
    values = {"PUBLIC_HOST": host, **{name: secrets.token_hex(20) for name in RANDOM}}
    master_key = values["MEILI_MASTER_KEY"]
    return {**values, "SEARCH_KEY": SEARCHING.value(master_key), "INDEX_KEY": INDEXING.value(master_key)}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python3 -m infra.secrets HOST > infra/.env", file=sys.stderr)
        return 2
    for name, value in make(arguments[0]).items():
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
