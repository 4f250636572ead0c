"""What is told when a request has moved: the person's message changes in place.

The deliveries are part of the same commit as the step, so none is lost.
"""

from __future__ import annotations

from datetime import datetime

from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import Happening, OperatorNote, RequestChanged


def changed(request: ConsentRequest, now: datetime) -> Delivery:
    """The person's message about `request`, as it stands after its last step."""
    notice = RequestChanged(request.chat, request.id, request.revision)
    return Delivery(notice, now, "request_changed")


def note(
    request: ConsentRequest, happened: Happening, at: datetime, *, round: str = ""
) -> tuple[Delivery, ...]:
    """A word at `at` to the operator who had the person asked; nobody when that is not known."""
    if request.asker is None:
        return ()
    notice = OperatorNote(request.asker, happened, request.id, round)
    return (Delivery(notice, at, happened.value),)


def hour_of(now: datetime) -> str:
    """Names the hour, so that what happens often is told once in it."""
    return f"{now:%Y-%m-%dT%H}"
