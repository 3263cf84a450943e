import pytest

from headrace.controller import finalizer
from headrace.controller.api import ApiError, Gone, Stale
from headrace.kinds.definition import FINALIZER
from tests.unit.controller.fakes import FakeApi
from tests.unit.controller.objects import REF

THEIRS, OTHERS = "example.com/theirs", "example.com/others"


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


# On


def test_ours_is_put_beside_those_of_others(api: FakeApi) -> None:
    held = finalizer.put_on(api, api.create(finalizers=[THEIRS]))

    assert held == api.read()
    assert held.finalizers == [THEIRS, FINALIZER]


def test_ours_is_put_on_where_there_is_no_list_yet(api: FakeApi) -> None:
    assert finalizer.put_on(api, api.create()).finalizers == [FINALIZER]
    assert api.log == ["patch"]


def test_it_is_put_on_only_what_was_read(api: FakeApi) -> None:
    read = api.create()
    api.edit({"switch": {}})

    with pytest.raises(Stale):
        finalizer.put_on(api, read)

    assert api.read().finalizers == []


# Off


@pytest.mark.parametrize("place", range(3))
def test_ours_and_no_other_is_taken_off_wherever_it_stands(api: FakeApi, place: int) -> None:
    others = [THEIRS, OTHERS]
    finalizer.take_off(api, api.create(finalizers=[*others[:place], FINALIZER, *others[place:]]))

    assert api.read().finalizers == others


def test_the_last_one_off_lets_the_object_go(api: FakeApi) -> None:
    api.create(finalizers=[FINALIZER])
    finalizer.take_off(api, api.delete())

    assert REF not in api


def test_what_is_off_already_needs_no_request(api: FakeApi) -> None:
    finalizer.take_off(api, api.create(finalizers=[THEIRS]))

    assert api.log == []


def test_an_object_that_is_gone_is_fine(api: FakeApi) -> None:
    read = api.create(finalizers=[FINALIZER])
    api.set_finalizers([])
    api.delete()
    finalizer.take_off(api, read)

    assert api.log == ["patch"]


def test_an_object_that_changed_is_read_again(api: FakeApi) -> None:
    read = api.create(finalizers=[FINALIZER])
    api.set_finalizers([THEIRS, FINALIZER])
    finalizer.take_off(api, read)

    assert api.read().finalizers == [THEIRS]
    assert api.log == ["patch", "get", "patch"]


def test_where_somebody_else_took_it_off_meanwhile_nothing_is_left_to_do(api: FakeApi) -> None:
    read = api.create(finalizers=[FINALIZER])
    api.set_finalizers([THEIRS])
    finalizer.take_off(api, read)

    assert api.read().finalizers == [THEIRS]
    assert api.log == ["patch", "get"]


def test_an_object_that_goes_while_it_is_read_again_is_fine(api: FakeApi) -> None:
    read = api.create(finalizers=[FINALIZER])
    api.annotate({"a": "b"})

    def gone() -> None:
        api.set_finalizers([])
        api.delete()

    api.before["get"] = gone
    finalizer.take_off(api, read)

    assert api.log == ["patch", "get"]


def test_the_finalizer_of_a_namesake_is_left_alone(api: FakeApi) -> None:
    read = api.create(finalizers=[FINALIZER])
    api.replace()
    api.set_finalizers([FINALIZER])
    finalizer.take_off(api, read)

    assert api.read().held


def test_it_gives_up_on_an_object_that_changes_all_the_time(api: FakeApi) -> None:
    read = api.create(finalizers=[FINALIZER])
    api.errors["patch"] = Stale("has changed meanwhile")

    with pytest.raises(Stale) as given_up:
        finalizer.take_off(api, read)

    assert str(given_up.value) == "Thing shop/media changes all the time; its finalizer could not be removed."
    assert api.log.count("patch") == 5


def test_what_the_api_server_refuses_is_told(api: FakeApi) -> None:
    read = api.create(finalizers=[FINALIZER])
    api.errors["patch"] = ApiError("may not patch")

    with pytest.raises(ApiError, match="may not patch"):
        finalizer.take_off(api, read)


def test_to_put_it_on_what_is_gone_says_so(api: FakeApi) -> None:
    read = api.create()
    api.delete()

    with pytest.raises(Gone):
        finalizer.put_on(api, read)
