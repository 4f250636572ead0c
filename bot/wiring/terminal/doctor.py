"""The wiring of the doctor: a probe for each part that the settings name.

It opens nothing that a part in trouble could keep closed: what cannot be had is a finding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date

from redis.asyncio import Redis

from adapters.entra.probe import EntraProbe
from adapters.mail.probe import MailProbe
from adapters.okta.probe import OktaProbe
from adapters.redis.keys import Keys
from adapters.redis.server.probe import StoreProbe
from adapters.redis.shared.conversations import RedisConversations
from adapters.slack.probe import SlackProbe
from adapters.teams.probe import TeamsProbe
from adapters.web.links.onboarding import CONSENTED
from adapters.web.monitoring.address import AddressProbe
from adapters.webhook.probe import WebhookProbe
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import SettingsSeen
from bot.errors import O365BotError
from bot.ports.doctor import Probe
from bot.ports.system import Clock
from bot.services.doctor import Doctor
from bot.settings.policies import operator_accounts
from bot.settings.settings import Settings
from bot.wiring.base import SystemClock, open_store, store_place
from bot.wiring.terminal.check import ends, problems


@asynccontextmanager
async def open_doctor(settings: Settings) -> AsyncIterator[Doctor]:
    """A doctor for these settings, beside a running bot or without one. Raises nothing of ours."""
    async with AsyncExitStack() as stack:
        client: Redis | Failure
        try:
            client = await stack.enter_async_context(open_store(settings))
        except O365BotError as error:
            client = Failure.of(error)
        yield make_doctor(settings, client)


def make_doctor(settings: Settings, client: Redis | Failure) -> Doctor:
    """`client` is the store's, or why there is none."""
    clock, keys = SystemClock(), Keys(settings.redis.prefix)
    entra = settings.entra
    return Doctor(
        probes=dict(_probes(settings, client, keys, clock)),
        orgs={org.name: OktaProbe(org, clock) for org in settings.okta},
        microsoft=EntraProbe(entra, settings.teams, clock, _redirects(settings)) if entra else None,
        clock=clock,
    )


def _probes(
    settings: Settings, client: Redis | Failure, keys: Keys, clock: Clock
) -> Iterator[tuple[str, Probe]]:
    yield "settings", SettingsProbe(settings, clock)
    yield "store", StoreProbe(client, keys, _store(settings), settings.redis)
    yield "address", AddressProbe(settings.public_url)
    if settings.slack is not None:
        yield "slack", SlackProbe(settings.slack, clock)
    if settings.teams is not None:
        known = None if isinstance(client, Failure) else RedisConversations(client, keys)
        yield "teams", TeamsProbe(settings.teams, known, clock)
    if settings.mail is not None:
        yield "mail", MailProbe(settings.mail)
    if settings.webhook is not None:
        yield "webhook", WebhookProbe(settings.webhook)


def _store(settings: Settings) -> str:
    try:
        return store_place(settings)
    except O365BotError:
        return ""  # the address is none, which the settings' own finding says


def _redirects(settings: Settings) -> Mapping[str, bool]:
    """The addresses that Microsoft sends browsers back to; the last only for `onboard`."""
    if settings.sign_in is None:
        return {}
    return {
        f"{settings.public_url}{settings.sign_in.redirect_path}": True,
        f"{settings.public_url}{CONSENTED}": False,
    }


class SettingsProbe:
    """What the settings name is loaded as the running bot would."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def probe(self) -> SettingsSeen:
        settings = self._settings
        targets: dict[str, date] = {
            f"campaign.targets.{number}.on": target.on
            for number, target in enumerate(settings.campaign.targets)
        }
        return SettingsSeen(
            problems(settings, self._clock.now()),
            ends(settings),
            len(operator_accounts(settings)),
            targets,
        )
