"""Who may say what, asked of the platforms, and kept for a minute by all replicas together.

What was kept is dropped as soon as a platform tells that it changed. While a platform cannot be
read, what is known goes on to count for `KNOWN_FOR`; then nothing is granted, and that is said.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from attrs import define, field

from bot.domain.delivery.notices import Channel
from bot.domain.people.access import (
    AccessPolicy,
    Admission,
    Group,
    GroupKind,
    Level,
    account_name,
)
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError, CloudError
from bot.ports.access import Directory, Known, Memberships
from bot.ports.system import Clock

FRESH = timedelta(minutes=1)
"""So long what was read counts without asking again."""
KNOWN_FOR = timedelta(minutes=15)
"""So long it counts while nobody can be asked."""
PATIENCE = 5.0
"""Seconds that a platform may take to tell."""
NAMES_FOR = timedelta(hours=1)
NAMED = 3
"""So many are named to whoever is refused."""

log = structlog.get_logger(__name__)


@define(kw_only=True, eq=False)
class Access:
    """Tells what an account may, and who can say what is refused. Raises StoreError."""

    _policy: AccessPolicy
    _directories: Mapping[Platform, Directory]
    _memberships: Memberships
    _clock: Clock
    _names: dict[str, tuple[datetime, str]] = field(init=False, factory=dict)
    _one_reads: defaultdict[str, asyncio.Lock] = field(
        init=False, factory=lambda: defaultdict(asyncio.Lock)
    )

    async def of(self, who: ChatIdentity) -> Admission:
        """What this account may now."""
        directory = self._directories.get(who.platform)
        if directory is None:
            return Admission(Level.ANYBODY)
        groups = tuple(self._policy.groups(who.platform))
        names = (account_name(who), *(str(group) for _, group in groups))
        account, *known = await self._memberships.known(names, who.user_id)
        colleague = await self._among(names[0], account, who, partial(_itself, directory, who))
        if colleague is None:
            return Admission(Level.ANYBODY, untold=True)
        if not colleague:
            return Admission(Level.OUTSIDE)
        if str(who) in map(str, self._policy.operators):
            return Admission(Level.OPERATOR)
        untold = False
        for (level, group), kept in zip(groups, known, strict=True):
            members = partial(directory.members, group)
            member = await self._among(str(group), kept, who, members)
            if member:
                return Admission(level, untold=untold and level is not Level.OPERATOR)
            untold = untold or member is None
        return Admission(Level.ANYBODY, untold=untold)

    async def person_changed(self, platform: Platform, user_id: str) -> None:
        """A platform tells that an account changed: it is asked anew."""
        if user_id:
            await self._memberships.forget(account_name(ChatIdentity(platform, user_id)))

    async def group_changed(self, platform: Platform, group_id: str) -> None:
        """A platform tells that somebody came to a group, or left it."""
        for _, group in self._policy.groups(platform):
            if group.id == group_id:
                await self._memberships.forget(str(group))

    async def groups_changed(self, platform: Platform) -> None:
        """Somebody left, and it is not told what."""
        for _, group in self._policy.groups(platform):
            await self._memberships.forget(str(group))

    async def contacts(self, platform: Platform) -> tuple[str, ...]:
        """Who can say what is for operators: some of them by name, and their groups."""
        directory = self._directories.get(platform)
        if directory is None:
            return ()
        people = (one for one in self._policy.operators if one.platform is platform)
        groups = (one for one in self._policy.operator_groups if one.platform is platform)
        asked = [(str(one), partial(directory.person_name, one)) for one in people][: NAMED - 1]
        asked += [(str(one), partial(directory.name_of, one)) for one in groups]
        names = [await self._named(key, tell) for key, tell in asked[:NAMED]]
        return tuple(filter(None, names))

    async def channel_name(self, channel: Channel) -> str:
        """What people call a channel; "" where nobody tells."""
        directory = self._directories.get(channel.platform)
        if directory is None:
            return ""
        group = Group(channel.platform, GroupKind.CHANNEL, channel.channel_id)
        return await self._named(str(group), partial(directory.name_of, group))

    async def _named(self, key: str, tell: Callable[[], Awaitable[str]]) -> str:
        """A name, kept for an hour; "" where nobody tells."""
        until, name = self._names.get(key, (datetime.min.replace(tzinfo=UTC), ""))
        if self._clock.now() < until:
            return name
        try:
            async with asyncio.timeout(PATIENCE):
                name = await tell()
        except (ChatError, CloudError, TimeoutError) as error:
            log.info("could not read who is an operator", who=key, reason=str(error) or "too slow")
            return name  # the last one that was read; the next question reads anew
        self._names[key] = (self._clock.now() + NAMES_FOR, name)
        return name

    async def _among(
        self,
        name: str,
        known: Known,
        who: ChatIdentity,
        read: Callable[[], Awaitable[Collection[str]]],
    ) -> bool | None:
        """Whether somebody is among what goes by that name; None: it cannot be told."""
        if self._counts(known.read_at, FRESH):
            return known.member
        async with self._one_reads[name]:
            (known,) = await self._memberships.known((name,), who.user_id)
            if self._counts(known.read_at, FRESH):
                return known.member
            try:
                async with asyncio.timeout(PATIENCE):
                    members = await read()
            except (ChatError, CloudError, TimeoutError) as error:
                log.warning("could not read who may", what=name, reason=str(error) or "too slow")
                return known.member if self._counts(known.read_at, KNOWN_FOR) else None
            await self._memberships.keep(name, members, self._clock.now(), known.revision)
        if len(self._one_reads) > 1000:
            self._one_reads.clear()
        return who.user_id in members

    def _counts(self, read_at: datetime | None, within: timedelta) -> bool:
        return read_at is not None and timedelta() <= self._clock.now() - read_at < within


async def _itself(directory: Directory, who: ChatIdentity) -> Collection[str]:
    return (who.user_id,) if await directory.is_colleague(who) else ()
