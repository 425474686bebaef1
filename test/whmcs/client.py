#!/usr/bin/env python3
"""A client of WHMCS's licensing protocol, for tests. See README.md."""

import hashlib
import html
import json
import re
import secrets
import socket
import ssl
import sys
import time
from urllib.parse import quote_plus, urlsplit

FLAGS = {"no-token", "multipart", "no-amp", "http10", "expect", "insecure", "parse", "localkey"}
VALUED = {"url", "key", "domain", "ip", "dir", "secret", "token", "timeout", "ca", "field"}
TAG = re.compile(r"<([A-Za-z0-9_]+)>([^<>]*)</\1>")


def parse(body):
    """The tags of an answer, and whether it is nothing but tags."""
    tags, at, flat = {}, 0, True
    for m in TAG.finditer(body):
        name, value = m.groups()
        flat = flat and m.start() == at and name not in tags and value != "" and not re.search(r"[\r\n]", value)
        tags[name] = html.unescape(value)
        at = m.end()
    return {"flat": flat and at == len(body), "tags": tags}


def local_key(kept, today, place, answer, valid=15, more=5):
    """What a client does today, given what it kept of its last good check."""
    age = today - kept["day"] if kept else 0
    fits = bool(kept) and age >= 0 and kept.get("status") == "Active"
    for tag, own in (("validdomain", "domain"), ("validip", "ip"), ("validdirectory", "dir")):
        fits = fits and place.get(own, "") in kept.get(tag, "").split(",")
    if fits and age < valid:
        return {"asks": False, "status": "Active", "by": "local key"}
    if answer is not None:
        return {"asks": True, "status": answer.get("status", "Invalid"), "by": "server"}
    if fits and age < valid + more:
        return {"asks": True, "status": "Active", "by": "grace"}
    return {"asks": True, "status": "Invalid", "by": "nothing"}


def encode(fields, o):
    """Content type and body of a form."""
    if "multipart" in o:
        boundary = "b" + secrets.token_hex(12)
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields]
        return f"multipart/form-data; boundary={boundary}", ("".join(parts) + f"--{boundary}--\r\n").encode()
    body = "".join(f"{quote_plus(n)}={quote_plus(v)}&" for n, v in fields)
    return "application/x-www-form-urlencoded", (body.rstrip("&") if "no-amp" in o else body).encode()


class Connection:
    """Reads from a socket until a deadline."""

    def __init__(self, sock, deadline):
        self.sock, self.deadline, self.got = sock, deadline, b""

    def more(self, deadline=None):
        """Reads once; False: the peer closed."""
        left = min(self.deadline, deadline or self.deadline) - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        part = self.sock.recv(8192)
        self.got += part
        return part != b""

    def head(self, deadline=None):
        while b"\r\n\r\n" not in self.got:
            if not self.more(deadline):
                return None
        head, self.got = self.got.split(b"\r\n\r\n", 1)
        return head.decode("latin-1").split("\r\n")

    def line(self):
        while b"\r\n" not in self.got:
            if not self.more():
                return b""
        line, self.got = self.got.split(b"\r\n", 1)
        return line

    def exactly(self, n):
        while len(self.got) < n and self.more():
            pass
        part, self.got = self.got[:n], self.got[n:]
        return part

    def rest(self):
        while self.more():
            pass
        return self.got

    def chunks(self):
        whole = b""
        while size := int(self.line().split(b";")[0] or b"0", 16):
            whole += self.exactly(size)
            self.exactly(2)
        return whole


def read_answer(c, head):
    while head and re.match(r"HTTP/1\.1 100\b", head[0]):
        head = c.head()
    m = re.match(r"HTTP/1\.[01] (\d{3})", head[0]) if head else None
    if not m:
        raise ValueError("not HTTP")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = c.chunks()
    elif "content-length" in headers:
        body = c.exactly(int(headers["content-length"]))
    else:
        body = c.rest()
    return int(m.group(1)), headers, body.decode("utf-8", "replace")


def connect(url, o, deadline):
    secure = url.scheme == "https"
    left = max(deadline - time.monotonic(), 0.001)
    sock = socket.create_connection((url.hostname, url.port or (443 if secure else 80)), left)
    if not secure:
        return sock
    context = ssl.create_default_context(cafile=o.get("ca"))
    if "insecure" in o:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(sock, server_hostname=url.hostname)


def exchange(sock, url, fields, o, deadline):
    kind, body = encode(fields, o)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    head = [
        f"POST {path} HTTP/1.{0 if 'http10' in o else 1}", f"Host: {url.netloc.rpartition('@')[2]}", f"Content-Type: {kind}",
        f"Content-Length: {len(body)}", "Connection: close",
    ]
    if "expect" in o:
        head.append("Expect: 100-continue")
    c = Connection(sock, deadline)
    sock.sendall("\r\n".join(head + ["", ""]).encode())
    answered = None
    if "expect" in o:
        try:
            answered = c.head(time.monotonic() + 1)
        except TimeoutError:
            pass  # it waits for the body
    if not answered or re.match(r"HTTP/1\.1 100\b", answered[0]):
        sock.sendall(body)
        answered = c.head()
    return read_answer(c, answered)


def call(o):
    result = {"error": "", "http": 0, "headers": {}, "body": "", "flat": False, "tags": {}, "hash": ""}
    url = urlsplit(o["url"])
    deadline = time.monotonic() + float(o.get("timeout", 30))
    token = None if "no-token" in o else o.get("token", f"{int(time.time())}{secrets.token_hex(16)}")
    fields = [("licensekey", o["key"])] + [(n, o[n]) for n in ("domain", "ip", "dir") if n in o]
    if token is not None:
        fields.append(("check_token", token))
    fields += [tuple(f.partition("=")[::2]) for f in o.get("field", [])]
    try:
        sock = connect(url, o, deadline)
    except TimeoutError:
        return {**result, "error": "timeout"}
    except OSError:
        return {**result, "error": "connect"}
    with sock:
        try:
            status, headers, body = exchange(sock, url, fields, o, deadline)
        except TimeoutError:
            return {**result, "error": "timeout"}
        except (OSError, ValueError):
            return {**result, "error": "http"}
    parsed = parse(body)
    digest = ""
    if "secret" in o and token is not None:
        right = hashlib.md5((o["secret"] + token).encode()).hexdigest()
        said = parsed["tags"].get("md5hash")
        digest = "absent" if said is None else "right" if said == right else "wrong"
    return {**result, "http": status, "headers": headers, "body": body, **parsed, "hash": digest}


def options(arguments):
    o = {}
    while arguments:
        m = re.fullmatch(r"--([a-z0-9-]+)(?:=(.*))?", arguments.pop(0), re.S)
        if not m:
            return None
        name, value = m.groups()
        if name in FLAGS and value is None:
            o[name] = True
        elif name in VALUED and (value is not None or arguments):
            value = arguments.pop(0) if value is None else value
            if name == "field":
                o.setdefault("field", []).append(value)
            else:
                o[name] = value
        else:
            return None
    return o if {"url", "key"} <= o.keys() or "parse" in o or "localkey" in o else None


def main():
    o = options(sys.argv[1:])
    if o is None:
        print("client.py: see README.md", file=sys.stderr)
        sys.exit(2)
    if "parse" in o:
        result = parse(sys.stdin.buffer.read().decode("utf-8", "replace"))
    elif "localkey" in o:
        result = [local_key(c["kept"], c["today"], c["place"], c["answer"]) for c in json.load(sys.stdin)["cases"]]
    else:
        result = call(o)
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
