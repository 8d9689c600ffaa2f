"""The object cache in memcached: it is one, nobody waits for it, and it tells no lies."""

import re
import time
from collections.abc import Callable, Mapping

import pytest

from tests.image.containers import Container
from tests.image.services import Service, wait_until
from tests.image.site import Site

# The image leaves a server that has failed alone for so long.
PAUSE_SECONDS = 5


def queries(site: Site, replica: Container) -> int:
    """How often the front page asks the database."""
    found = re.search(r"<!-- queries: (\d+) -->", site.visitor(replica).get("/").text)
    assert found
    return int(found[1])


def seconds(site: Site, replica: Container) -> float:
    """How long the front page takes."""
    started = time.monotonic()
    assert site.visitor(replica).get("/").status == 200
    return time.monotonic() - started


@pytest.fixture
def replica(site: Site) -> Container:
    """A replica that has not found memcached silent yet."""
    return site.serve()


def test_a_page_asks_the_database_far_less(site: Site, replica: Container) -> None:
    alone = site.serve({"WORDPRESS_MEMCACHED_HOST": ""})
    for one in (replica, alone):
        queries(site, one)
    assert queries(site, replica) * 2 <= queries(site, alone)


def test_what_one_replica_has_stored_another_one_sees(site: Site, replica: Container) -> None:
    other = site.serve()
    site.php(replica, "wp_cache_set('shared', ['a' => [1, 2.5, null, false]], 'group')")
    assert site.php(other, "wp_cache_get('shared', 'group')") == {"a": [1, 2.5, None, False]}
    site.php(other, "wp_cache_delete('shared', 'group')")
    assert site.php(replica, "wp_cache_get('shared', 'group')") is False


def test_sites_do_not_see_each_other(
    site: Site, replica: Container, make_site: Callable[..., Site], cache_server: Service
) -> None:
    another = make_site(cache_server)
    another.install()
    theirs = another.serve()
    site.php(replica, "wp_cache_set('key', 'ours')")
    assert another.php(theirs, "wp_cache_get('key')") is False
    another.php(theirs, "wp_cache_set('key', 'theirs')")
    another.php(theirs, "wp_cache_flush()")
    assert site.php(replica, "wp_cache_get('key')") == "ours"


