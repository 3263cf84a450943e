"""Regions that an account has to enable: which they are, and what is said where one may be off."""

from typing import Any

import botocore.session
import pytest

from headrace.aws.errors import Place
from headrace.aws.regions import opt_in
from sandbox.aws.stand_in import OPT_IN_REGIONS
from tests.unit.aws.test_errors import answer, translated


@pytest.mark.parametrize(
    ("code", "region", "more"),
    [
        ("InvalidAccessKeyId", "ap-east-1", " Or region ap-east-1 is not enabled in the account."),
        ("InvalidToken", "eu-south-2", " Or region eu-south-2 is not enabled in the account."),
        ("InvalidClientTokenId", "me-central-1", " Or region me-central-1 is not enabled in the account."),
        ("InvalidAccessKeyId", "eu-central-1", ""),
        ("InvalidAccessKeyId", "cn-north-1", ""),
        ("ExpiredToken", "ap-east-1", ""),
    ],
)
def test_of_credentials_that_a_region_does_not_know_it_may_be_the_region(
    code: str, region: str, more: str
) -> None:
    error = translated(answer(code, 403, "No."), Place("arn:aws:s3:::media", region=region))
    assert error.message == f"AWS does not accept the credentials ({code}): No.{more}"


def test_a_region_is_off_at_first_exactly_where_the_account_has_to_enable_it() -> None:
    data: Any = botocore.session.get_session().get_component("data_loader").load_data("partitions")
    for partition in data["partitions"]:
        regions = {region for region in partition["regions"] if not region.endswith("-global")}
        off = {region for region in regions if opt_in(region)}
        if partition["id"] == "aws":
            assert off >= OPT_IN_REGIONS & regions
            assert len(regions - off) == 17, "those from before 2019, which are on from the start"
        else:
            assert off == set()
