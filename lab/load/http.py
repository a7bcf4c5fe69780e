"""Requests over connections of our own: what a client library would repair by itself has to be seen here."""
from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from lab.load.where import Target

# A kept connection older than this is not used again: a gateway closes idle ones, and a request that crosses with
# that close would count as lost although no release is to blame.
KEEP = 20.0
BODY_LIMIT = 1 << 20


@dataclass(frozen=True)
class Answer:
    """`status` 0: there was none, and `problem` says why in one word. `version` is that of X-Version, or empty."""

    status: int
    version: str
    problem: str = ""


class Broken(Exception):
    """The other side sent what is no HTTP answer, or ended before it was whole."""


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: float = 0.0


class Client:
    """Sends one and the same request, many times at once; without `reuse` each has a connection of its own."""

    def __init__(self, target: Target, path: str, body: bytes = b"", *, reuse: bool, timeout: float) -> None:
        self.target, self.reuse, self.timeout = target, reuse, timeout
        self.idle: deque[Connection] = deque()
        method = "POST" if body else "GET"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {target.host}", "User-Agent: releng-lab-load"]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        if not reuse:
            lines.append("Connection: close")
        self.request = "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    async def ask(self) -> Answer:
        """One request; a failure is an answer, too. Nothing is tried twice."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self.timeout):
                connection = self.kept() or Connection(
                    *await asyncio.open_connection(self.target.address, self.target.port))
                connection.writer.write(self.request)
                answer, keep = await read(connection.reader)
        except TimeoutError:
            answer, keep = Answer(0, "", "timeout"), False
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, Broken, ValueError) as trouble:
            answer, keep = Answer(0, "", name(trouble)), False
        if connection is not None:
            self.put_back(connection, keep and self.reuse)
        return answer

    def kept(self) -> Connection | None:
        """The connection used last, if it is still good; what has been idle for long is closed."""
        while self.idle and time.monotonic() - self.idle[0].used > KEEP:
            self.idle.popleft().writer.close()
        while self.idle:
            connection = self.idle.pop()
            if not connection.reader.at_eof() and not connection.writer.is_closing():
                return connection
            connection.writer.close()
        return None

    def put_back(self, connection: Connection, keep: bool) -> None:
        if not keep:
            connection.writer.close()
            return
        connection.used = time.monotonic()
        self.idle.append(connection)

    def close(self) -> None:
        while self.idle:
            self.idle.pop().writer.close()


def name(trouble: Exception) -> str:
    """`refused`, `reset`, `cut` (ended before the answer was whole), `broken` or `connection`."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (ConnectionRefusedError, "refused"), (ConnectionResetError, "reset"), (BrokenPipeError, "reset"),
        (asyncio.IncompleteReadError, "cut"), (OSError, "connection"))
    return next((word for kind, word in kinds if isinstance(trouble, kind)), "broken")


async def read(reader: asyncio.StreamReader) -> tuple[Answer, bool]:
    """One whole answer, and whether the connection can be used again.

    :raises Broken: it is no HTTP/1 answer, or too large
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    words = head[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise Broken(head[0][:40])
    status = int(words[1])
    fields = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in head[1:])}
    keep = "close" not in fields.get("connection", "").lower()
    if status not in (204, 304):
        if "chunked" in fields.get("transfer-encoding", "").lower():
            await skip_chunks(reader)
        elif "content-length" in fields:
            await skip(reader, int(fields["content-length"]))
        else:
            keep = False                        # it ends with the connection
            await reader.read(BODY_LIMIT)
    return Answer(status, fields.get("x-version", "")), keep


async def skip(reader: asyncio.StreamReader, length: int) -> None:
    if not 0 <= length <= BODY_LIMIT:
        raise Broken(f"a body of {length} bytes")
    if length:
        await reader.readexactly(length)


async def skip_chunks(reader: asyncio.StreamReader) -> None:
    total = 0
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        total += size
        if total > BODY_LIMIT:
            raise Broken("a body without end")
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass                            # trailers
            return
        await skip(reader, size + 2)
