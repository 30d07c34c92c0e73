"""A TCP proxy on loopback that makes a server as far away as one wishes."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

from tests.rig.processes import free_port


class LatencyProxy:
    """Forwards a port of 127.0.0.1 to another, each way ``one_way`` seconds later.

    As on a long line, any amount may be on its way at once; there is no limit to the
    bandwidth and no loss. Use it as a context manager. ``commands`` is what clients
    sent, as it came, and ``bytes_back`` how much was answered.
    """

    host = "127.0.0.1"

    def __init__(self, target_port: int, one_way: float) -> None:
        self.target_port = target_port
        self.one_way = one_way
        self.port = free_port()
        self.commands: list[bytes] = []
        self.bytes_back = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "LatencyProxy":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, self.host, self.port)
        )
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # The kernel has shaken hands already: what that takes is waited for here.
        await asyncio.sleep(2 * self.one_way)
        there_reader, there_writer = await asyncio.open_connection(
            self.host, self.target_port
        )
        ways = (
            (reader, there_writer, self.commands.append),
            (there_reader, writer, self._count_back),
        )
        for source, sink, note in ways:
            task = self._loop.create_task(self._forward(source, sink, note))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _count_back(self, data: bytes) -> None:
        self.bytes_back += len(data)

    async def _forward(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        note: Callable[[bytes], None],
    ) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        deliver = self._loop.create_task(self._deliver(line, sink))
        data = b"?"
        while data:
            try:
                data = await source.read(65536)
            except OSError:
                data = b""
            note(data)
            line.put_nowait((self._loop.time() + self.one_way, data))
        await deliver

    async def _deliver(
        self, line: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter
    ) -> None:
        while True:
            moment, data = await line.get()
            await asyncio.sleep(max(0.0, moment - self._loop.time()))
            if not data:
                break
            with contextlib.suppress(OSError):
                sink.write(data)
                await sink.drain()
        sink.close()
