"""Requests to answers: each verb of the API."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sandbox.kubernetes import (
    actions,
    discovery,
    listing,
    objects,
    options,
    patches,
    scale,
    statuses,
)
from sandbox.kubernetes.access import Access
from sandbox.kubernetes.actions import Action
from sandbox.kubernetes.apply_body import apply_body
from sandbox.kubernetes.calls import Answer, Call, Connect, Response, Stream
from sandbox.kubernetes.rbac import Authorizer
from sandbox.kubernetes.registry import Registry
from sandbox.kubernetes.routes import Route, route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause, Named, NoSuchGroup, StatusError
from sandbox.kubernetes.targets import Asked, Target
from sandbox.kubernetes.watch_faults import WatchFaults, muted
from sandbox.kubernetes.watches import Selection, Watch

_CONNECTS = {("pods", "log"), ("pods", "proxy"), ("services", "proxy")}
# Kinds whose deletion is answered with the object and not with a Status.
_RETURNED = {
    "Pod", "ServiceAccount", "PersistentVolumeClaim", "Namespace", "ResourceQuota", "StorageClass",
}  # fmt: skip
_WATCH_SECONDS = 1800


class Handlers:
    """The API."""

    def __init__(
        self,
        registry: Registry,
        access: Access,
        authorizer: Authorizer,
        watch_faults: WatchFaults,
    ) -> None:
        self._registry = registry
        self._watch_faults = watch_faults
        self._access = access
        self._authorizer = authorizer
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
        asking = self._access.user(call.headers.get("Authorization", ""))
        call = replace(call, user=self._authorizer.pretended(asking, call.headers))
        wanted = actions.action(call)
        self._authorizer.check(call.user, wanted)
        self._watch_faults.check(call.user, wanted)
        if wanted.path:
            found = discovery.document(self._catalog, call.path)
            if found is not None:
                return Answer(200, found)
        where = route(self._catalog, call.path)
        if (where.resource.plural, where.subresource) in _CONNECTS:
            return Connect(where, call)
        if where.name and "get" not in where.resource.verbs:
            raise statuses.no_such_path()
        handler = _handler(call, wanted, where)
        if handler is None:
            raise statuses.method_not_allowed()
        return handler(self, where, call)

    def _review(self, where: Route, call: Call) -> Answer:
        target, asked = _target(where), options.asked(call)
        body = objects.decoded(where.resource, call.json())
        if where.resource.kind == "SelfSubjectRulesReview":
            status = self._rules(call, body["spec"].get("namespace", ""))
        else:
            decision = self._authorizer.decide(call.user, actions.reviewed(body))
            status = {"allowed": decision.allowed}
            status |= {"reason": decision.reason} if decision.reason else {}
        return Answer(201, self._registry.answered(target, body, asked, status))

    def _rules(self, call: Call, namespace: str) -> Json:
        """What a user may do in a namespace, as a SelfSubjectRulesReview is answered."""
        if not namespace:
            raise StatusError(400, "BadRequest", "no namespace on request")
        rules = self._authorizer.rules(call.user, namespace)
        on_paths = [rule for rule in rules if "nonResourceURLs" in rule]
        on_resources = [rule for rule in rules if "nonResourceURLs" not in rule]
        found = {"resourceRules": on_resources, "nonResourceRules": on_paths}
        return {**found, "incomplete": False}

    # Reading.

    def _get(self, where: Route, call: Call) -> Answer:
        listing.check_version(call)
        if where.subresource == "scale" and where.resource.scale:
            return Answer(200, scale.of(self._registry.get(_target(where))))
        _check_subresource(where)
        return Answer(200, self._registry.get(_target(where)))

    def _list(self, where: Route, call: Call) -> Response:
        chosen = listing.selection(where, call)
        if call.flag("watch"):
            return self._watch(chosen, call)
        items, metadata = listing.page(self._registry.store, chosen, call)
        return Answer(200, listing.listed(where.resource, items, metadata))

    def _watch(self, selection: Selection, call: Call) -> Stream:
        listing.check_version(call)
        is_silent = self._watch_faults.is_silent(call.user)
        selection = muted(selection) if is_silent else selection
        watch = Watch(self._registry.store, selection, call.query.get("resourceVersion", ""))
        seconds = float(call.number("timeoutSeconds", _WATCH_SECONDS))
        return Stream(watch, seconds, call.flag("allowWatchBookmarks") and not is_silent)

    # Writing.

    def _create(self, where: Route, call: Call) -> Answer:
        asked, body = options.asked(call), call.json()
        if where.subresource == "eviction":
            how = body.get("deleteOptions") or {}
            self._registry.delete(_target(where), Asked(asked.manager, options=how))
            return Answer(201, statuses.success(Named("", ""), "") | {"details": None})
        if where.name:
            raise statuses.method_not_allowed()
        return Answer(201, self._registry.create(_target(where), body, asked))

    def _update(self, where: Route, call: Call) -> Answer:
        target, asked = _target(where), options.asked(call)
        if where.subresource == "scale":
            return Answer(200, self._scaled(where, call.json(), asked))
        _check_subresource(where)
        found, is_new = self._registry.replace(target, call.json(), self._creating(call, asked))
        return Answer(201 if is_new else 200, found)

    def _patch(self, where: Route, call: Call) -> Answer:
        kind = call.content_type
        if kind not in patches.ALL:
            raise statuses.unsupported_media_type()
        asked = options.asked(call)
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
        patch = apply_body(where.resource, call.body, self._catalog.profile, where.namespace)
        asked = self._creating(call, asked)
        found, is_new = self._registry.apply(_target(where), patch, asked)
        return Answer(201 if is_new else 200, found)

    def _creating(self, call: Call, asked: Asked) -> Asked:
        """What is not there yet may be made by who may create, too."""
        wanted = replace(actions.action(call), verb="create")
        return replace(asked, may_create=lambda: self._authorizer.may(call.user, wanted))

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
        target, asked = _target(where), options.asked_to_delete(call)
        found, is_gone = self._registry.delete(target, asked)
        if is_gone and where.resource.kind not in _RETURNED:
            return Answer(200, statuses.success(target.named, found["metadata"]["uid"]))
        return Answer(200, found)

    def _delete_collection(self, where: Route, call: Call) -> Answer:
        chosen, asked = listing.selection(where, call), options.asked_to_delete(call)
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
_REVIEWS = {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _handler(
    call: Call, wanted: Action, where: Route
) -> Callable[[Handlers, Route, Call], Response] | None:
    """Who answers; None where a resource has no such verb."""
    if where.resource.plural in _REVIEWS and wanted.verb == "create":
        return Handlers._review  # noqa: SLF001
    known = where.subresource or wanted.verb in where.resource.verbs
    return _VERBS.get(wanted.verb) if call.method in _METHODS and known else None


def _target(where: Route) -> Target:
    return Target(where.resource, where.namespace, where.name, where.subresource)


def _check_subresource(where: Route) -> None:
    known = where.subresource == "" or (where.subresource == "status" and where.resource.status)
    if not known:
        raise statuses.no_such_path()
