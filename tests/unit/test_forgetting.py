"""What requests say of somebody who is forgotten."""

from __future__ import annotations

from bot.domain.forgetting import identifiers_of, is_about, request_without
from bot.domain.pseudonyms import Somebody
from tests.examples import REQUEST


def test_a_request_without_its_person_is_a_change_and_one_of_others_stays_as_it_is() -> None:
    """Whoever read it before is too late to write their name back."""
    somebody = Somebody(identifiers_of(REQUEST))
    found = request_without(REQUEST, somebody, "person:1")
    assert not is_about(found, somebody)
    assert found.revision == REQUEST.revision + 1
    assert request_without(REQUEST, Somebody(["slack:U99"]), "person:2") is REQUEST
