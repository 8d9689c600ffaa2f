"""What breaks between wpdeploy and the API server, and passes: the deployment still ends right."""

import json

from tests.cluster.proxy import Answer, Proxy
from tests.cluster.site import Site, running, until

EXPIRED = json.dumps({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})


def test_watches_cut_again_and_again(site: Site, proxy: Proxy) -> None:
    site.release("slow")
    assert site.deploy(["render", "apply"]).code == 0
    with running(site.start("validate")) as process:
        for _ in range(3):
            until(lambda: proxy.open_watches >= 4)
            proxy.close_watches()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


def test_a_watch_whose_version_is_too_old_begins_with_a_new_list(site: Site, proxy: Proxy) -> None:
    left = [1, 1, 1, 1]

    def expired(_method: str, path: str) -> Answer | None:
        """Each second refusal comes as an ERROR event, as from a server that found out later."""
        if "watch=true" not in path or not left:
            return None
        left.pop()
        event = json.dumps({"type": "ERROR", "object": json.loads(EXPIRED)}) + "\n"
        return Answer(200, event) if len(left) % 2 else Answer(410, EXPIRED)

    proxy.rules.append(expired)
    site.release("slow")
    result = site.deploy()
    assert result.code == 0, result.output
    assert not left
    lists = [path for _, path in proxy.requests if "pods" in path and "watch=true" not in path]
    assert len(lists) >= 1


def test_throttling_is_obeyed(site: Site, proxy: Proxy) -> None:
    busy = json.dumps({"kind": "Status", "code": 429, "message": "too many requests"})
    left = [1, 1, 1]

    def throttled(method: str, _path: str) -> Answer | None:
        if method == "PATCH" and left:
            left.pop()
            return Answer(429, busy, (("Retry-After", "1"),))
        return None

    proxy.rules.append(throttled)
    result = site.run("render")
    assert result.code == 0, result.output
    assert result.output.count("trying again") == 3
    assert not left
    assert site.deploy(["apply", "validate"]).code == 0


def test_a_server_that_answers_500_for_a_while(site: Site, proxy: Proxy) -> None:
    left = [1] * 4

    def broken(_method: str, _path: str) -> Answer | None:
        return Answer(500, "etcdserver: leader changed") if left and left.pop() else None

    proxy.rules.append(broken)
    result = site.deploy()
    assert result.code == 0, result.output
    assert not left
