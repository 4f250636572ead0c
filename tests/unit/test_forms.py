"""Every form that an answer may offer: drawn within Slack's limits, and read as it is meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from adapters.slack.rendering.forms import view
from bot.chat.forms import Forms
from bot.chat.typed.commands import Away, Later, NotMe, Onboard, Own, Waive
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import WITH_ACCOUNT, WITH_APP
from bot.chat.words import Words, languages
from bot.form import Form, filled
from sandbox.slack.blocks import modal_problems
from tests.there import there

DAY = "2027-01-31"
LATEST = date(2027, 5, 1)
MAKE: dict[str, tuple[Callable[[Forms], Form], type]] = {
    "later": (lambda forms: forms.later("ABC-DEF,GHJ-KMN"), Later),
    "not me": (lambda forms: forms.not_me("ABC-DEF"), NotMe),
    "away": (lambda forms: forms.away(), Away),
    "waive": (lambda forms: forms.waive("", None, LATEST), Waive),
    "waive this": (lambda forms: forms.waive("Office 365 until", LATEST, LATEST), Waive),
    "owner": (lambda forms: forms.owner(), Own),
    "onboard": (lambda forms: forms.domain(), Onboard),
    **{verb: (partial(Forms.account, verb=verb), kind) for verb, kind in WITH_ACCOUNT.items()},
    **{verb: (partial(Forms.app, verb=verb), kind) for verb, kind in WITH_APP.items()},
}
VALUES = {
    "from": "2027-01-25",
    "day": DAY,
    "reason": "retired in January,\nuntil then because of the audit",
    "name": "Ben Okafor",
    "app": "Office 365 Kiosk",
    "account": "svc@contoso.com",
    "owner": "ada@contoso.com",
    "domain": "fabrikam.com",
}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", MAKE)
def test_slack_takes_it(name: str, language: str) -> None:
    """Titles, labels, and what is kept until it is sent off."""
    form = MAKE[name][0](Forms(Words(language)))
    made = there(
        view(form, {"url": "https://hooks.slack.com/actions/T0/1/" + "x" * 60, "thread": ""})
    )
    assert modal_problems(made) == []
    for text in (form.title, form.send, form.cancel):
        assert len(text) <= 24, text


@pytest.mark.parametrize("name", MAKE)
def test_what_was_filled_in_is_understood(name: str) -> None:
    """As the command that the answer asked back for, with all that was filled in."""
    make, kind = MAKE[name]
    form = make(Forms(Words()))
    values = {field.name: VALUES[field.name] for field in form.fields}
    command = parse(filled(form.said, values))
    assert isinstance(command, kind), command
    for field in form.fields:
        first = values[field.name].split()[0]
        assert first in repr(command) or field.name == "day", (field.name, command)


def test_an_empty_field_leaves_its_part_out() -> None:
    """And a value is never read as a part of the form."""
    form = Forms(Words()).later("ABC-DEF")
    assert filled(form.said, {"day": DAY, "reason": "  "}) == f"later ABC-DEF {DAY}"
    assert filled(form.said, {"day": DAY, "reason": "{day}"}) == f"later ABC-DEF {DAY} {{day}}"
    assert filled(form.said, {}) == "later ABC-DEF"
