import json
import re
from pathlib import Path

import pytest
import yaml

from headrace.aws.policy import MOST_CHARACTERS, MOST_OF_TRUST
from headrace.kinds.crd import custom_resource_definition, object_schema
from headrace.kinds.registry import KINDS
from headrace.resources.policies import named
from headrace.resources.registry import resource_types
from tools import generate, iam, reference
from tools.names import kebab
from tools.yaml_text import to_yaml


@pytest.mark.parametrize("path", generate.generated_files(), ids=str)
def test_a_generated_file_says_what_the_models_say(path: Path) -> None:
    produce = generate.generated_files()[path]

    assert (generate.ROOT / path).read_text(encoding="utf-8") == produce(), "run `make generate`"


def test_a_check_lists_what_differs_and_what_is_missing_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "same").write_text("same")
    (tmp_path / "stale").write_text("old")
    files = {Path(name): (lambda name=name: str(name)) for name in ("same", "stale", "new")}
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "generated_files", lambda: files)

    assert generate.main(["--check"]) == 1

    told = capsys.readouterr().err
    assert [line.split()[0] for line in told.splitlines()] == ["stale", "new"]
    assert (tmp_path / "stale").read_text() == "old"
    assert not (tmp_path / "new").exists()

    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_every_kind_has_a_definition_and_a_reference_page() -> None:
    for kind in KINDS.values():
        assert Path(f"crds/{kind.plural}.headrace.io.yaml") in generate.generated_files()
    assert Path("docs/reference/accelerated-bucket.md") in generate.generated_files()


def test_every_resource_type_is_on_the_page_of_a_kind_with_all_its_iam_actions() -> None:
    pages = "".join(reference.page(kind) for kind in KINDS.values())

    for resource in resource_types().values():
        for member in resource.members():
            for action in member.permissions.all():
                assert f"`{action}`" in pages


def test_every_kind_that_stands_for_resources_has_its_policies_and_their_page() -> None:
    folder, files = Path("docs", "iam"), generate.generated_files().keys()
    for kind in KINDS.values():
        stem = kebab(kind.name)
        several = len(kind.resources) > 1
        assert {folder / f"{stem}-{word}.json" for word in ("manage", "observe")} <= files
        for resource in kind.resources:
            of_type = kebab(resource.name.split("/")[-1].replace("_", "-")) if several else ""
            names = {kebab(named(member)) for member in resource.members()}
            assert {folder / stem / of_type / f"{name}.json" for name in names} <= files
        assert folder / f"{stem}.md" in files


LONGEST = {
    "ACCOUNT_ID": "1" * 12,
    "BUCKET_NAMES": "b" * 63,
    "CLUSTER_ID": "c" * 63,
    "EKS_CLUSTER_ARN": f"arn:aws-us-gov:eks:us-gov-west-1:{'1' * 12}:cluster/{'c' * 100}",
    "HOSTED_ZONE_IDS": "Z" * 32,
    "NAMESPACE": "n" * 63,
    "OIDC_ISSUER": f"oidc.eks.ap-southeast-1.amazonaws.com/id/{'A' * 32}",
    "OPERATOR_ARN": f"arn:aws-us-gov:iam::{'1' * 12}:role/{'r' * 64}",
    "ROLE_ARN": f"arn:aws-us-gov:iam::{'1' * 12}:role/{'r' * 64}",
}
"""The longest that AWS or we take in the place of each word; roles without a path."""


def policies() -> dict[Path, str]:
    return {path: make() for path, make in iam.files(KINDS.values()).items() if path.suffix == ".json"}


def filled_in(text: str) -> str:
    words = {**LONGEST, f"headrace@{'n' * 63}": f"headrace@{'n' * 55}"}
    for word, value in words.items():
        text = text.replace(word, value)
    return text


