"""What viewers get of the stand-in: real traffic, by Host, with the access that the bucket grants."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from sandbox.aws.stand_in import StandIn
from tests.sandbox.cdn import Cdn, behavior, listed, origin

pytestmark = pytest.mark.standin

STRANGER = "222222222222"
HOUR = 3600.0


@pytest.fixture
def site(cdn: Cdn) -> dict[str, Any]:
    """A distribution of a bucket that lets it in."""
    cdn.bucket("media", **{"index.html": "hello", "a/b": "deep"})
    made = cdn.create("site", origin("media", control=cdn.control()))
    cdn.grant("media", made["ARN"])
    assert cdn.status(made["Id"]) == "Deployed"
    return made


def test_a_viewer_gets_from_the_distribution_what_the_bucket_refuses(cdn: Cdn, site: dict[str, Any]) -> None:
    seen = cdn.aws.view(site["DomainName"], "/index.html")
    assert (seen.status, seen.body, seen.headers["content-type"]) == (200, b"hello", "text/plain")
    assert seen.headers["x-cache"] == "Miss from cloudfront"
    assert cdn.aws.view(site["DomainName"], "/a/b").body == b"deep"
    assert cdn.aws.view(site["DomainName"], "/missing").status == 403
    assert cdn.aws.view("media.s3.us-east-1.amazonaws.com", "/index.html").status == 403
    assert cdn.aws.view(site["DomainName"], "/index.html", method="PUT").status == 403


def test_a_viewer_is_refused_once_the_grant_is_gone_or_another_s(cdn: Cdn, site: dict[str, Any]) -> None:
    cdn.grant("media", site["ARN"] + "X")
    assert cdn.aws.view(site["DomainName"], "/index.html").status == 403
    cdn.grant("media", site["ARN"])
    assert cdn.aws.view(site["DomainName"], "/index.html").status == 200
    cdn.s3.delete_bucket_policy(Bucket="media")
    assert cdn.aws.view(site["DomainName"], "/index.html").status == 403


def test_a_distribution_serves_from_its_deployment_until_it_is_disabled(cdn: Cdn) -> None:
    cdn.bucket("media", key="hello")
    cdn.aws.deployment(HOUR)
    made = cdn.create("site", origin("media", control=cdn.control()))
    cdn.grant("media", made["ARN"])

    def seen() -> tuple[int, bool]:
        viewed = cdn.aws.view(made["DomainName"], "/key")
        return viewed.status, b"Bad request" in viewed.body

    assert seen() == (403, True)
    cdn.aws.deployment(0)
    assert seen() == (200, False)
    cdn.aws.deployment(HOUR)
    cdn.update(made["Id"], Enabled=False)
    assert seen() == (200, False)
    cdn.aws.deployment(0)
    assert seen() == (403, True)
    etag = cdn.cloudfront.get_distribution(Id=made["Id"])["ETag"]
    cdn.cloudfront.delete_distribution(Id=made["Id"], IfMatch=etag)
    assert seen() == (403, True)


def test_a_change_is_seen_once_it_is_deployed(cdn: Cdn, site: dict[str, Any]) -> None:
    cdn.aws.deployment(HOUR)
    cdn.update(site["Id"], DefaultRootObject="index.html")
    assert cdn.aws.view(site["DomainName"], "/").status == 403
    cdn.aws.deployment(0)
    assert cdn.aws.view(site["DomainName"], "/").body == b"hello"


def test_an_alias_is_a_host_and_a_wildcard_stands_for_many(cdn: Cdn, site: dict[str, Any]) -> None:
    names = ("www.example.org", "*.example.org")
    viewer = {"ACMCertificateArn": cdn.issued(cdn.zone(), *names), "SSLSupportMethod": "sni-only"}
    cdn.update(site["Id"], Aliases=listed(*names), ViewerCertificate=viewer)
    for host in ("www.example.org", "other.example.org", "WWW.EXAMPLE.ORG:443"):
        assert cdn.aws.view(host, "/index.html").body == b"hello", host
    # A path that is the stand-in's own elsewhere.
    assert cdn.aws.view("www.example.org", "/health").status == 403
    assert cdn.aws.view("www.example.com", "/index.html").status == 404


def test_a_distribution_of_another_account_serves_too(cdn: Cdn) -> None:
    stranger = Cdn(cdn.aws, account=STRANGER)
    cdn.bucket("media", key="hello")
    made = stranger.create("site", origin("media", control=stranger.control()))
    cdn.grant("media", made["ARN"])
    assert cdn.aws.view(made["DomainName"], "/key").body == b"hello"


def test_behaviors_are_chosen_by_path_in_their_order(cdn: Cdn) -> None:
    control = cdn.control()
    for name in ("first", "second", "third"):
        cdn.bucket(name, **{"a/x.jpg": name, "b": name})
    others = listed(behavior("second", PathPattern="*.jpg"), behavior("third", PathPattern="a/*"))
    names = [origin(name, control=control) for name in ("first", "second", "third")]
    made = cdn.create("site", *names, CacheBehaviors=others)
    for name in ("first", "second", "third"):
        cdn.grant(name, made["ARN"])
    assert cdn.aws.view(made["DomainName"], "/a/x.jpg").body == b"second"
    assert cdn.aws.view(made["DomainName"], "/b").body == b"first"


def test_the_response_headers_of_a_policy_are_added(cdn: Cdn, site: dict[str, Any]) -> None:
    added = listed({"Header": "X-Team", "Value": "media", "Override": True})
    hsts = {"AccessControlMaxAgeSec": 60, "Override": True}
    policy = {
        "Name": "mine",
        "CustomHeadersConfig": added,
        "SecurityHeadersConfig": {"StrictTransportSecurity": hsts},
    }
    made = cdn.cloudfront.create_response_headers_policy(ResponseHeadersPolicyConfig=policy)
    uses = {"ResponseHeadersPolicyId": made["ResponseHeadersPolicy"]["Id"]}
    cdn.update(site["Id"], DefaultCacheBehavior=uses)
    headers = cdn.aws.view(site["DomainName"], "/index.html").headers
    assert (headers["x-team"], headers["strict-transport-security"]) == ("media", "max-age=60")


def test_an_error_is_answered_with_its_page(cdn: Cdn, site: dict[str, Any]) -> None:
    page = {
        "ErrorCode": 403,
        "ResponsePagePath": "/index.html",
        "ResponseCode": "200",
        "ErrorCachingMinTTL": 0,
    }
    cdn.update(site["Id"], CustomErrorResponses=listed(page))
    assert cdn.aws.view(site["DomainName"], "/missing")[::2] == (200, b"hello")


def test_plain_http_is_redirected_where_the_behavior_says_so(cdn: Cdn, site: dict[str, Any]) -> None:
    cdn.update(site["Id"], DefaultCacheBehavior={"ViewerProtocolPolicy": "redirect-to-https"})
    assert cdn.aws.view(site["DomainName"], "/index.html").status == 200
    seen = cdn.aws.view(site["DomainName"], "/index.html", headers={"X-Forwarded-Proto": "http"})
    assert (seen.status, seen.headers["location"]) == (301, f"https://{site['DomainName']}/index.html")


def _group(*codes: int) -> dict[str, Any]:
    members = listed({"OriginId": "first"}, {"OriginId": "second"})
    return {"Id": "both", "FailoverCriteria": {"StatusCodes": listed(*codes)}, "Members": members}


def test_a_group_falls_back_to_its_second_origin_on_its_status_codes(cdn: Cdn) -> None:
    cdn.bucket("first", one="first")
    cdn.bucket("second", one="second", two="second")
    control = cdn.control()
    made = cdn.create(
        "site",
        origin("first", control=control),
        origin("second", control=control),
        OriginGroups=listed(_group(403, 500)),
        DefaultCacheBehavior=behavior("both"),
    )
    for name in ("first", "second"):
        cdn.grant(name, made["ARN"])
    host = made["DomainName"]
    assert cdn.aws.view(host, "/one").body == b"first"
    assert cdn.aws.view(host, "/two").body == b"second"
    assert cdn.aws.view(host, "/three").status == 403
    cdn.s3.delete_bucket_policy(Bucket="first")
    assert cdn.aws.view(host, "/one").body == b"second"
    cdn.update(made["Id"], OriginGroups=listed(_group(500)))
    assert cdn.aws.view(host, "/one").status == 403


def test_an_object_is_decrypted_where_its_key_lets_the_distribution_in(
    cdn: Cdn, site: dict[str, Any]
) -> None:
    kms = cdn.aws.client("kms", region="us-east-1")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    cdn.s3.put_bucket_encryption(Bucket="media", ServerSideEncryptionConfiguration=rules)
    cdn.s3.put_object(Bucket="media", Key="secret", Body=b"secret")
    assert cdn.aws.view(site["DomainName"], "/secret").status == 403
    assert cdn.aws.view(site["DomainName"], "/index.html").status == 200
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    grant = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceArn": site["ARN"]}},
    }
    for condition, seen in (("E1", 403), (site["ARN"], 200)):
        grant["Condition"] = {"StringEquals": {"aws:SourceArn": condition}}
        said = json.dumps({**policy, "Statement": [*policy["Statement"], grant]})
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=said)
        assert cdn.aws.view(site["DomainName"], "/secret").status == seen


class _Upstream(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.headers.get("X-Secret", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def upstream() -> Iterator[int]:
    """The port of an origin that is no bucket."""
    with HTTPServer(("127.0.0.1", 0), _Upstream) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def _custom(name: str, port: int) -> dict[str, Any]:
    ports = {"HTTPPort": port, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}
    secret = {"HeaderName": "X-Secret", "HeaderValue": "known"}
    return {
        "Id": name,
        "DomainName": "localhost",
        "CustomOriginConfig": ports,
        "CustomHeaders": listed(secret),
    }


def test_a_custom_origin_gets_its_headers_and_a_dead_one_is_failed_over(cdn: Cdn, upstream: int) -> None:
    made = cdn.create("custom", _custom("first", upstream))
    assert cdn.aws.view(made["DomainName"], "/x")[::2] == (200, b"known")
    grouped = cdn.create(
        "grouped",
        _custom("first", 1),
        _custom("second", upstream),
        OriginGroups=listed(_group(503)),
        DefaultCacheBehavior=behavior("both"),
    )
    assert cdn.aws.view(grouped["DomainName"], "/x").status == 200
    cdn.update(grouped["Id"], OriginGroups=listed(_group(500)))
    assert cdn.aws.view(grouped["DomainName"], "/x").status == 502


def test_viewers_are_logged_apart_from_the_calls_of_aws(cdn: Cdn, site: dict[str, Any]) -> None:
    mark = cdn.aws.mark()
    cdn.aws.view(site["DomainName"], "/index.html")
    cdn.status(site["Id"])
    assert [(call.operation, call.resource) for call in cdn.aws.since(mark)] == [
        ("GetDistribution", site["Id"])
    ]
    told = [(call.service, call.operation, call.resource, call.status) for call in cdn.aws.views(mark)]
    assert told == [("cloudfront-viewer", "GET /index.html", site["Id"], 200)]


def test_a_fault_hits_the_viewers_of_one_distribution(cdn: Cdn, site: dict[str, Any]) -> None:
    other = cdn.create("other")["DomainName"]
    cdn.aws.fault(service="cloudfront-viewer", resource=site["Id"], status=503, count=1)
    seen = [cdn.aws.view(host, "/index.html").status for host in (other, *[site["DomainName"]] * 2)]
    assert seen == [403, 503, 200]


def test_calls_are_logged_with_what_they_are_about(cdn: Cdn) -> None:
    mark = cdn.aws.mark()
    number = cdn.create()["Id"]
    control, policy = cdn.control(), cdn.cache_policy("mine")
    certificate = cdn.acm.request_certificate(DomainName="a.org")["CertificateArn"]
    cdn.describe(certificate)
    told = [(call.operation, call.resource) for call in cdn.aws.since(mark)]
    assert told == [
        ("CreateDistribution", number),
        ("CreateOriginAccessControl", control),
        ("CreateCachePolicy", policy),
        ("RequestCertificate", ""),
        ("DescribeCertificate", certificate),
    ]


def test_viewers_are_served_where_policies_are_checked() -> None:
    with StandIn(auth=True, deployment=0) as aws:
        cdn = Cdn(aws)
        cdn.bucket("media", key="hello")
        made = cdn.create("site", origin("media", control=cdn.control()))
        cdn.grant("media", made["ARN"])
        assert aws.view(made["DomainName"], "/key").body == b"hello"
        assert aws.view("media.s3.us-east-1.amazonaws.com", "/key").status == 403
