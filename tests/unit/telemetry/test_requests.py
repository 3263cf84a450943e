import pytest

from headrace.telemetry.requests import code_of, named

OURS = "/apis/headrace.io/v1alpha1"


@pytest.mark.parametrize(
    ("method", "path", "watch", "expected"),
    [
        ("GET", f"{OURS}/acceleratedbuckets", False, ("list", "acceleratedbuckets")),
        ("GET", f"{OURS}/acceleratedbuckets", True, ("watch", "acceleratedbuckets")),
        ("GET", f"{OURS}/namespaces/shop/distributions", True, ("watch", "distributions")),
        ("GET", f"{OURS}/namespaces/shop/distributions/site", False, ("get", "distributions")),
        ("PATCH", f"{OURS}/namespaces/a/distributions/b/status", False, ("patch", "distributions/status")),
        ("PATCH", f"{OURS}/awsaccounts/prod/status", False, ("patch", "awsaccounts/status")),
        ("GET", "/api/v1/namespaces", False, ("list", "namespaces")),
        ("GET", "/api/v1/namespaces/kube-system", False, ("get", "namespaces")),
        ("GET", "/api/v1/namespaces/shop/secrets/keys", False, ("get", "secrets")),
        ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events", False, ("create", "events")),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", False, ("update", "leases")),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", False, ("create", "tokenreviews")),
        ("DELETE", f"{OURS}/awsaccounts/prod", False, ("delete", "awsaccounts")),
        ("get", OURS, False, ("get", "discovery")),
        ("GET", f"{OURS}/", False, ("get", "discovery")),
        ("GET", "/version", False, ("get", "discovery")),
        ("GET", f"/k8s/clusters/c-1{OURS}/awsaccounts/prod", False, ("get", "awsaccounts")),
        ("OPTIONS", f"{OURS}/awsaccounts", False, ("other", "awsaccounts")),
    ],
)
def test_a_request_is_named_as_rbac_names_it(
    method: str, path: str, watch: bool, expected: tuple[str, str]
) -> None:
    assert named(method, path, watch=watch) == expected


@pytest.mark.parametrize(("status", "code"), [(200, "200"), (429, "429"), (0, "error"), (99999, "error")])
def test_a_code_is_a_status_or_says_that_there_was_none(status: int, code: str) -> None:
    assert code_of(status) == code
