"""A local HTTP server that serves a folder in ranges, and counts what it sends."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


class Served:
    """A folder as it is served."""

    def __init__(self, folder: Path, ranges: bool) -> None:
        self.folder, self.ranges = folder, ranges
        self.url = ""
        """Of the folder, without a slash at the end."""
        self.bytes, self.requests = 0, 0
        """Sent in answers to GET, and how many of those."""


@contextmanager
def served(folder: Path, *, ranges: bool = True) -> Iterator[Served]:
    """Serves the files of a folder until the end of the ``with`` block."""
    state = Served(folder, ranges)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = state.folder / unquote(self.path.lstrip("/"))
            if not path.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            size, asked = path.stat().st_size, re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            start, stop = 0, size
            if asked and state.ranges:
                start, stop = int(asked[1]), min(int(asked[2] or size) + 1, size)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            else:
                self.send_response(200)
            self.send_header("Accept-Ranges", "bytes" if state.ranges else "none")
            self.send_header("Content-Length", str(stop - start))
            self.end_headers()
            if body:
                with path.open("rb") as file:
                    file.seek(start)
                    data = file.read(stop - start)
                state.bytes += len(data)
                state.requests += 1
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
