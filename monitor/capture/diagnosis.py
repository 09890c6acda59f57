"""Finds out why a network address cannot be opened, because FFmpeg does not report the reason."""

from __future__ import annotations

import http.client
import socket
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935}
UNKNOWN = "check address, network and login"
MALFORMED = "the address is malformed; write @ / ? # and spaces in a password as %40 %2F %3F %23 %20"
REASONS = {
    400: "the server does not understand the address (400)",
    401: "the server requires a login or refuses this one (401); check user name and password",
    403: "the server forbids access (403); check the login and the camera's list of allowed addresses",
    404: "the server has nothing at this address (404); check the path",
    503: "the server is overloaded (503); try again later",
}


def diagnosed(url: str, timeout_s: float) -> str:
    """The reason why an address cannot be opened, with the fix.

    Args:
        url: An http, https, rtsp or other address.
        timeout_s: Longest time for the connection and for the answer.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme.lower(), 0)
        if not parts.hostname or not port or parts.scheme.lower() == "udp":
            return UNKNOWN
        if parts.scheme.lower() in ("http", "https"):
            return _http(parts, port, timeout_s)
        with socket.create_connection((parts.hostname, port), timeout_s) as connection:
            return _rtsp(parts, connection) if parts.scheme.lower() == "rtsp" else UNKNOWN
    except socket.gaierror:
        return f"the host {parts.hostname} is unknown; check the name"
    except ConnectionRefusedError:
        return f"{parts.hostname} refuses connections on port {port}; check the port, and that its server runs"
    except TimeoutError:
        return f"{parts.hostname} does not answer on port {port}; check address and network"
    except ssl.SSLError as error:
        return f"{parts.hostname}: TLS fails: {error.reason or error}"
    except (ValueError, http.client.InvalidURL):  # their text may hold parts of a password
        return MALFORMED
    except (OSError, http.client.HTTPException) as error:
        return f"{getattr(error, 'strerror', None) or error}; {UNKNOWN}"


def _http(parts: SplitResult, port: int, timeout_s: float) -> str:
    """Requests the address from a web server and reads only the header of the answer."""
    kind = http.client.HTTPSConnection if parts.scheme.lower() == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), port, timeout=timeout_s)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers=authorization(parts))
        answer = connection.getresponse()
        if answer.status >= 400:
            return _status(answer.status)
        content = answer.getheader("Content-Type", "").split(";")[0].strip().lower()
        if content in ("text/html", "application/xhtml+xml"):
            return "it is a web page, not a stream; give the address of the stream itself"
        if content.startswith("image/"):
            return "it is a single picture; fetch it repeatedly with source.poll_s=1"
        return f"the server sends {content or 'no type of content'}, which cannot be played"
    finally:
        connection.close()


def authorization(parts: SplitResult) -> dict[str, str]:
    """The header for the user name and password in an address, if it has any."""
    if not parts.username:
        return {}
    import base64

    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def _rtsp(parts: SplitResult, connection: socket.socket) -> str:
    """Asks an RTSP server to describe the stream."""
    host = parts.netloc.rpartition("@")[2]
    target = f"rtsp://{host}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    connection.sendall(f"DESCRIBE {target} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n".encode())
    words = connection.recv(4096).decode("latin-1").split(None, 2)
    if len(words) < 2 or not words[0].startswith("RTSP/") or not words[1].isdigit():
        return "the server does not speak RTSP; check the port"
    return _status(int(words[1])) if int(words[1]) >= 400 else UNKNOWN


def _status(status: int) -> str:
    if status >= 500 and status not in REASONS:
        return f"the server has an error ({status}); restart the camera or its server"
    return REASONS.get(status, f"the server answers {status}; {UNKNOWN}")
