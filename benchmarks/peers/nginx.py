"""nginx over the released files, with sendfile: what a web server for files can do at best."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.peers.peer import Peer
from benchmarks.peers.process import Served, free_port, running, wait_for
from benchmarks.peers.questions import Call, Question, Whole
from benchmarks.peers.tickets import TABLE

_CONFIG = """
daemon off; user root; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {files}; }}
}}
"""


class Nginx(Peer):
    """Files only."""

    name = "nginx"

    @contextmanager
    def serve(self) -> Iterator[Served]:
        """Two workers, as there are two cores."""
        port, log = free_port(), self.folder / "log"
        config = self.folder / "nginx.conf"
        config.write_text(
            _CONFIG.format(folder=self.folder, port=port, files=self.place.files.resolve()), encoding="utf-8"
        )
        program = self.place.programs / "debian" / "usr" / "sbin" / "nginx"
        with running([program, "-c", config, "-e", self.folder / "error.log"], log) as process:
            wait_for(f"http://127.0.0.1:{port}/{TABLE}.parquet", process, log)
            yield Served(port, (process.pid,))

    def call(self, question: Question) -> Call | None:
        """The files."""
        return Call(f"/{TABLE}.{question.format}") if isinstance(question, Whole) else None
