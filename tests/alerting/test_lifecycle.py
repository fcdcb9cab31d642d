"""The life of an alert: the table holds, nothing is said twice, flaps are one alert."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.lifecycle import QUIET, TABLE, Entry, Hysteresis, Life, Says, Signal, advance

MIN = 60


def _run(signals: list[Signal], limits: Hysteresis) -> tuple[list[Life], list[tuple[int, Says]]]:
    life, lives, said = QUIET, [], []
    for tick, signal in enumerate(signals):
        life, words = advance(life, signal, limits, now=tick * MIN)
        lives.append(life)
        said += [(tick, word) for word in words]
    return lives, said


def test_it_opens_at_once_and_clears_at_once_by_default() -> None:
    lives, said = _run(["calm", "over", "over", "calm", "calm"], Hysteresis())
    assert [life.state for life in lives] == ["quiet", "firing", "firing", "resolved", "resolved"]
    assert said == [(1, "opened"), (3, "resolved")]


def test_ten_flaps_a_night_are_one_alert_with_ten_entries() -> None:
    night: list[Signal] = (["over"] * 4 + ["calm"] * 40) * 10
    lives, said = _run(night, Hysteresis())
    assert len(lives[-1].entries) == 10
    assert [word for _, word in said] == ["opened", "resolved", "reopened"]
    assert lives[-1].entries[0] == Entry(begin=0, end=4 * MIN)


def test_with_a_keep_the_flaps_never_resolve_in_between() -> None:
    night: list[Signal] = (["over"] * 4 + ["calm"] * 10) * 10 + ["calm"] * 130
    _, said = _run(night, Hysteresis(keep=30 * MIN))
    assert [word for _, word in said] == ["opened", "resolved"]


def test_a_hold_waits_and_forgets_what_passes() -> None:
    _, said = _run(["over", "over", "calm", "over", "over", "over", "over"], Hysteresis(hold=3 * MIN))
    assert said == [(6, "opened")]


def test_between_keeps_it_firing_and_restarts_the_keep() -> None:
    signals: list[Signal] = ["over", "between", "calm", "calm", "between", "calm", "calm", "calm"]
    lives, said = _run(signals, Hysteresis(keep=2 * MIN))
    assert [life.state for life in lives[:3]] == ["firing", "firing", "recovering"]
    assert said == [(0, "opened"), (6, "resolved")]


def test_what_was_forgotten_opens_anew() -> None:
    signals: list[Signal] = ["over", "calm", *(["calm"] * 10), "over"]
    _, said = _run(signals, Hysteresis(memory=5 * MIN))
    assert [word for _, word in said] == ["opened", "resolved", "opened"]


@given(
    st.lists(st.sampled_from(["over", "waiting", "between", "calm"]), max_size=80),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 20),
)
def test_what_is_said_is_a_story(signals: list[Signal], hold: int, keep: int, memory: int) -> None:
    limits = Hysteresis(hold=hold * MIN, keep=keep * MIN, memory=memory * MIN)
    lives, said = _run(signals, limits)
    words = [word for _, word in said]
    for before, after in itertools.pairwise(words):
        assert (before == "resolved") == (after != "resolved")
    assert words[:1] in ([], ["opened"])
    for life in lives:
        assert all(entry.end is not None for entry in life.entries[:-1])
        open_entry = bool(life.entries) and life.entries[-1].end is None
        assert open_entry == (life.state == "firing")


def test_the_drawn_table_is_the_table() -> None:
    from allowance.alerting import lifecycle

    drawn = set()
    for line in (lifecycle.__doc__ or "").splitlines():
        words = line.split()
        if len(words) >= 5 and words[0] in {s for s, _ in TABLE} and words[1] in ("over", "waiting", "calm"):
            drawn.add((words[0], words[1], words[3], words[4].replace("-", "")))
    rows = {(s, sig, m.to, m.says or "") for (s, sig), m in TABLE.items() if sig != "between"}
    assert drawn == rows
