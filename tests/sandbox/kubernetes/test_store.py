import pytest

from sandbox.kubernetes.resources import Catalog
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.store import Store, StoreConflict
from sandbox.kubernetes.watches import Selection, Watch

CONFIG = Catalog("current").stored("/configmaps")


def item(name: str, **labels: str) -> Json:
    metadata = {"name": name, "namespace": "n", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def put(store: Store, name: str, expected: Json | None = None, **labels: str) -> Json:
    return store.put((CONFIG.storage, "n", name), item(name, **labels), expected)


def watch(store: Store, version: str = "", label: str = "") -> Watch:
    def matches(each: Json) -> bool:
        return not label or label in each["metadata"]["labels"]

    return Watch(store, Selection(CONFIG, "n", matches), version)


def told(found: Watch) -> list[tuple[str, str]]:
    return [(each["type"], each["object"]["metadata"].get("name", "")) for each in found.news()]


def test_each_change_has_its_version() -> None:
    store = Store()
    first = put(store, "a")
    second = put(store, "a", first, x="1")
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    with pytest.raises(StoreConflict):
        put(store, "a", first)
    with pytest.raises(StoreConflict):
        put(store, "b", first)


def test_a_watch_tells_what_there_is_and_then_what_happens() -> None:
    store = Store()
    first = put(store, "a")
    found = watch(store)
    assert told(found) == [("ADDED", "a")]
    changed = put(store, "a", first, x="1")
    store.remove((CONFIG.storage, "n", "a"), changed)
    assert told(found) == [("MODIFIED", "a"), ("DELETED", "a")]
    assert told(found) == []


def test_what_comes_to_match_is_added_and_what_ceases_to_is_deleted() -> None:
    store = Store()
    found = watch(store, str(store.version), "w")
    first = put(store, "a")
    second = put(store, "a", first, w="1")
    third = put(store, "a", second, w="2")
    put(store, "a", third)
    assert told(found) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_a_version_that_is_forgotten_is_told_so() -> None:
    store = Store(history=3)
    version = str(store.version)
    for name in "abcde":
        put(store, name)
    (error,) = watch(store, version).news()
    assert error["type"] == "ERROR"
    assert error["object"]["code"] == 410
    assert error["object"]["reason"] == "Expired"
    assert error["object"]["message"].startswith(f"too old resource version: {version} (")


def test_after_a_compaction_only_watches_from_now_on_go_on() -> None:
    store = Store()
    old = str(store.version)
    put(store, "a")
    current = watch(store, str(store.version))
    store.forget()
    assert watch(store, old).news()[0]["object"]["code"] == 410
    put(store, "b")
    assert told(current) == [("ADDED", "b")]
