"""What holds on every path through the table of a request, whatever the steps are."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.consent.links import check_link, link_digest
from bot.domain.consent.requests import (
    FRESH,
    TAKEN_ON,
    TRANSITIONS,
    Button,
    ConsentRequest,
    LinkBinding,
    Proof,
    ProofKind,
    Stage,
    Step,
    allowed,
    step,
)
from bot.domain.consent.snooze import Snooze
from bot.domain.evidence.rules import RULES, Source
from bot.errors import LinkExpired, LinkRevoked, LinkSpent
from tests.examples import NOW, REQUEST

PLAN = Snooze(datetime(2025, 3, 4, 9), "UTC")
KEEPS_A_PLAN = frozenset({Step.HAND_OVER, Step.POLL, Step.DELIVER, Step.RETURN, Step.SNOOZE})


@given(st.data())
def test_a_link_is_spent_at_most_once_on_any_path(data: st.DataObject) -> None:
    """And with it every token that was ever issued: none opens a stage that is spent."""
    request, tokens, spent = REQUEST, list[str](), 0
    for number in range(data.draw(st.integers(1, 25))):
        choices = allowed(request.stage)
        if not choices:
            break
        taken = data.draw(st.sampled_from(choices))
        link = None
        if taken in (Step.ISSUE, Step.RENEW):
            tokens.append(f"token-{number}")
            link = LinkBinding(link_digest(tokens[-1]), NOW + timedelta(hours=72))
        proof = Proof(ProofKind.SIGNED_IN, "entra:ada", NOW) if taken is Step.ACKNOWLEDGE else None
        snooze = PLAN if taken is Step.SNOOZE else None
        request = step(request, taken, NOW, link=link, proof=proof, snooze=snooze)
        spent += taken is Step.ACKNOWLEDGE
        assert spent <= 1
        assert request.snooze is None or taken in KEEPS_A_PLAN
        good = [token for token in tokens if opens(request, token)]
        assert good == (tokens[-1:] if request.stage in FRESH else [])


def opens(request: ConsentRequest, token: str) -> bool:
    try:
        check_link(request, link_digest(token), NOW)
    except (LinkRevoked, LinkSpent, LinkExpired):
        return False
    return True


def test_nothing_leads_from_spent_back_to_fresh() -> None:
    """Not by one step and not by many."""
    for start in (*TAKEN_ON, *(stage for stage in Stage if not stage.is_open)):
        reached = {start}
        for _ in Stage:
            reached |= {end for (stage, _), end in TRANSITIONS.items() if stage in reached}
        assert not reached & FRESH


def test_proofs_are_ordered_as_they_are_written_down() -> None:
    """Each reaches itself and what is weaker, and nothing else."""
    kinds = list(ProofKind)
    for number, kind in enumerate(kinds):
        assert [other for other in kinds if kind.reaches(other)] == kinds[: number + 1]


def test_every_button_counts_as_a_persons_word() -> None:
    """Never as something that a machine saw."""
    assert {RULES[button.evidence].source for button in Button} == {Source.PERSON}
    assert len({button.evidence for button in Button}) == len(Button)
