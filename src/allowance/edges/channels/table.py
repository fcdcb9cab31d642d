"""The table of channels: a kind in the settings, and what builds it."""

from __future__ import annotations

from collections.abc import Callable

from allowance.app.deliver import Channel
from allowance.edges.channels import (
    alertmanager,
    apprise_channel,
    jira,
    mail,
    pagerduty,
    slack,
    stdout,
    webhook,
)
from allowance.edges.channels.given import Given

Builder = Callable[[str, Given], Channel | None]

CHANNELS: dict[str, Builder] = {
    "alertmanager": alertmanager.build,
    "apprise": apprise_channel.build,
    "jira": jira.build,
    "mail": mail.build,
    "pagerduty": pagerduty.build,
    "slack": slack.build,
    "stdout": stdout.build,
    "webhook": webhook.build,
}
"""A builder reads its own fields, reports what is wrong with them, and then returns nothing."""
