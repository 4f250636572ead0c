"""What the secrets of this project look like, where detect-secrets does not know it.

Loaded by path (`.secrets.baseline`), so it imports nothing of the project.

    Okta API token         `00` and 40 characters (Okta developer docs, "Create an API token")
    Entra client secret    `…8Q~…`: 40 characters, the fifth and sixth of which are `Q~`
    encrypted private key  PKCS#8's own heading
    Slack app-level token  `xapp-1-A…`, and bot tokens without the numbers in them
    password in a URL      without a user, as Redis takes it: scheme, `://`, `:`, password, `@`
"""

from __future__ import annotations

import re

from detect_secrets.plugins.base import RegexBasedDetector


class ShapesOfThisProject(RegexBasedDetector):
    """Okta, Entra and Slack as they hand out secrets, and stores as they are addressed."""

    secret_type = "Secret of This Project"
    denylist = (
        re.compile(r"(?<![\w-])00[\w-]{40}(?![\w-])"),
        re.compile(r"(?<![\w~.-])[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])"),
        re.compile(r"xapp-\d-[A-Z0-9]+-\d+-[0-9a-f]+|xox[abeoprs]-[\w-]{20,}", re.IGNORECASE),
        re.compile(r"-----BEGIN ENCRYPTED[ ]PRIVATE KEY"),
        re.compile(r"://:[^\s:/?#@{}<>\"']{6,}@"),
    )