@pytest.mark.parametrize("path", policies(), ids=lambda path: str(path.relative_to(iam.FOLDER)))
def test_every_policy_is_one_that_iam_takes_and_fits_even_where_it_is_filled_in_with_the_longest(
    path: Path,
) -> None:
    text = filled_in(policies()[path])
    document = json.loads(text)
    sids = [said["Sid"] for said in document["Statement"]]

    assert document["Version"] == "2012-10-17"
    assert len(sids) == len(set(sids))
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
    for said in document["Statement"]:
        who, what = said.get("Principal"), said.get("Resource")
        assert (who is None) != (what is None), "what has a principal is the policy of the resource itself"
        assert set(said) <= {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        assert said["Effect"] == "Allow"
        assert all(re.fullmatch("[a-z0-9-]+:[A-Z][A-Za-z]+", action) for action in listed(said["Action"]))
        assert all(re.fullmatch(r"\*|arn:aws[a-z-]*:[a-z0-9]+:.+", arn) for arn in listed(what or "*"))
    trusting = path.name.startswith("trust-policy")
    assert len("".join(text.split())) <= (MOST_OF_TRUST if trusting else MOST_CHARACTERS)


def listed(said: str | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else said


def test_a_policy_of_a_whole_kind_says_each_sid_and_each_action_once() -> None:
    for kind in KINDS.values():
        statements = iam.managing(kind).statements
        sids = [each.sid for each in statements]
        granted = [(action, each.resources) for each in statements for action in each.actions]
        assert len(sids) == len(set(sids))
        assert len(granted) == len(set(granted))


def test_words_that_stand_for_something_are_all_in_the_page_and_can_be_nothing_that_aws_knows() -> None:
    page = (generate.ROOT / "docs" / "iam" / "README.md").read_text(encoding="utf-8")
    texts = policies().values()
    words = {word for text in texts for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)}

    assert words | {"NAMESPACE"} == set(LONGEST)
    assert all(f"| `{word}` |" in page for word in LONGEST)


def test_no_file_is_left_of_what_there_is_no_more() -> None:
    folder = generate.ROOT / "docs" / "iam"
    there = {path.relative_to(generate.ROOT) for path in folder.rglob("*") if path.is_file()}

    assert there - generate.generated_files().keys() == {Path("docs", "iam", "README.md")}


def test_a_page_has_a_row_of_five_cells_for_every_field_whatever_is_in_its_pattern() -> None:
    for kind in KINDS.values():
        schema = object_schema(kind)["properties"]
        paths = [field.path for part in ("spec", "status") for field in reference.fields(schema[part], part)]
        rows = [line.replace("\\|", "") for line in reference.page(kind).splitlines()]
        for path in paths:
            (row,) = (row for row in rows if row.startswith(f"| `{path}` |") and row.count("|") == 6)
            assert row.endswith(". |")


def test_bounds_are_told_in_words() -> None:
    page = reference.page(KINDS["AcceleratedBucket"])

    assert "| `spec.tags` | map of string | at most 100 entries; each at most 256 characters |" in page
    assert "| `spec.bucketName` | string | 3 to 63 characters; `^[a-z0-9]" in page
    assert "(key\\|alias)" in page
    assert "| **`Manage`** |" in page


def test_yaml_reads_back_as_what_was_written() -> None:
    texts = [
        "",
        "True",
        "no",
        " led by a space " * 9,
        "two  spaces in a long text " * 5,
        "one\ntwo\n",
        "a: b # c " * 9,
    ]
    documents = [
        {"texts": texts, "nested": [{"key": texts}]},
        *map(custom_resource_definition, KINDS.values()),
    ]

    text = to_yaml(documents, "Made by a test.\nIn two lines.")

    assert list(yaml.safe_load_all(text)) == documents
    assert text.startswith("# Made by a test.\n# In two lines.\n---\n")
    assert "&id" not in text


def test_long_texts_are_folded_and_stay_within_the_width() -> None:
    text = to_yaml([{"text": "some words " * 40}], "Made by a test.")

    assert max(len(line) for line in text.splitlines()) <= 110
    assert "text: >" in to_yaml([{"text": "some words " * 40 + "."}], "Made by a test.")
