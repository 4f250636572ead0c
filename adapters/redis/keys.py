"""The names of every key. All share one hash tag, so one script may touch any of them.

An installation is small (10,000 apps are some 30 MB), so one slot of a cluster holds it, and a
change that spans orgs, such as one person's requests, stays one atomic step.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.inventory.apps import AppRef


@dataclass(frozen=True, slots=True)
class Keys:
    """Key names of one installation. `prefix` keeps two of them apart on one server."""

    prefix: str = "o365bot"

    def _key(self, *parts: str) -> str:
        return ":".join((f"{{{self.prefix}}}", *parts))

    def apps(self, org: str) -> str:
        """Hash: app id -> app record."""
        return self._key("apps", org)

    def orgs(self) -> str:
        """Set: the orgs that have apps."""
        return self._key("orgs")

    def summaries(self, org: str) -> str:
        """Hash: app id -> what lists show of the app."""
        return self._key("summaries", org)

    def places(self, org: str) -> str:
        """Sorted set: how pressing, label, domain, app id, sorted as text."""
        return self._key("places", org)

    def moved(self) -> str:
        """Hash: org -> how often an app of it changed its place."""
        return self._key("moved")

    def names(self) -> str:
        """Hash: app -> its label, and how often one changed."""
        return self._key("names")

    def verdicts(self, org: str) -> str:
        """Sorted set: app ids by when (ms) what lists show of them expires."""
        return self._key("verdicts", org)

    def asked(self, org: str) -> str:
        """Hash: app id -> the open request."""
        return self._key("asked", org)

    def tenants(self, org: str) -> str:
        """Set: ids of the tenants its apps belong to, or belonged to."""
        return self._key("tenants", org)

    def unreachable(self, org: str) -> str:
        """Set: ids of apps for which nobody can be asked, though somebody should be."""
        return self._key("unreachable", org)

    def listed(self) -> str:
        """String: the release whose summaries these are."""
        return self._key("listed")

    def scans(self) -> str:
        """Hash: org -> how its last scan went."""
        return self._key("scans")

    def global_admins(self, tenant_id: str) -> str:
        """String: a tenant's Global Administrators, for a day."""
        return self._key("global-admins", tenant_id)

    def admin_gaps(self, tenant_id: str) -> str:
        """String: what could not be read about them, for as long."""
        return self._key("admin-gaps", tenant_id)

    def account_notes(self) -> str:
        """Hash: account and topic -> what was said about it by command."""
        return self._key("account-notes")

    def prospects(self, org: str) -> str:
        """Hash: app id -> who would be asked for it."""
        return self._key("prospects", org)

    def okta_admins(self, org: str) -> str:
        """String: an org's Office 365 app admins, for a day."""
        return self._key("okta-admins", org)

    def request(self, request_id: str) -> str:
        """String: one consent request."""
        return self._key("request", request_id)

    def stages(self) -> str:
        """Sorted set: ids of open requests by the number of their stage."""
        return self._key("requests", "stages")

    def still(self) -> str:
        """Sorted set: apps whose last request is stuck, or ended without its person, by when."""
        return self._key("requests", "still")

    def open_requests(self) -> str:
        """Sorted set: ids of open requests by when they were made."""
        return self._key("requests", "open")

    def requests_for(self, ref: AppRef) -> str:
        """Sorted set: ids of an app's requests by when they were made."""
        return self._key("requests", "of", str(ref))

    def link(self, digest: str) -> str:
        """String: the request that a link's digest belongs, or belonged, to."""
        return self._key("link", digest)

    def code(self, code: str) -> str:
        """String: the newest request that shows this short code."""
        return self._key("code", code)

    def onboarding(self, onboarding_id: str) -> str:
        """String: one tenant that was asked to let the bot read."""
        return self._key("onboarding", onboarding_id)

    def onboarding_link(self, digest: str) -> str:
        """String: the onboarding that a link's digest belongs to."""
        return self._key("onboarding-link", digest)

    def onboarding_of(self, tenant_id: str) -> str:
        """String: the newest onboarding of a tenant."""
        return self._key("onboarding-of", tenant_id)

    def sign_in(self, digest: str) -> str:
        """String: one sign-in under way."""
        return self._key("sign-in", digest)

    def session(self, digest: str) -> str:
        """String: what one browser may go on with."""
        return self._key("session", digest)

    def session_of(self, digest: str) -> str:
        """String: the digest of a person's one session."""
        return self._key("session-of", digest)

    def limit(self, digest: str, window: int) -> str:
        """String: how often something happened in one window of time."""
        return self._key("limit", digest, str(window))

    def delivery(self, key: str) -> str:
        """String: one delivery."""
        return self._key("delivery", key)

    def due(self) -> str:
        """Sorted set: deliveries not yet ended, by when they are to be looked at."""
        return self._key("deliveries", "due")

    def incidents(self) -> str:
        """Hash: place -> what is wrong there."""
        return self._key("troubles")  # stored under the name of before

    def pause(self, scope: str) -> str:
        """String: until when (ms) a platform, or one kind of its calls, is paused."""
        return self._key("pause", scope)

    def conversation_pace(self, conversation: str) -> str:
        """List: when (ms) a conversation's last messages go out, newest first."""
        return self._key("pace", "of", conversation)

    def shared_pace(self, quota: str) -> str:
        """Sorted set: the slots of a quota that are taken."""
        return self._key("pace", "all", quota)

    def shared_run(self, quota: str) -> str:
        """Hash: the first and last of the slots taken without a gap."""
        return self._key("pace", "run", quota)

    def requests_of(self, chat: str) -> str:
        """Sorted set: ids of a person's open requests by when they were made."""
        return self._key("requests", "for", chat)

    def requests_by_sign(self, sign: str) -> str:
        """Sorted set: ids of open requests of the person with this object id or address."""
        return self._key("requests", "by", sign)

    def recipient(self, chat: str) -> str:
        """String: what a person was told, and what they asked for."""
        return self._key("recipient", chat)

    def schedule(self) -> str:
        """Sorted set: whom to evaluate, by when (ms)."""
        return self._key("agenda")  # stored under the name of before

    def boards(self) -> str:
        """Hash: channel, with an org where it is about that alone -> the board."""
        return self._key("boards")

    def history(self) -> str:
        """Hash: date -> how many apps were in which state, also by org."""
        return self._key("history")

    def picture(self, name: str) -> str:
        """String: a picture that a message shows."""
        return self._key("picture", name)

    def audit(self) -> str:
        """Stream: every change."""
        return self._key("audit")

    def audit_head(self) -> str:
        """String: number and seal of the newest audit row, and which commits wrote last."""
        return self._key("audit", "head")

    def audit_names(self) -> str:
        """Hash: pseudonym in the audit -> whom or what it stands for."""
        return self._key("audit", "names")

    def audit_removed(self) -> str:
        """Hash: id of a removed audit row from before the chain -> its digest."""
        return self._key("audit", "removed")

    def webhook(self) -> str:
        """String: up to which audit row events were posted, and when the next is due."""
        return self._key("webhook")

    def webhook_turn(self) -> str:
        """String: the replica that posts events, for a minute."""
        return self._key("webhook", "turn")

    def settled(self) -> str:
        """String: the last write that was awaited on the replicas."""
        return self._key("settled")

    def once(self, what: str) -> str:
        """String: something that was done once."""
        return self._key("once", what)

    def members(self, name: str) -> str:
        """Hash: who is in a group, or whether an account is a colleague's, for an hour."""
        return self._key("members", name)

    def rate(self, name: str, bucket: str) -> str:
        """Hash: one rate-limit bucket of one API, until its window is over."""
        return self._key("rate", name, bucket)

    def conversation(self, conversation_id: str) -> str:
        """String: one Teams conversation."""
        return self._key("conversation", conversation_id)

    def personal(self, object_id: str) -> str:
        """String: the id of the 1:1 Teams conversation with a person."""
        return self._key("personal", object_id)

    def address(self, address: str) -> str:
        """String: the object id of somebody with the app in Teams who goes by this address."""
        return self._key("address", address)

    def seen(self, chat: str) -> str:
        """String: when (s) a chat account was last heard of."""
        return self._key("seen", chat)

    def installation(self) -> str:
        """String: identifies the installation these records belong to."""
        return self._key("installation")

    def schema(self) -> str:
        """String: the version of the form in which these records are kept."""
        return self._key("schema")

    def restoring(self) -> str:
        """String: a backup is being restored here; no bot starts until that is done."""
        return self._key("restoring")

    def migrating(self) -> str:
        """String: the replica that is migrating these records, renewed while it does."""
        return self._key("migrating")

    def probe(self) -> str:
        """String: written to test whether writing works."""
        return self._key("probe")

    def tasks(self) -> str:
        """Hash: background work by its key."""
        return self._key("engine", "tasks")

    def tasks_due(self) -> str:
        """Sorted set: keys of that work by when (ms) it is due, or its lease ends."""
        return self._key("engine", "due")

    def tasks_aside(self) -> str:
        """Stream: the latest work that could not be read, for 30 days."""
        return self._key("engine", "aside")
