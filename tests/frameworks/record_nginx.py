"""Records what nginx really makes of requests and answers in the cases of `cases/nginx.json`, into `recorded/`.

    apt-get install nginx-light openssl
    python3 tests/frameworks/record_nginx.py

A case is locations, what the server behind answers, and requests. What is kept of each is the request as the server
behind got it (its line and headers), and the answer as the client did: its status, its Set-Cookie lines and its other
headers, but for those that every answer has. nginx runs in the foreground from a temporary folder, on the ports 80 and
443 of 127.0.0.5 (which takes root), because the ports show in redirects.
"""

import json
import re
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
FRONT = "127.0.0.5"
DROPPED = {"date", "server", "connection", "content-length", "content-type", "transfer-encoding", "keep-alive"}


def directives(table, upstream):
    """The lines of a table of directives, as a configuration has them."""
    lines = []
    for name, value in table.items():
        if name == "uri":
            continue
        if isinstance(value, dict):
            for header, texts in value.items():
                for text in texts if isinstance(texts, list) else [texts]:
                    always = " always" if text.endswith(" always") else ""
                    lines.append(f'{name} {header} "{text.removesuffix(" always")}"{always};')
        else:
            lines += [f"{name} {text};" for text in (value if isinstance(value, list) else [value])]
    return lines


def configuration(case, upstream, folder):
    locations = []
    for path, table in case["location"].items():
        lines = [f"proxy_pass {upstream}{table.get('uri', '')};", *directives(table, upstream)]
        locations.append(f"location {path} {{ {' '.join(lines)} }}")
    return f"""
        daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off;
            map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            server {{
                listen {FRONT}:80; listen {FRONT}:443 ssl;
                ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                {' '.join(directives(case.get("server", {}), upstream))}
                {' '.join(locations)}
            }}
        }}
    """


def whole(connection):
    """The head of a message, read with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    lines = head.decode("latin-1").split("\r\n")
    return lines[0], [[name.lower(), value.strip()] for name, _, value in (line.partition(":") for line in lines[1:])]


class Behind(threading.Thread):
    """The server behind: answers the same to everything, and keeps what it was asked."""

    def __init__(self, upstream, answer):
        super().__init__(daemon=True)
        self.asked = []
        url = urlsplit(upstream)
        self.socket = socket.create_server((url.hostname, url.port))
        fields = list(answer.get("headers", {}).items()) + [("set-cookie", line) for line in answer.get("set_cookie", [])]
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.answer = f"HTTP/1.1 {answer.get('status', 200)} x\r\n{lines}Content-Length: 0\r\nConnection: close\r\n\r\n"

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(whole(connection))
                connection.sendall(self.answer.encode("latin-1"))

    def close(self):
        # A thread that waits in accept() is woken by a shutdown alone.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def ask(url, request):
    method, path = request["ask"].split(" ")
    body = request.get("body", "")
    headers = {"host": url.netloc} | request.get("headers", {}) | ({"content-length": str(len(body))} if body else {})
    text = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection = socket.create_connection((FRONT, 443 if url.scheme == "https" else 80))
    if url.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection, server_hostname=url.hostname)
    with connection:
        connection.sendall(f"{text}\r\n{body}".encode())
        return whole(connection)


def listening(process):
    while process.poll() is None:
        try:
            socket.create_connection((FRONT, 443)).close()
            return
        except ConnectionRefusedError:
            pass
    raise SystemExit("nginx does not start")


def recorded(case, table, folder):
    upstream, url = table["upstream"], urlsplit(case.get("url", table["url"]))
    (folder / "nginx.conf").write_text(configuration(case, upstream, folder))
    behind = Behind(upstream, case.get("answer", {}))
    behind.start()
    process = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    answers = []
    try:
        listening(process)
        for request in case["asks"]:
            behind.asked.clear()
            line, headers = ask(url, request)
            passed = [{"line": asked.rsplit(" ", 1)[0], "headers": sorted(sent)} for asked, sent in behind.asked]
            answers.append({
                "passed": passed[0] if passed else None,
                "status": int(line.split(" ")[1]),
                "set_cookie": [value for name, value in headers if name == "set-cookie"],
                "headers": sorted(pair for pair in headers if pair[0] not in DROPPED | {"set-cookie"}),
            })
    finally:
        process.terminate()
        process.wait()
        behind.close()
    return {"name": case["name"], "answers": answers}


def main():
    table = json.loads((HERE / "cases/nginx.json").read_text())
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.split("/")[1].strip()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=recording"]
            + ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
            capture_output=True,
            check=True,
        )
        cases = [recorded(case, table, folder) for case in table["cases"]]
    lines = ",\n".join(
        f' {{"name": {json.dumps(case["name"])}, "answers": [\n  '
        + ",\n  ".join(json.dumps(answer, separators=(",", ":")) for answer in case["answers"])
        + "\n ]}"
        for case in cases
    )
    document = f'{{"versions": {{"nginx": "{version}"}},\n"cases": [\n{lines}\n]}}\n'
    (HERE / "recorded/nginx.json").write_text(document)


main()
