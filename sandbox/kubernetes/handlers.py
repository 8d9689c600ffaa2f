"""Requests to answers: each verb of the API."""

from collections.abc import Callable, Mapping

from sandbox.kubernetes import access, calls, discovery, listing, objects, patches, scale, statuses
from sandbox.kubernetes.access import Access, User
from sandbox.kubernetes.apply_body import apply_body
from sandbox.kubernetes.calls import Answer, Call, Connect, Response, Stream
from sandbox.kubernetes.registry import Registry
from sandbox.kubernetes.routes import Route, route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause, Named, NoSuchGroup, StatusError
from sandbox.kubernetes.targets import Asked, Target
from sandbox.kubernetes.watches import Selection, Watch

_CONNECTS = {("pods", "log"), ("pods", "proxy"), ("services", "proxy")}
_OPEN_TO_ALL = ("/version", "/readyz", "/healthz", "/livez")
# Kinds whose deletion is answered with the object and not with a Status.
_RETURNED = {"Pod", "ServiceAccount", "PersistentVolumeClaim", "Namespace", "ResourceQuota"}
_WATCH_SECONDS = 1800.0


class Handlers:
    """The API."""

    def __init__(self, registry: Registry, allowed: Access) -> None:
        self._registry = registry
        self._access = allowed
        self._catalog = registry.catalog

    def handle(self, call: Call) -> Response:
        """Answer a request; refusals are answers too."""
        try:
            return self._handle(call)
        except NoSuchGroup:
            return Answer(404, "404 page not found\n")
        except StatusError as error:
            return Answer(error.code, error.status)

    def _handle(self, call: Call) -> Response:
        user = self._access.user(call.headers.get("Authorization", ""))
        if call.method == "GET":
            found = discovery.document(self._catalog, call.path)
            if found is not None:
                self._check_discovery(user, call.path)
                return Answer(200, found)
        where = route(self._catalog, call.path)
        verb = _verb(call, where)
        if where.resource.plural == "selfsubjectaccessreviews":
            return self._review(user, call, where)
        self._access.check(user, access.action(verb, where))
        if (where.resource.plural, where.subresource) in _CONNECTS:
            return Connect(where, call)
        handler = _VERBS.get(verb)
        if handler is None:
            raise statuses.method_not_allowed()
        return handler(self, where, call)

    def _check_discovery(self, user: User, path: str) -> None:
        if user == access.ANONYMOUS and path not in _OPEN_TO_ALL:
            message = f'forbidden: User "{user.name}" cannot get path "{path}"'
            raise StatusError(403, "Forbidden", message, {})

    def _review(self, user: User, call: Call, where: Route) -> Answer:
        body = objects.decoded(where.resource, call.json())
        status = {"allowed": self._access.allows(user, access.review(body))}
        return Answer(201, self._registry.answered(_target(where), body, calls.asked(call), status))

    # Reading.

    def _get(self, where: Route, _call: Call) -> Answer:
        if where.subresource == "scale" and where.resource.scale:
            return Answer(200, scale.of(self._registry.get(_target(where))))
        _check_subresource(where)
        return Answer(200, self._registry.get(_target(where)))

    def _list(self, where: Route, call: Call) -> Response:
        chosen = listing.selection(where, call)
        if call.flag("watch"):
            return self._watch(chosen, call)
        store = self._registry.store
        with store.lock:
            items = store.items(where.resource.storage, where.namespace)
            version = str(store.version)
        items = [item for item in items if chosen.matches(item)]
        items, metadata = listing.page(items, call, version)
        return Answer(200, listing.listed(where.resource, items, metadata))

    def _watch(self, selection: Selection, call: Call) -> Stream:
        watch = Watch(self._registry.store, selection, call.query.get("resourceVersion", ""))
        seconds = float(call.query.get("timeoutSeconds") or _WATCH_SECONDS)
        return Stream(watch, seconds, call.flag("allowWatchBookmarks"))

    # Writing.

    def _create(self, where: Route, call: Call) -> Answer:
        asked, body = calls.asked(call), call.json()
        if where.subresource == "eviction":
            options = body.get("deleteOptions") or {}
            self._registry.delete(_target(where), Asked(asked.manager, options=options))
            return Answer(201, statuses.success(Named("", ""), "") | {"details": None})
        if where.name:
            raise statuses.method_not_allowed()
        return Answer(201, self._registry.create(_target(where), body, asked))

    def _update(self, where: Route, call: Call) -> Answer:
        target, asked = _target(where), calls.asked(call)
        if where.subresource == "scale":
            return Answer(200, self._scaled(where, call.json(), asked))
        _check_subresource(where)
        return Answer(200, self._registry.replace(target, call.json(), asked))

    def _patch(self, where: Route, call: Call) -> Answer:
        kind = call.content_type
        if kind not in patches.ALL:
            raise statuses.unsupported_media_type()
        asked = calls.asked(call)
        if where.subresource == "scale":
            live = scale.of(self._registry.get(_target(where)))
            body = patches.patched(kind, scale.TYPE, live, call.body)
            return Answer(200, self._scaled(where, body, asked))
        _check_subresource(where)
        if kind == patches.APPLY_PATCH:
            return self._apply(where, call, asked)
        return Answer(200, self._patched(where, call, asked))

    def _patched(self, where: Route, call: Call, asked: Asked) -> Json:
        resource = where.resource

        def wanted(live: Json) -> Json:
            item = patches.patched(call.content_type, resource.type, live, call.body)
            return objects.patched(resource, item)

        return self._registry.change(_target(where), wanted, asked)

    def _apply(self, where: Route, call: Call, asked: Asked) -> Answer:
        if not call.query.get("fieldManager"):
            cause = Cause(
                "fieldManager", "FieldValueRequired", "Required value: is required for apply patch"
            )
            raise statuses.invalid(Named("meta.k8s.io", "PatchOptions"), [cause])
        patch = apply_body(where.resource, call.body, self._catalog.profile, where.namespace)
        found, is_new = self._registry.apply(_target(where), patch, asked)
        return Answer(201 if is_new else 200, found)

    def _scaled(self, where: Route, body: Json, asked: Asked) -> Json:
        if not body.get("metadata", {}).get("namespace"):
            missing = Cause("metadata.namespace", "FieldValueRequired", "Required value")
            raise statuses.invalid(Named("autoscaling", "Scale", where.name), [missing])
        replicas = int(body.get("spec", {}).get("replicas", 0))
        plain = Target(where.resource, where.namespace, where.name, "scale")
        found = self._registry.change(
            plain, lambda live: live | {"spec": live["spec"] | {"replicas": replicas}}, asked
        )
        return scale.of(found)

    def _delete(self, where: Route, call: Call) -> Answer:
        target, asked = _target(where), calls.asked_to_delete(call)
        found, is_gone = self._registry.delete(target, asked)
        if is_gone and where.resource.kind not in _RETURNED:
            return Answer(200, statuses.success(target.named, found["metadata"]["uid"]))
        return Answer(200, found)

    def _delete_collection(self, where: Route, call: Call) -> Answer:
        chosen, asked = listing.selection(where, call), calls.asked_to_delete(call)
        items = self._registry.store.items(where.resource.storage, where.namespace)
        found = [item for item in items if chosen.matches(item)]
        for item in found:
            metadata = item["metadata"]
            target = Target(where.resource, metadata.get("namespace", ""), metadata["name"])
            self._registry.delete(target, asked)
        metadata = {"resourceVersion": str(self._registry.store.version)}
        return Answer(200, listing.listed(where.resource, found, metadata))


_VERBS: Mapping[str, Callable[[Handlers, Route, Call], Response]] = {
    "get": Handlers._get,  # noqa: SLF001
    "list": Handlers._list,  # noqa: SLF001
    "watch": Handlers._list,  # noqa: SLF001
    "create": Handlers._create,  # noqa: SLF001
    "update": Handlers._update,  # noqa: SLF001
    "patch": Handlers._patch,  # noqa: SLF001
    "delete": Handlers._delete,  # noqa: SLF001
    "deletecollection": Handlers._delete_collection,  # noqa: SLF001
}
_METHODS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch"}


def _verb(call: Call, where: Route) -> str:
    if call.method == "DELETE":
        return "delete" if where.name else "deletecollection"
    if call.method == "GET" and not where.name:
        return "watch" if call.flag("watch") else "list"
    return _METHODS.get(call.method, "")


def _target(where: Route) -> Target:
    return Target(where.resource, where.namespace, where.name, where.subresource)


def _check_subresource(where: Route) -> None:
    known = where.subresource == "" or (where.subresource == "status" and where.resource.status)
    if not known:
        raise statuses.no_such_path()
