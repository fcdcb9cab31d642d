"""Killed at any step, delivery tells an idempotent receiver every notice, and each once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from subprocess import PIPE

from allowance.app.deliver import deliver_once
from allowance.edges.channels.webhook import Webhook
from allowance.edges.store import open_store
from tests.alerting.notices import T0, notice
from tests.conftest import ROOT
from tests.fakes.receiver import Reply, Request, receiving

KILLS = 30
NOTICES = 150

NURSERY = """
import os, sys
from allowance.app.deliver import deliver_once
from allowance.edges.channels.webhook import Webhook
from allowance.edges.store import open_store
from tests.alerting.notices import T0

def deliver():
    store = open_store(sys.argv[1])
    channels = [Webhook(name=name, url=sys.argv[2] + "/" + name) for name in ("hook", "other")]
    while True:
        deliver_once(store, channels, now=T0)

for _ in sys.stdin:
    child = os.fork()  # cheaper than thirty starts of Python
    if not child:
        deliver()
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def test_every_notice_arrives_exactly_once_at_an_idempotent_receiver(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    store = open_store(path)
    rng = random.Random(7)
    wanted = [notice(number) for number in range(NOTICES)]
    accepted: dict[str, list[str]] = {"/hook": [], "/other": []}
    requests = 0
    kill_at = 0
    reached = threading.Event()
    lock = threading.Lock()

    def answer(request: Request) -> Reply:
        nonlocal requests
        with lock:
            requests += 1
            if requests >= kill_at:
                reached.set()
            key = request.headers["idempotency-key"]
            if key not in accepted[request.path]:
                accepted[request.path].append(key)
        return Reply(status=0 if requests % 11 == 0 else 204)

    with receiving(answer) as receiver:
        command = [sys.executable, "-c", NURSERY, path, receiver.url]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as nursery:
            assert nursery.stdin is not None
            assert nursery.stdout is not None
            for kill in range(KILLS):
                some = wanted[kill * NOTICES // KILLS : (kill + 1) * NOTICES // KILLS]
                with store.writing() as writing:
                    writing.tell(some, {one.key: ("hook", "other") for one in some}, now=T0)
                with lock:
                    kill_at = requests + rng.randint(1, 8)
                    reached.clear()
                print("next", file=nursery.stdin, flush=True)
                child = int(nursery.stdout.readline())
                reached.wait(5)
                threading.Event().wait(rng.uniform(0, 0.01))
                os.kill(child, signal.SIGKILL)
                assert nursery.stdout.readline() == "gone\n"
            nursery.stdin.close()
        channels = [Webhook(name=name, url=f"{receiver.url}/{name}") for name in ("hook", "other")]
        for later in range(0, 3600, 300):
            deliver_once(store, channels, now=T0 + later)
    counts = store.outbox_counts()
    store.close()
    assert counts == {("hook", "sent"): NOTICES, ("other", "sent"): NOTICES}
    assert {name: sorted(keys) for name, keys in accepted.items()} == {
        name: sorted(one.key for one in wanted) for name in accepted
    }
    assert requests >= 2 * NOTICES, "what was cut off before it was settled was sent again"
