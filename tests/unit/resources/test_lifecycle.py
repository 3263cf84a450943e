"""Lifecycle rules: what S3 may answer is read in one form, and what is written says the same."""

import re
from typing import Any

import pytest

from headrace.aws.target import Target
from headrace.engine.slices import ABSENT, Missing
from headrace.resources.s3.bucket.lifecycle import Lifecycle, LifecycleFacet
from tests.unit.aws.loopback import Answer, Loopback, refusal

FACET = LifecycleFacet()
OLD = {"abortIncompleteUploadsAfterDays": 7}
_ABORT = "AbortIncompleteMultipartUpload"
ABORT = f"<{_ABORT}><DaysAfterInitiation>7</DaysAfterInitiation></{_ABORT}>"
TAG = "<Tag><Key>{}</Key><Value>{}</Value></Tag>"


def told(*rules: str) -> Answer:
    return Answer(200, f"<LifecycleConfiguration>{''.join(rules)}</LifecycleConfiguration>")


def rule(inner: str = ABORT, where: str = "<Filter><Prefix></Prefix></Filter>", name: str = "a") -> str:
    return f"<Rule><ID>{name}</ID>{where}<Status>Enabled</Status>{inner}</Rule>"


def lifecycle(*rules: dict[str, Any]) -> Lifecycle:
    return Lifecycle.model_validate({"rules": [{"id": "a", **each} for each in rules]})


def found(bucket: Target, aws: Loopback, answer: Answer) -> Lifecycle | Missing:
    aws.answers = [answer]
    with bucket.translating():
        return FACET.observe(bucket)


def step(time: str, name: str) -> str:
    return f"<Transition>{time}<StorageClass>{name}</StorageClass></Transition>"


@pytest.mark.parametrize(
    ("where", "filtered"),
    [
        ("<Filter></Filter>", {}),
        ("<Filter><Prefix></Prefix></Filter>", {}),
        ("<Prefix></Prefix>", {}),
        ("<Prefix>raw/</Prefix>", {"prefix": "raw/"}),
        ("<Filter><Prefix>raw/</Prefix></Filter>", {"prefix": "raw/"}),
        ("<Filter><And><Prefix>raw/</Prefix></And></Filter>", {"prefix": "raw/"}),
        (
            "<Filter><And><ObjectSizeLessThan>9</ObjectSizeLessThan>"
            "<ObjectSizeGreaterThan>0</ObjectSizeGreaterThan><Prefix></Prefix></And></Filter>",
            {"objectSizeLessThan": 9},
        ),
        (
            "<Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></Filter>",
            {"objectSizeGreaterThan": 5},
        ),
    ],
)
def test_a_filter_is_read_in_one_form(
    bucket: Target, aws: Loopback, where: str, filtered: dict[str, Any]
) -> None:
    assert found(bucket, aws, told(rule(where=where))) == lifecycle({**OLD, **filtered})


@pytest.mark.parametrize(
    "where",
    [
        f"<Filter><And>{TAG.format('b', 2)}{TAG.format('a', 1)}</And></Filter>",
        f"<Filter><And><Prefix/>{TAG.format('a', 1)}{TAG.format('b', 2)}</And></Filter>",
    ],
)
def test_the_order_of_tags_means_nothing(bucket: Target, aws: Loopback, where: str) -> None:
    end = "<Expiration><Days>1</Days></Expiration>"
    wanted = lifecycle({"expiration": {"days": 1}, "tags": {"a": "1", "b": "2"}})
    assert found(bucket, aws, told(rule(end, where))) == wanted


def test_the_order_of_rules_and_transitions_means_nothing(bucket: Target, aws: Loopback) -> None:
    steps = [step("<Days>90</Days>", "GLACIER"), step("<Days>30</Days>", "STANDARD_IA")]
    cooling = [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 90, "storageClass": "GLACIER"}]
    wanted = lifecycle({"id": "b", **OLD}, {"transitions": cooling})
    assert found(bucket, aws, told(rule(name="b"), rule("".join(steps)))) == wanted
    assert lifecycle({"transitions": cooling[::-1]}, {"id": "b", **OLD}) == wanted


