"""One server for all stories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories import (
    test_s04_audit_evidence,
    test_s13_launch_against_freeze,
    test_s14_too_reliable,
    test_s15_hard_dependency,
    test_s16_slow_leak,
    test_s18_mail_outage,
)
from tests.stories.town import Town, living

STORIES = (
    test_s04_audit_evidence,
    test_s13_launch_against_freeze,
    test_s14_too_reliable,
    test_s15_hard_dependency,
    test_s16_slow_leak,
    test_s18_mail_outage,
)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town, while its server runs."""
    with living(tmp_path_factory.mktemp("town"), STORIES) as found:
        yield found
