"""A pretend company and a bot's settings for it, in which one thing at a time can be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from adapters.entra.probe import EntraProbe
from adapters.okta.probe import OktaProbe
from adapters.slack.probe import SlackProbe
from adapters.teams.probe import TeamsProbe
from bot.domain.doctor.checks import examine
from bot.domain.doctor.finding import Finding
from bot.settings.settings import Settings
from sandbox.company.records import EntraTenant, OktaOrg
from sandbox.slack.workspace import Workspace
from sandbox.teams.service import TeamsService
from sandbox.world import World

ORG, TENANT = "contoso", {"contoso": ("contoso.example",)}


@dataclass
class Installation:
    """The world, and the settings as the bot has them. `ahead`: this machine's clock is wrong."""

    world: World
    settings: Settings
    tenants: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(TENANT))
    ahead: timedelta = timedelta()
    later: timedelta = timedelta()
    """After so long the findings are made of what was seen."""

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def org(self) -> OktaOrg:
        return self.world.company.org(ORG)

    @property
    def tenant(self) -> EntraTenant:
        return self.world.company.tenant("contoso")

    @property
    def slack(self) -> Workspace:
        return self.world.slack.workspace

    @property
    def teams(self) -> TeamsService:
        return self.world.teams.service

    def okta_is(self, **values: object) -> None:
        """Other settings of the org."""
        first, *others = self.settings.okta
        changed = (first.model_copy(update=values), *others)
        self.settings = self.settings.model_copy(update={"okta": changed})

    def part_is(self, part: str, **values: object) -> None:
        """Other settings of a section."""
        changed = getattr(self.settings, part).model_copy(update=values)
        self.settings = self.settings.model_copy(update={part: changed})

    async def okta_findings(self) -> list[Finding]:
        seen = await OktaProbe(self.settings.okta[0], self).probe()
        return self._findings({f"okta:{ORG}": seen})

    async def microsoft_findings(self) -> list[Finding]:
        assert self.settings.entra is not None
        redirects = {
            "http://127.0.0.1:9/auth/callback": True,
            "http://127.0.0.1:9/auth/consented": False,
        }
        probe = EntraProbe(self.settings.entra, self.settings.teams, self, redirects)
        return self._findings(await probe.probe(self.tenants))

    async def slack_findings(self) -> list[Finding]:
        assert self.settings.slack is not None
        return self._findings({"slack": await SlackProbe(self.settings.slack, self).probe()})

    async def teams_findings(self) -> list[Finding]:
        assert self.settings.teams is not None
        return self._findings({"teams": await TeamsProbe(self.settings.teams, None, self).probe()})

    def _findings(self, seen: Mapping[str, object]) -> list[Finding]:
        return list(examine(seen, self.now() + self.later))


@dataclass(frozen=True)
class Fault:
    """What somebody breaks, and the finding that must come of it: `says` stands in its reason, or
    in its values.
    """

    finding: str
    breaks: Callable[[Installation], object]
    says: str = ""


def names(faults: Sequence[Fault]) -> list[str]:
    """The name of each one's test."""
    return [f"{number} {fault.finding} {fault.says}".strip() for number, fault in enumerate(faults)]


def said(findings: list[Finding]) -> Iterator[tuple[str, str]]:
    """Each finding by its key, with all that it says."""
    for one in findings:
        failure = one.found.failure
        reason = f"{failure.reason} {failure.hint}" if failure is not None else ""
        yield f"{one.check}_{one.found.outcome}", f"{dict(one.found.values)} {reason}"


def check_fault(fault: Fault, findings: list[Finding], secrets: list[str]) -> None:
    """The finding is there, says what it should, and gives no secret away."""
    found = [text for key, text in said(findings) if key == fault.finding]
    assert found, [key for key, _ in said(findings)]
    assert any(fault.says in text for text in found), found
    everything = repr(findings)
    assert not [secret for secret in secrets if secret in everything]


def secret(text: str) -> SecretStr:
    return SecretStr(text)
