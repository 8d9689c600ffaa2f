from typing import Any

import pytest

from sandbox.kubernetes.controllers.rolling import (
    Bounds,
    Set,
    bounds,
    new_size,
    old_sizes,
    proportional,
)


def spec(replicas: int, surge: Any, unavailable: Any) -> dict[str, Any]:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {
        "replicas": replicas,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
    }


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "limits"),
    [
        (3, 1, 0, Bounds(3, 1, 0)),
        (3, "25%", "25%", Bounds(3, 1, 0)),
        (10, "25%", "25%", Bounds(10, 3, 2)),
        (1, "25%", "25%", Bounds(1, 1, 0)),
        (3, 0, "25%", Bounds(3, 0, 1)),
        (2, 1, 5, Bounds(2, 1, 2)),
    ],
)
def test_a_surge_is_rounded_up_and_what_may_lack_down(
    replicas: int, surge: Any, unavailable: Any, limits: Bounds
) -> None:
    assert bounds(spec(replicas, surge, unavailable)) == limits


@pytest.mark.parametrize(
    ("new", "old", "size"), [(0, 3, 1), (1, 3, 1), (1, 2, 2), (2, 2, 2), (3, 0, 3), (0, 0, 3)]
)
def test_the_new_set_grows_as_far_as_the_surge_lets_it(new: int, old: int, size: int) -> None:
    assert new_size(Bounds(3, 1, 0), False, new, [Set("old", old)]) == size  # noqa: FBT003


def test_old_pods_stay_until_new_ones_are_available() -> None:
    limits = Bounds(3, 1, 0)
    old = Set("old", 3, 3, 3)
    assert old_sizes(limits, Set("new", 1, 1, 0), [old]) == {}
    assert old_sizes(limits, Set("new", 1, 1, 1), [old]) == {"old": 2}


def test_old_pods_that_are_not_available_go_first() -> None:
    limits = Bounds(4, 0, 1)
    broken, healthy = Set("broken", 2, 2, 0), Set("healthy", 3, 3, 3)
    assert old_sizes(limits, Set("new", 0), [healthy, broken]) == {"broken": 0}


def test_what_may_lack_goes_at_once() -> None:
    assert old_sizes(Bounds(4, 1, 2), Set("new", 1), [Set("old", 4, 4, 4)]) == {"old": 2}


@pytest.mark.parametrize(
    ("limits", "sizes", "expected"),
    [
        (Bounds(8, 2, 1), [(3, 6), (3, 6)], [5, 5]),
        (Bounds(3, 2, 1), [(5, 8), (3, 8)], [3, 2]),
        (Bounds(12, 2, 1), [(5, 8), (0, 8), (3, 8)], [9, 0, 5]),
        # Of two of one size the newer one grows, and the older one shrinks.
        (Bounds(2, 1, 0), [(1, 2), (1, 2)], [1, 2]),
        (Bounds(2, 1, 0), [(2, 4), (2, 4)], [1, 2]),
        # What rounding has left goes to the largest.
        (Bounds(5, 0, 1), [(3, 4), (1, 4)], [4, 1]),
        (Bounds(0, 2, 1), [(5, 8), (3, 8)], [0, 0]),
    ],
)
def test_a_changed_size_is_spread_in_proportion(
    limits: Bounds, sizes: list[tuple[int, int]], expected: list[int]
) -> None:
    sets = [(Set(str(number), size), former) for number, (size, former) in enumerate(sizes)]
    assert list(dict(sorted(proportional(limits, sets).items())).values()) == expected