# What is asked one after the other in one request, with the answers. The third argument of
# wp_cache_get leaves what the request itself remembers aside.
CASES = {
    "nothing is found": {
        "wp_cache_get('a', 'g', false, $found)": False,
        "$found": False,
    },
    "false is found": {
        "wp_cache_set('b', false)": True,
        "wp_cache_get('b', '', true, $found)": False,
        "$found": True,
    },
    "null is found": {
        "wp_cache_set('n', null)": True,
        "wp_cache_get('n', '', true, $found)": None,
        "$found": True,
    },
    "the first add wins": {
        "wp_cache_add('c', 1)": True,
        "wp_cache_add('c', 2)": False,
        "wp_cache_get('c', '', true)": 1,
    },
    "what is not there is not replaced": {
        "wp_cache_replace('d', 1)": False,
        "wp_cache_set('d', 1)": True,
        "wp_cache_replace('d', 2)": True,
        "wp_cache_get('d', '', true)": 2,
    },
    "a number counts up, and down to 0": {
        "wp_cache_incr('e')": False,
        "wp_cache_set('e', 5)": True,
        "wp_cache_incr('e', 3)": 8,
        "wp_cache_decr('e', 100)": 0,
        "wp_cache_get('e', '', true)": 0,
    },
    "text counts as 0": {"wp_cache_set('t', 'text')": True, "wp_cache_incr('t', 3)": 3},
    "what is deleted is gone": {
        "wp_cache_delete('f')": False,
        "wp_cache_set('f', 1)": True,
        "wp_cache_delete('f') && true": True,
        "wp_cache_get('f')": False,
    },
    "many at once": {
        "wp_cache_set('g', 1)": True,
        "wp_cache_set(7, 2)": True,
        "wp_cache_get_multiple(['g', 7, 'i'], '', true)": {"g": 1, "7": 2, "i": False},
    },
    "a key may be long": {
        "wp_cache_set(str_repeat('k', 400), 1)": True,
        "wp_cache_get(str_repeat('k', 400), '', true)": 1,
    },
    "a key may have any letter": {
        'wp_cache_set("sp ace\nü", 1)': True,
        'wp_cache_get("sp ace\nü", "", true)': 1,
    },
    "a key that is none ends no page": {
        "wp_cache_set(null, 1)": True,
        "wp_cache_get(2.5)": False,
        "wp_cache_set([1], 3, null)": True,
        "wp_cache_get([1], null, true)": 3,
        "wp_cache_get([2], 4, true)": False,
    },
    "more than a month": {
        "wp_cache_set('j', 1, '', 40 * DAY_IN_SECONDS)": True,
        "wp_cache_get('j', '', true)": 1,
    },
    "a flush forgets all": {
        "wp_cache_set('l', 1)": True,
        "wp_cache_flush()": True,
        "wp_cache_get('l')": False,
        "wp_cache_get('l', '', true)": False,
    },
    "a flush of the request leaves memcached alone": {
        "wp_cache_set('m', 1)": True,
        "wp_cache_flush_runtime()": True,
        "wp_cache_get('m')": 1,
    },
    "while additions are suspended": {
        "wp_suspend_cache_addition(true)": True,
        "wp_cache_add('o', 1)": False,
        "wp_cache_get('o')": False,
    },
    "features": {
        "array_map('wp_cache_supports', ['get_multiple', 'flush_group'])": [True, False],
        "wp_using_ext_object_cache()": True,
    },
    "transients": {"set_transient('p', 'q', 60)": True, "get_transient('p')": "q"},
    "an object in the cache is not the one in hand": {
        "wp_cache_set('s', $object = (object) ['n' => 1])": True,
        "$object->n = 2": 2,
        "wp_cache_get('s')->n = 3": 3,
        "wp_cache_get('s')->n": 1,
    },
    "what is too big is not cached, and hides what was": {
        "wp_cache_set('big', 'small')": True,
        "wp_cache_set('big', random_bytes(2 * MB_IN_BYTES))": False,
        "wp_cache_get('big', '', true)": False,
        "wp_cache_set('after', 1)": True,
    },
    "a group that is not persistent": {
        "wp_cache_add_non_persistent_groups('mine')": None,
        "wp_cache_set('u', 1, 'mine')": True,
        "wp_cache_get('u', 'mine')": 1,
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_does_as_wordpress_expects(
    site: Site, module_replica: Container, case: Mapping[str, object]
) -> None:
    answers = site.php(module_replica, f"[{', '.join(case)}]")
    assert dict(zip(case, answers, strict=True)) == case
    if "wp_cache_get('u', 'mine')" in case:
        # Not for the next request.
        assert site.php(module_replica, "wp_cache_get('u', 'mine')") is False


@pytest.fixture(scope="module")
def module_replica(site: Site) -> Container:
    return site.serve()


def test_a_silent_memcached_costs_less_than_a_second_and_then_nothing(
    site: Site, replica: Container, cache_server: Service
) -> None:
    replicas = [replica, site.serve(), site.serve()]
    usual = [seconds(site, each) for each in replicas * 2][3:]
    with cache_server.silent():
        # The quickest one: something else on the machine may hold up the others.
        assert min(seconds(site, each) for each in replicas) < min(usual) + 1
        # All but one of them, for the same reason.
        assert sorted(seconds(site, replica) for _ in range(5))[-2] < max(usual) + 0.5
        assert '"memcached":"silent"' in replica.get("/-/ready").text
        replica.await_ready()
    wait_until(
        lambda: '"ok"}' in replica.get("/-/ready").text, "the cache's return", PAUSE_SECONDS + 5
    )
    log = [line for line in replica.logs()[1] if "memcached failed" in line]
    assert 1 <= len(log) <= 5


def test_what_was_written_while_memcached_was_silent_is_not_forgotten_afterwards(
    site: Site, replica: Container, cache_server: Service
) -> None:
    site.php(replica, "update_option('blogdescription', 'before')")
    assert site.php(replica, "get_option('blogdescription')") == "before"
    with cache_server.silent():
        site.php(replica, "update_option('blogdescription', 'meanwhile')")
        assert site.php(replica, "get_option('blogdescription')") == "meanwhile"
    time.sleep(PAUSE_SECONDS + 0.1)
    assert site.php(replica, "get_option('blogdescription')") == "meanwhile"
    assert site.php(site.serve(), "get_option('blogdescription')") == "meanwhile"


def test_a_memcached_that_is_killed_is_done_without_and_used_again(
    site: Site, replica: Container, cache_server: Service
) -> None:
    with_cache = queries(site, replica), queries(site, replica)
    cache_server.kill()
    try:
        assert queries(site, replica) > with_cache[1]
    finally:
        cache_server.start()
    time.sleep(PAUSE_SECONDS + 0.1)
    queries(site, replica)
    assert queries(site, replica) <= with_cache[1]
