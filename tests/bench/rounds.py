"""Two ways to do a thing, in turn, so that what else the machine does meets both."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_turn(rounds: int, *ways: Callable[[], T]) -> list[list[T]]:
    """What each way gave, round by round."""
    gave: list[list[T]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, given in zip(ways, gave, strict=True):
            given.append(way())
    return gave


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def middle(figures: Sequence[float]) -> float:
    return statistics.median(figures)


def p95(figures: Sequence[float]) -> float:
    return statistics.quantiles(figures, n=20)[18]
