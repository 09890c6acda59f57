"""The review page: a wall of findings with keep, drop and relabel by keyboard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from monitor.system.wholefile import replace_text
from train.clean.manifest import GOOD, KINDS, Entry
from train.system import resources

STYLE = """
body { font: 14px system-ui, sans-serif; margin: 1rem; color: #1c2330 }
.wall { display: flex; flex-wrap: wrap; gap: 8px }
figure { margin: 0; width: 140px; padding: 4px; border: 3px solid transparent; border-radius: 6px } img { width: 140px;
height: 140px; object-fit: contain; background: #eef1f5 } figcaption { font-size: 12px; overflow-wrap: anywhere }
.group { display: flex; gap: 2px; border: 2px dashed #b7791f; border-radius: 6px }
figure:focus { border-color: #2b6cb0; outline: none } .keep { background: #e3f4e5 } .drop { background: #fde3e1 }
.relabel { background: #fff1d6 }
"""
SCRIPT = """
const labels = JSON.parse(document.body.dataset.labels);
const cards = [...document.querySelectorAll('figure')];
async function decide(card, decision, label) {
  const next = cards[cards.indexOf(card) + 1];
  if (next) next.focus();  // before the answer, so that quick keys meet one picture each
  const sent = await fetch('/decide', { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ path: card.dataset.path, decision, label }) }).catch(() => null);
  const note = document.getElementById('note');
  if (!sent || !sent.ok) {
    note.textContent = `${card.dataset.path} is not saved: start the page with emotion-train clean --review`;
    return;
  }
  note.textContent = '';
  card.className = decision;
  card.querySelector('.decision').textContent = decision + (label ? ' ' + label : '');
}
document.addEventListener('keydown', event => {
  const card = document.activeElement.closest('figure');
  const at = cards.indexOf(card);
  if (event.key === 'ArrowRight') { (cards[at + 1] || cards[0]).focus(); event.preventDefault(); }
  else if (event.key === 'ArrowLeft' && at > 0) { cards[at - 1].focus(); event.preventDefault(); }
  else if (!card) return;
  else if (event.key === 'k') decide(card, 'keep', '');
  else if (event.key === 'd') decide(card, 'drop', '');
  else if (event.key === 'u') decide(card, '', '');
  else if (/^[1-9]$/.test(event.key) && labels[event.key - 1]) decide(card, 'relabel', labels[event.key - 1]);
});
"""


def render(entries: Sequence[Entry], source: str) -> str:
    """The page as HTML; findings with the highest score come first in each kind.

    Args:
        entries: All pictures; those without a fault are not shown.
        source: Prefix of the pictures' addresses.
    """
    labels = sorted({entry.label for entry in entries})
    keys = ", ".join(f"{n} {escape(label)}" for n, label in enumerate(labels[:9], 1))
    parts = []
    for kind in KINDS:
        own = sorted((e for e in entries if e.kind == kind), key=lambda e: (-e.score, e.path))
        if own:
            cards = "".join(_together(group, source) for group in _grouped(own))
            parts.append(f'<h2>{escape(kind)}: {len(own)}</h2><div class="wall">{cards}</div>')
    good = sum(entry.kind == GOOD for entry in entries)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Review of a cleaned set</title>'
        f"<style>{STYLE}</style></head><body data-labels='{escape(json.dumps(labels))}'><h1>Review: {len(entries)} "
        f"pictures, {good} without a fault</h1><p>Arrow keys move, k keeps, d drops, u takes a decision back, a digit "
        f'relabels: {keys}.</p><p id="note"></p>{"".join(parts)}<script>{SCRIPT}</script></body></html>\n'
    )


def _grouped(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The findings in order, grouped: pictures that conflict with each other form one group."""
    found: dict[object, list[Entry]] = {}
    for entry in entries:
        number = json.loads(entry.details).get("group") if entry.kind == "conflict" else None
        found.setdefault(number or entry.path, []).append(entry)
    return list(found.values())


def _together(group: Sequence[Entry], source: str) -> str:
    cards = "".join(_card(entry, source) for entry in group)
    return f'<div class="group">{cards}</div>' if len(group) > 1 else cards


def _card(entry: Entry, source: str) -> str:
    path = escape(entry.path)
    return (
        f'<figure tabindex="0" class="{entry.decision}" data-path="{path}"><img loading="lazy" alt="" '
        f'src="{escape(source + quote(entry.path))}"><figcaption>{path}<br>{escape(entry.reason)} '
        f'({entry.score:.2f})<br><b class="decision">{entry.decision} {escape(entry.new_label)}</b></figcaption>'
        "</figure>"
    )


def write(folder: Path, entries: Sequence[Entry], path: Path) -> None:
    """Writes the page as a file that links to the pictures in place; decisions need ``train.clean.review``.

    Raises:
        ConfigError: It cannot be written.
    """
    with resources.writing(path):
        replace_text(path, render(entries, folder.absolute().as_uri() + "/"))
