"""Which app is meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from bot.chat.typed.find_app import Named, app_within, find_app, named_app
from bot.domain.changes import Changes
from bot.domain.inventory.apps import AppRef, AppStatus
from bot.domain.inventory.records import AppRecord
from bot.errors import AppAmbiguous, AppUnknown
from tests import strategies as some
from tests.examples import record_of
from tests.fake_ledger import FakeLedger


def app(org: str, app_id: str, label: str) -> Named:
    return AppRef(org, app_id), label


EU = app("contoso", "0oaEU", "Contoso EU")
US = app("contoso", "0oaUS", "Contoso US")
LAB = app("contoso-lab", "0oaLAB", "Lab")
TWIN = app("contoso-lab", "0oaTWIN", "Contoso US")
ALL = (EU, US, LAB, TWIN)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("contoso/0oaEU", EU),
        ("CONTOSO/0OAEU", EU),
        ("0oaTWIN", TWIN),
        ("contoso eu", EU),
        (" Contoso EU ", EU),
        ("EU", EU),
        ("lab", LAB),
    ],
)
def test_an_app_is_found_by_reference_id_label_or_part(name: str, named: Named) -> None:
    """The more exact reading wins: an id before a label, a label before a part of one."""
    assert find_app(name, ALL) is named[0]


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("Contoso US", ("contoso/0oaUS", "contoso-lab/0oaTWIN")),
        ("contoso", ("contoso/0oaEU", "contoso/0oaUS", "contoso-lab/0oaTWIN")),
    ],
)
def test_a_name_that_fits_several_is_never_guessed(name: str, choices: tuple[str, ...]) -> None:
    """The error lists the references, which can be said instead."""
    with pytest.raises(AppAmbiguous) as caught:
        find_app(name, ALL)
    assert tuple(caught.value.choices) == choices


def test_a_misspelt_name_gets_proposals() -> None:
    """Labels that look alike are offered as they are written."""
    with pytest.raises(AppUnknown) as caught:
        find_app("Contsoo EU", ALL)
    assert caught.value.closest[0] == "Contoso EU"


@pytest.mark.parametrize("name", ["contosoo", "Conotso"])
def test_a_misspelt_word_of_a_label_gets_proposals_too(name: str) -> None:
    """People name an app by the word that tells it from the others."""
    with pytest.raises(AppUnknown) as caught:
        find_app(name, ALL)
    assert sorted(caught.value.closest) == ["Contoso EU", "Contoso US"]


@pytest.mark.parametrize("name", ["", "   ", "nothing like it"])
def test_nothing_alike_is_unknown(name: str) -> None:
    """No name is no app, also where there is only one."""
    with pytest.raises(AppUnknown):
        find_app(name, (LAB,))


@given(some.app_records)
def test_every_app_is_found_by_its_reference(record: AppRecord) -> None:
    """Buttons say the reference, whatever the label holds."""
    ref = record.app.ref
    assert find_app(str(ref), ((ref, record.app.label), LAB)) is ref


SALES = app("contoso", "0oaS", "Office 365 Sales")
LABS = app("contoso", "0oaL", "Labs")
ROCKET = app("contoso", "0oaR", "🚀 Office 365")
EMEA = app("contoso", "0oaM", "Mail <EMEA>")
MAIL = app("contoso", "0oaN", "Mail")
STAR = app("contoso", "0oaX", "*Star* – “EU”")
MANY = (SALES, LABS, ROCKET, EMEA, MAIL, STAR)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (":rocket: office 365", ROCKET),
        ("🚀 Office\u00a0365", ROCKET),
        ("Mail <EMEA>", EMEA),
        ("mail", MAIL),
        ("*labs*", LABS),
        ("`Labs`?", LABS),
        ("_Labs_", LABS),
        ("Labs please", LABS),
        ("Labs, bitte!", LABS),
        ("the labs app", LABS),
        ("die App Labs", LABS),
        ("labs\u200b", LABS),
        ('*Star* -- "EU"', STAR),
        ("sales?", SALES),
        ("S\u00adales", SALES),
        ("\u202bLabs\u202c", LABS),
        ("Ｌａｂｓ", LABS),
        ("\u201eLabs\u201c", LABS),
    ],
)
def test_an_app_is_found_as_it_is_shown(name: str, record: Named) -> None:
    """Whatever the platform made of it; what is written exactly so counts first."""
    assert find_app(name, MANY) is record[0]


@pytest.mark.parametrize(
    ("words", "record"),
    [
        ("has to consent for Sales?", SALES),
        ("is Office 365 Sales not done yet?", SALES),
        ("muss für Sales zustimmen?", SALES),
        ("ist 🚀 Office 365 noch offen", ROCKET),
        ("ist :rocket: Office 365 noch offen", ROCKET),
        ("the link for labs to Ben", LABS),
        ("is 0oaN still open?", MAIL),
        ("is Mail <EMEA> still open", EMEA),
        ("den Link für Labs an Ben", LABS),
    ],
)
def test_the_name_is_found_inside_a_sentence(words: str, record: Named) -> None:
    """The longest name that stands there; a part of one where nothing else is said."""
    assert app_within(words, MANY) is record[0]


@pytest.mark.parametrize("name", ["Lаbs", "Labѕ", "Ꮮabs"])
def test_letters_of_another_script_name_no_app(name: str) -> None:
    """What only looks like its name is offered, and never taken."""
    with pytest.raises(AppUnknown):
        find_app(name, MANY)


@pytest.mark.parametrize(
    ("name", "surely"),
    [
        ("Home Office US", True),
        ("home", True),
        ("office us", True),
        ("contoso/0oaH", True),
        ("me", False),
        ("us", False),
        ("off", False),
        ("the off", False),
    ],
)
async def test_a_part_of_a_word_is_no_name_to_act_on(name: str, surely: bool) -> None:
    """ "send me" is not about "Home Office": what was found so is shown first."""
    ledger = FakeLedger()
    record = record_of("0oaH", "Home Office US")
    await ledger.commit(Changes(apps=(record,)))
    assert (await named_app(ledger, name))[1] is surely


@pytest.mark.parametrize("name", ["Mail", "who can do Mail?"])
async def test_of_apps_that_are_called_the_same_the_one_that_is_still_there_is_meant(
    name: str,
) -> None:
    """Made anew under its old label; by its id, the one before is found all the same."""
    new, old = record_of("0oaNew", "Mail"), record_of("0oaOld", "Mail")
    gone = replace(old, app=replace(old.app, status=AppStatus.DELETED))
    ledger = FakeLedger()
    await ledger.commit(Changes(apps=(new, gone)))
    assert (await named_app(ledger, name))[0] == new
    assert (await named_app(ledger, "0oaOld"))[0] == gone
    third = record_of("0oaThird", "Mail")
    await ledger.commit(Changes(apps=(third,)))
    with pytest.raises(AppAmbiguous) as error:
        await named_app(ledger, name)
    assert set(error.value.choices) == {str(new.app.ref), str(third.app.ref)}


@pytest.mark.parametrize("words", ["Labs and Mail", "is mail or labs done?"])
def test_a_sentence_about_several_apps_is_not_guessed(words: str) -> None:
    """They are offered."""
    with pytest.raises(AppAmbiguous):
        app_within(words, MANY)


@pytest.mark.parametrize("words", ["is it done?", "", "who", "the weather in Berlin"])
def test_a_sentence_about_no_app_is_about_none(words: str) -> None:
    """Filler words are no part of a name."""
    with pytest.raises(AppUnknown):
        app_within(words, MANY)
