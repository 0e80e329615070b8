"""Counts and times of requests by route, in Prometheus' text format (version 0.0.4)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histogram, in seconds."""

MEDIA_TYPE = "text/plain; version=0.0.4"


class Metrics:
    """Kept in memory, for this process. A route is its template, never an address, so labels stay few."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: defaultdict[str, Counter[float]] = defaultdict(Counter)
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests[method, route, status] += 1
        self._seconds[route] += seconds
        bound = next((bound for bound in BOUNDS if seconds <= bound), float("inf"))
        self._buckets[route][bound] += 1

    def lines(self) -> Iterator[str]:
        yield "# TYPE archive_requests_total counter"
        for (method, route, status), count in sorted(self._requests.items()):
            yield f"archive_requests_total{labels(method=method, route=route, status=status)} {count}"
        yield "# TYPE archive_request_seconds histogram"
        for route, buckets in sorted(self._buckets.items()):
            yield from self._histogram(route, buckets)

    def _histogram(self, route: str, buckets: Mapping[float, int]) -> Iterator[str]:
        total = 0
        for bound in BOUNDS:
            total += buckets.get(bound, 0)
            yield f"archive_request_seconds_bucket{labels(route=route, le=bound)} {total}"
        total += buckets.get(float("inf"), 0)
        yield f"archive_request_seconds_bucket{labels(route=route, le='+Inf')} {total}"
        yield f"archive_request_seconds_sum{labels(route=route)} {self._seconds[route]:.6f}"
        yield f"archive_request_seconds_count{labels(route=route)} {total}"


def labels(**values: object) -> str:
    escaped = {name: str(value).replace("\\", "\\\\").replace('"', '\\"') for name, value in values.items()}
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


def gauges(name: str, values: Mapping[str, float], label: str) -> Iterator[str]:
    yield f"# TYPE {name} gauge"
    for key, value in sorted(values.items()):
        yield f"{name}{labels(**{label: key})} {value}"