@pytest.mark.parametrize(
    "moment", ["2030-01-31T00:00:00Z", "2030-01-31T00:00:00.000Z", "2030-01-31T01:00:00+01:00"]
)
def test_a_date_is_a_day_in_utc(bucket: Target, aws: Loopback, moment: str) -> None:
    wanted = lifecycle({"transitions": [{"date": "2030-01-31", "storageClass": "GLACIER"}]})
    assert found(bucket, aws, told(rule(step(f"<Date>{moment}</Date>", "GLACIER")))) == wanted


def test_what_says_nothing_is_not_said(bucket: Target, aws: Loopback) -> None:
    nothing = "<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>"
    assert found(bucket, aws, told(rule(nothing + ABORT))) == lifecycle(OLD)
    said = {**OLD, "prefix": "", "tags": {}, "transitions": [], "noncurrentVersionTransitions": []}
    assert lifecycle(said) == lifecycle(OLD)


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        (
            told(rule(step("<Days>1</Days>", "GLACIER_NEW"))),
            {
                "rules[a].enabled": "true",
                "rules[a].transitions": '[{"days":1,"storageClass":"GLACIER_NEW"}]',
            },
        ),
        (
            told(rule("<Expiration><Days>0</Days></Expiration>", "<Filter/>", name="")),
            {"rules[].enabled": "true", "rules[].expiration.days": "0"},
        ),
        (
            told(rule(ABORT, "<Filter><ObjectSizeGreaterThan>0</ObjectSizeGreaterThan></Filter>")),
            {
                "rules[a].enabled": "true",
                "rules[a].abortIncompleteUploadsAfterDays": "7",
                "rules[a].objectSizeGreaterThan": "0",
            },
        ),
    ],
)
def test_what_spec_could_not_say_is_read_and_shown_as_it_is(
    bucket: Target, aws: Loopback, answer: Answer, fields: dict[str, str]
) -> None:
    seen = found(bucket, aws, answer)
    assert isinstance(seen, Lifecycle)
    assert seen.fields() == fields


def test_no_configuration_is_absent(bucket: Target, aws: Loopback) -> None:
    assert found(bucket, aws, Answer(404, refusal("NoSuchLifecycleConfiguration"))) is ABSENT


# Writing


def written(bucket: Target, aws: Loopback, value: Lifecycle) -> str:
    aws.answers = [Answer(200, "")]
    aws.asked.clear()
    FACET.apply(bucket, value, ABSENT)
    (asked,) = aws.asked
    return asked.body


@pytest.mark.parametrize(
    ("filtered", "where"),
    [
        ({}, "<Prefix></Prefix>|<Prefix />"),
        ({"prefix": "raw/"}, "<Prefix>raw/</Prefix>"),
        ({"tags": {"a": "1"}}, TAG.format("a", 1)),
        ({"objectSizeLessThan": 9}, "<ObjectSizeLessThan>9</ObjectSizeLessThan>"),
        (
            {"prefix": "raw/", "objectSizeLessThan": 9},
            "<And><Prefix>raw/</Prefix><ObjectSizeLessThan>9</ObjectSizeLessThan></And>",
        ),
        ({"tags": {"b": "2", "a": "1"}}, f"<And>{TAG.format('a', 1)}{TAG.format('b', 2)}</And>"),
    ],
)
def test_one_condition_stands_by_itself_and_several_in_and(
    bucket: Target, aws: Loopback, filtered: dict[str, Any], where: str
) -> None:
    body = written(bucket, aws, lifecycle({"expiration": {"days": 1}, **filtered}))
    assert re.search(f"<Filter>({where})</Filter>", body)


def test_a_day_is_written_as_midnight_in_utc(bucket: Target, aws: Loopback) -> None:
    body = written(bucket, aws, lifecycle({"expiration": {"date": "2030-01-31"}}))
    assert "<Date>2030-01-31T00:00:00Z</Date>" in body


def test_a_rule_that_is_off_is_disabled(bucket: Target, aws: Loopback) -> None:
    assert "<Status>Disabled</Status>" in written(bucket, aws, lifecycle({**OLD, "enabled": False}))


def test_no_day_of_the_calendar_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="2030-02-30 is no day of the calendar"):
        lifecycle({"expiration": {"date": "2030-02-30"}})
