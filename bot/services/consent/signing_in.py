"""A sign-in at Microsoft: how a browser is sent there, and what its answer says.

The answer must come to the browser that began, and counts once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from secrets import compare_digest

from attrs import define

from bot.domain.consent.links import link_digest
from bot.domain.consent.sign_in import Attempt, SignedIn
from bot.errors import SignInDeclined, SignInRefused, SignInUnknown
from bot.ports.sign_in import SignIn, SignIns
from bot.ports.system import Secrets

LONGEST_STATE = 200  # characters; ours have 43
# What a person's own "no" looks like (Microsoft Learn, "Authentication and authorization error
# codes", and "Client credentials flow" for the admin consent).
DECLINED = frozenset({"access_denied", "permission_denied", "AADSTS65004"})
LONGEST_CODE = 8192  # characters; Microsoft's are about a quarter of that


@dataclass(frozen=True, slots=True)
class GoToMicrosoft:
    """Send the browser to `address`; it must bring `browser` back in a cookie.

    The cookie: HttpOnly, Secure, SameSite=Lax (the way back is a cross-site GET), ten minutes.
    """

    address: str = field(repr=False)
    browser: str = field(repr=False)


@define(kw_only=True, eq=False)
class SigningIn:
    """Sends browsers to sign in, and takes in what comes of it."""

    _sign_in: SignIn
    _sign_ins: SignIns
    _secrets: Secrets

    async def begin(
        self,
        subject: str,
        tenant_id: str,
        browser: str,
        *,
        link: str = "",
        hint: str = "",
        mark: str = "",
    ) -> GoToMicrosoft:
        """Where to send a browser that signs in for `subject`. Raises CloudError, StoreError.

        `browser` is what its cookie holds by now, `link` the digest of the link that it came by,
        `hint` the account that is expected, `mark` what the state begins with.
        """
        state, nonce = mark + self._secrets.token(), self._secrets.token()
        verifier, browser = self._secrets.token(), browser or self._secrets.token()
        address = await self._sign_in.address(
            tenant_id, state=state, nonce=nonce, verifier=verifier, login_hint=hint
        )
        attempt = Attempt(subject, tenant_id, link, link_digest(browser), nonce, verifier)
        await self._sign_ins.begin(state, attempt)
        return GoToMicrosoft(address, browser)

    async def finish(
        self, state: str, browser: str, code: str, error: str, reason: str
    ) -> tuple[Attempt, SignedIn]:
        """What was begun, and who signed in. `reason` is Microsoft's `error_description`.

        Raises SignInUnknown, SignInDeclined, SignInRefused, TokenInvalid, CloudError, StoreError.
        """
        attempt = await take_attempt(self._sign_ins, state, browser, signs_in=True)
        refuse(error, reason)
        if not 0 < len(code) <= LONGEST_CODE:
            raise SignInUnknown("This answer belongs to no sign-in.")
        who = await self._sign_in.redeem(
            attempt.tenant_id, code=code, nonce=attempt.nonce, verifier=attempt.verifier
        )
        return attempt, who


async def take_attempt(sign_ins: SignIns, state: str, browser: str, *, signs_in: bool) -> Attempt:
    """The attempt that Microsoft answers, taken out for good. Raises SignInUnknown.

    The answer must come to the browser that began: a link that leads somebody into another one's
    sign-in ends here. `signs_in` tells sign-ins from admin consents, which have no nonce.
    """
    attempt = await sign_ins.take(state) if 0 < len(state) <= LONGEST_STATE else None
    ours = attempt is not None and compare_digest(attempt.browser, link_digest(browser))
    if attempt is None or not ours or bool(attempt.nonce) is not signs_in:
        raise SignInUnknown("No sign-in that began in this browser waits for this answer.")
    return attempt


def refuse(error: str, reason: str) -> None:
    """Raise what Microsoft's `error` and `error_description` say; nothing when there is none."""
    if not error:
        return
    found = re.search(r"AADSTS\d{4,9}", reason)
    code = found.group() if found else error if re.fullmatch(r"[a-z_]{1,40}", error) else ""
    if error in DECLINED or code in DECLINED:
        raise SignInDeclined("It was cancelled at Microsoft.")
    raise SignInRefused("Microsoft refused the sign-in.", reason=code)
