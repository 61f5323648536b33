"""A small ClickHouse HTTP interface over an embedded engine, to drive the client's HTTP path.

It shows that statements, parameters, types and errors travel; it knows nothing of access rights,
TLS, replicas or timeouts of a real server.
"""

import base64
import re
import threading
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb

from turnwise.store.telemetry.embedded import Embedded

USER, PASSWORD = "writer", "pass word@"
# What the transport itself consumes on a real server.
_TRANSPORT = {"query", "database", "default_format", "session_id", "query_id", "wait_end_of_query"}
_connect: Any = chdb.connect
_CODE = re.compile(r"Code: (\d+)")


class Bridge(ThreadingHTTPServer):
    """Serves an engine on a free port of the loopback; `asked` keeps what was asked for."""

    daemon_threads = True

    def __init__(self, engine: Embedded):
        super().__init__(("127.0.0.1", 0), _Handler)
        options = f"config-file={engine.folder / 'engine.xml'}"
        self.address = f"{(engine.folder / 'data').resolve()}?{options}"
        self.is_gone = False
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._thread = threading.Thread(target=self.serve_forever)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def close(self) -> None:
        self.is_gone = True
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Bridge
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        if self.server.is_gone:
            # Connections that were kept alive outlive the server that accepted them.
            self.close_connection = True
            return
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get_content_type() == "multipart/form-data":
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            for part in message_from_bytes(head + body).walk():
                name = part.get_param("name", header="content-disposition")
                if name:
                    asked[str(name)] = part.get_payload(decode=True).decode()  # type: ignore[union-attr]
            body = b""
        statement = (asked.get("query", "").encode() + b"\n" + body).strip()
        self.server.asked.append((statement[:200].decode("utf-8", "replace"), asked))
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            self._answer(403, b"Code: 516. DB::Exception: nobody (AUTHENTICATION_FAILED)")
            return
        try:
            answer = self._run(statement, asked)
        except Exception as error:  # noqa: BLE001 - every failure of the engine is an answer
            self._answer(500, str(error).encode())
        else:
            self._answer(200, answer)

    def _run(self, statement: bytes, asked: dict[str, str]) -> bytes:
        connection = _connect(self.server.address)
        try:
            if asked.get("database"):
                connection.query(f"USE `{asked['database']}`")
            for name, value in asked.items():
                if name not in _TRANSPORT and not name.startswith(("param_", "http_", "send_")):
                    connection.query(f"SET {name} = '{value}'")
            parameters = {k[6:]: v for k, v in asked.items() if k.startswith("param_")}
            form = asked.get("default_format", "TabSeparated")
            return bytes(connection.query(statement.decode(), form, params=parameters).bytes())
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if code := _CODE.search(body.decode("utf-8", "replace")) if status != 200 else None:
            self.send_header("X-ClickHouse-Exception-Code", code[1])
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return None
