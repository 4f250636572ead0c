"""What brings two people together: the apps that take both of them, as they stand now."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.words import Words
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.notices import Introduction
from bot.domain.normalization import exact
from bot.domain.people.policy import PeoplePolicy
from bot.message import (
    Block,
    Buttons,
    Fact,
    Facts,
    Group,
    Heading,
    Item,
    Message,
    Note,
    OpenLink,
    Text,
)
from bot.ports.clouds import OktaOrg
from bot.ports.store.ledger import Ledger
from bot.services.consent.introduce import may_sit_beside
from bot.services.inventory.consoles import integration_tab

SHOWN = 8


async def introduction(
    ledger: Ledger,
    orgs: Mapping[str, OktaOrg],
    people: PeoplePolicy,
    notice: Introduction,
    words: Words,
) -> Message | None:
    """None when nothing is left that takes both."""
    requests = await _of_both(ledger, people, notice)
    if not requests:
        return None
    first, many = requests[0], len(requests)
    title = words("introduction.title", app=first.app_label)
    if many > 1:
        title = words("introduction.titles", count=many)
    other = notice.partner.display_name or notice.partner.email or notice.partner.user_id
    text = words("introduction.text", count=many, admin=first.admin_name, partner=other)
    blocks: list[Block] = [Heading(title), Text(text)]
    links = [await _link(orgs, one, words, alone=many == 1) for one in requests[:SHOWN]]
    if many == 1:
        facts = (
            Fact(words("fact.app"), first.app_label),
            Fact(words("fact.org"), first.app.org),
            Fact(words("fact.tenant"), first.tenant_domain),
        )
        blocks += [Facts(facts), *(Buttons((link,)) for link in links if link is not None)]
    else:
        items = (
            Item(one.app_label, lines=(f"{one.app.org} · {one.tenant_domain}",), button=link)
            for one, link in zip(requests, links, strict=False)
        )
        blocks.append(Group(tuple(items)))
    if many > SHOWN:
        blocks.append(Note(words("introduction.more", count=many - SHOWN)))
    blocks.append(Note(words("introduction.note", count=many)))
    return Message(title, tuple(blocks))


async def _of_both(
    ledger: Ledger, people: PeoplePolicy, notice: Introduction
) -> list[ConsentRequest]:
    """What the one is asked for and the other may help with; what it was asked for at, first."""
    found: list[ConsentRequest] = []
    for request in await ledger.requests_of(notice.to):
        if request.id == notice.request_id:
            found.insert(0, request)
        elif not request.okta_admin:
            known = await ledger.okta_admins(request.app.org) or ()
            beside = await may_sit_beside(ledger, people, known, request)
            if exact(notice.partner.email) in {exact(one.email) for one in beside}:
                found.append(request)
    return found


async def _link(
    orgs: Mapping[str, OktaOrg], request: ConsentRequest, words: Words, *, alone: bool
) -> OpenLink | None:
    tab = await integration_tab(orgs, request.app)
    label = words("button.okta")
    return OpenLink(f"okta:{request.id}", label, tab, primary=alone) if tab else None
