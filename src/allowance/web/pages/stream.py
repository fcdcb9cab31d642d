"""`/events-stream`: a word to every open page when there is something new to see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from allowance.core.time import iso
from allowance.web.asked import Asked, House
from allowance.web.pages.gathered import Gathered
from allowance.web.tokens import may

router = APIRouter(include_in_schema=False)

LOOK, BEAT, LONGEST = 1.0, 15, 900
"""Seconds between two looks, between two signs of life, and until a browser is asked to connect again."""


class Pulse:
    """What has changed last, looked up once a second for all who listen together."""

    def __init__(self, gathered: Gathered) -> None:
        self.closing, self._gathered = False, gathered
        self._word, self._until = b"", 0.0
        self._lock = asyncio.Lock()

    def close(self) -> None:
        """The server stops: let nobody wait."""
        self.closing = True

    async def word(self, house: House) -> bytes:
        """The newest tick and the newest entry of the ledger."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now >= self._until:
                tick, standing = house.state.now, await run_in_threadpool(house.state.law.standing)
                # Worked out before anybody is told, so that those who then come find it ready.
                await run_in_threadpool(self._gathered.facts, house)
                told = {"at": None if tick is None else iso(tick.at), "ledger": standing.head}
                self._word, self._until = orjson.dumps(told), now + LOOK
            return self._word


@router.get("/events-stream", dependencies=[may("read")])
async def stream(request: Request, asked: Asked) -> StreamingResponse:
    """Server-sent events, one at once, then one per change; without data: the server is there."""
    return StreamingResponse(
        _events(request, asked, request.app.state.pulse),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(request: Request, house: House, pulse: Pulse) -> AsyncIterator[bytes]:
    told, silent = b"", 0
    for _ in range(LONGEST):
        word = await pulse.word(house)
        if word != told:
            told, silent = word, 0
            yield b"event: change\ndata: " + word + b"\n\n"
        elif silent >= BEAT:
            silent = 0
            yield b": here\n\n"
        await asyncio.sleep(LOOK)
        silent += 1
        if pulse.closing or await request.is_disconnected():
            return
