"""The OpenAPI description of the JSON API, served at ``/openapi.json``."""

from __future__ import annotations

from typing import Any

from monitor import __version__
from monitor.core.labels import EMOTIONS

Schema = dict[str, Any]


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
LABELS = f"{', '.join(EMOTIONS)}, or the classes of a user's own model; unknown without a reading"
FLAG: Schema = {"type": "boolean"}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
DISTRIBUTION: Schema = {"type": "object", "additionalProperties": SHARE}
"""By label; the labels are those of the state."""
FACE = _object(
    id=INTEGER, label={"type": "string", "description": LABELS}, confidence=SHARE, probs=DISTRIBUTION,
    box={"type": "array", "items": NUMBER, "minItems": 4, "maxItems": 4, "description": "x1, y1, x2, y2 in pixels"},
    quality=SHARE, known=FLAG, covered={"type": "string", "enum": ["", "upper", "lower", "both"]}, still=FLAG,
    pose=_nullable({"type": "array", "items": NUMBER, "description": "yaw, pitch, roll in degrees"}),
    history={"type": "array", "description": "rows of seconds before now and the probabilities",
             "items": {"type": "array", "items": NUMBER}},
)  # fmt: skip
DRIVER = _object(
    face=INTEGER, attention=TEXT, fatigue={"type": "number", "minimum": 0, "maximum": 100}, level=TEXT,
    eyes=_nullable(SHARE), closed_s=NUMBER, perclos=_nullable(SHARE), blinks_per_min=_nullable(NUMBER), yawns=INTEGER,
    anger=_nullable(SHARE), calibrated=SHARE, away_level=INTEGER, anger_level=INTEGER, closure_level=INTEGER,
)  # fmt: skip
RUN = _object(recording=FLAG, blur=FLAG, live=FLAG, picture=FLAG, over=FLAG, wrong={"type": "array", "items": TEXT})
STATE = _object(
    camera=TEXT, frame=INTEGER, source=TEXT, seconds=NUMBER, wall=NUMBER, fps=NUMBER, dropped=INTEGER,
    latency_ms=NUMBER, size={"type": "array", "items": INTEGER}, labels={"type": "array", "items": TEXT},
    faces={"type": "array", "items": FACE}, driver=_nullable(DRIVER), run=RUN,
)  # fmt: skip
SHORT = _object(
    name=TEXT, source=TEXT, frame=INTEGER, fps=NUMBER, faces=INTEGER, label=_nullable(TEXT), attention=_nullable(TEXT),
    recording=FLAG, wrong={"type": "array", "items": TEXT}, over=FLAG, picture=FLAG, open=FLAG,
)  # fmt: skip
EVENT = _object(
    number=INTEGER, kind=TEXT, phase={"type": "string", "enum": ["start", "update", "end"]}, id=INTEGER,
    seconds=NUMBER, wall=NUMBER, face=INTEGER, level=INTEGER, data={"type": "object"},
)  # fmt: skip
SESSION = _object(
    name=TEXT, dataset=FLAG, running=FLAG, source=TEXT, started=TEXT, seconds=_nullable(NUMBER),
    faces=_nullable(INTEGER), driver=_nullable({"type": "object"}),
)  # fmt: skip


def _answer(description: str, schema: Schema | None = None, media: str = "application/json") -> Schema:
    return {"200": {"description": description, "content": {media: {"schema": schema or {}}}}}


def _get(summary: str, answer: Schema, *parameters: Schema) -> Schema:
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": answer}}


def _parameter(name: str, where: str, schema: Schema) -> Schema:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


CAMERA = {**_parameter("camera", "query", TEXT), "description": "name of the camera; without it the first one"}
DESCRIPTION: Schema = {
    "openapi": "3.1.0",
    "info": {
        "title": "Emotion Monitor", "version": __version__,
        "description": "Live readings of facial expressions. A face shows an expression, not a feeling.",
    },
    "paths": {
        "/api/cameras": _get("All cameras in short", _answer("Cameras", {"type": "array", "items": SHORT})),
        "/api/state": _get("The newest state of a camera", _answer("State", STATE), CAMERA),
        "/api/stream": _get(
            "Server-sent events: `state` after new frames (at most 5 a second), `log` with a list of events",
            _answer("Stream", media="text/event-stream"),
            CAMERA,
        ),
        "/api/events": _get(
            "The last 200 events", _answer("Events", {"type": "array", "items": EVENT}),
            _parameter("after", "query", {"type": "integer", "minimum": 0}), CAMERA,
        ),
        "/api/sessions": _get(
            "Sessions, newest first, then datasets", _answer("Sessions", {"type": "array", "items": SESSION})
        ),
        "/api/actions/{action}": {
            "post": {
                "summary": "Switch the recording, save a snapshot, or blur faces in the page's picture",
                "parameters": [
                    _parameter("action", "path", {"type": "string", "enum": ["record", "snapshot", "blur"]}),
                    {**_parameter("X-Emotion-Monitor", "header", {"type": "string", "enum": ["1"]}), "required": True},
                    CAMERA,
                ],
                "responses": {"202": {"description": "Accepted"}, "409": {"description": "Cannot be done now"}},
            }
        },
        "/sessions/{name}/report": _get(
            "The report of a session or a dataset", _answer("Page", media="text/html"), _parameter("name", "path", TEXT)
        ),
        "/picture.jpg": _get("The newest annotated picture", _answer("Picture", media="image/jpeg"), CAMERA),
        "/picture.mjpg": _get("Pictures as MJPEG", _answer("Stream", media="multipart/x-mixed-replace"), CAMERA),
        "/metrics": _get("Metrics for Prometheus", _answer("Metrics", media="text/plain")),
        "/healthz": _get("200 while a camera delivers frames, else 503", _answer("Health", _object(status=TEXT))),
    },
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "security": [{"token": []}, {}],
}  # fmt: skip
