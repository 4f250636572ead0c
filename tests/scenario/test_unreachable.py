"""Whoever turns out to be unreachable: by another way, else the next one, and never both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.chatlog import Message
from sandbox.company.records import OktaApp, okta_id
from tests.mail_server import PASSWORD, USER, Certificates, MailServer, mail_server
from tests.mail_server import make_certificates as make
from tests.mailbox import PASSWORD as IMAP_PASSWORD
from tests.mailbox import USER as IMAP_USER
from tests.mailbox import Imap, Mailbox, imap_server, mailbox
from tests.scenario.conftest import AT_ANY_HOUR, Stage, listed, open_stage, said
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")
