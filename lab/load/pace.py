"""Sending at a rate: each request is due at its time, whatever became of the one before."""
from __future__ import annotations

import asyncio
import time

from lab.load.counts import Counts
from lab.load.http import Client

LOOK = 0.25     # seconds between two looks at whether it is over, at low rates


async def send(client: Client, counts: Counts, rate: float, seconds: float, over: asyncio.Event) -> float:
    """Send until `seconds` have passed or `over` is set, then wait for what is under way: no longer than one time-out.

    A request that was sent late, because this process did not get the processor, counts from when it was due: a user
    would not have waited less.

    :returns: for how many seconds requests were sent
    """
    begun = time.monotonic()
    under_way: set[asyncio.Task[None]] = set()

    async def one(due: float) -> None:
        answer = await client.ask()
        counts.add(due - begun, time.monotonic() - due, answer)

    for number in range(int(rate * seconds)):
        due = begun + number / rate
        if await stopped(over, due):
            break
        task = asyncio.create_task(one(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    sent_for = time.monotonic() - begun
    if under_way:
        await asyncio.wait(under_way)
    client.close()
    return sent_for


async def stopped(over: asyncio.Event, due: float) -> bool:
    """Wait until `due` on the monotonic clock; true as soon as it is over."""
    while not over.is_set() and (wait := due - time.monotonic()) > 0:
        await asyncio.sleep(min(wait, LOOK))
    return over.is_set()
