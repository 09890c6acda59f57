"use strict";
// The live page: readings arrive as server-sent events, the picture as MJPEG.
const $ = (id) => document.getElementById(id);
const cards = new Map();
let palette = {};
let camera = "";
let stream = null;
const tiles = new Map();

// The address of a resource of the chosen camera; a run with one source has a camera without a name.
function of(path, name = camera) { return name ? path + (path.includes("?") ? "&" : "?") + "camera=" + encodeURIComponent(name) : path; }

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return (s >= 3600 ? Math.floor(s / 3600) + ":" : "") + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
}

function ink(hex) { // black or white, whichever has the higher contrast (WCAG relative luminance)
  const part = (i) => { const c = parseInt(hex.slice(i, i + 2), 16) / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 0.179 ? "#000" : "#fff";
}

function makeCard(face, labels) {
  const card = element("article", "face card");
  const head = element("div", "face-head");
  card.pill = element("span", "pill");
  card.who = element("span", "who");
  head.append(card.pill, card.who);
  card.append(head);
  card.bars = {};
  for (const name of labels) {
    const row = element("div", "bar");
    const fill = element("div", "fill");
    const track = element("div", "track");
    fill.style.background = palette[name] || "#888";
    track.append(fill);
    const value = element("span", "value");
    row.append(element("span", "", name), track, value);
    card.append(row);
    card.bars[name] = { row, fill, value };
  }
  card.ribbon = element("canvas", "ribbon");
  card.ribbon.setAttribute("role", "img");
  card.ribbon.setAttribute("aria-label", "Expression over the last minute");
  const scale = element("div", "scale");
  scale.append(element("span", "", "−60 s"), element("span", "", "now"));
  card.append(card.ribbon, scale);
  return card;
}

function drawRibbon(canvas, history, labels) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth * ratio, height = canvas.clientHeight * ratio;
  if (canvas.width !== Math.round(width)) { canvas.width = Math.round(width); canvas.height = Math.round(height); }
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const x = (t) => (1 + t / 60) * canvas.width;
  for (let i = 0; i < history.length; i++) {
    const left = x(history[i][0]);
    const right = i + 1 < history.length ? Math.min(x(history[i + 1][0]), x(history[i][0] + 1.5)) : canvas.width;
    let y = canvas.height;
    labels.forEach((name, n) => {
      const part = history[i][n + 1] * canvas.height;
      pen.fillStyle = palette[name] || "#888";
      pen.fillRect(left, y - part, right - left + 0.7, part);
      y -= part;
    });
  }
}

function updateFaces(state) {
  const box = $("faces"), seen = new Set();
  for (const face of state.faces) {
    seen.add(face.id);
    let card = cards.get(face.id);
    if (!card) { card = makeCard(face, state.labels); cards.set(face.id, card); box.append(card); }
    const color = palette[face.label] || "#5b6673";
    card.pill.textContent = face.label + (face.label === "unknown" ? "" : " " + Math.round(face.confidence * 100) + "%");
    card.pill.style.setProperty("--pill", color);
    card.pill.style.setProperty("--pill-ink", ink(color));
    const notes = ["person " + face.id, "quality " + Math.round(face.quality * 100) + "%"];
    if (face.covered) notes.push({ upper: "eyes covered", lower: "mouth covered", both: "face covered" }[face.covered]);
    if (face.still) notes.push("still picture");
    card.who.textContent = notes.join(" · ");
    for (const name of state.labels) {
      const bar = card.bars[name], p = face.probs[name];
      bar.fill.style.transform = "scaleX(" + p + ")";
      bar.value.textContent = Math.round(p * 100) + "%";
      bar.row.classList.toggle("top", name === face.label);
    }
    drawRibbon(card.ribbon, face.history, state.labels);
  }
  for (const [id, card] of cards) if (!seen.has(id)) { card.remove(); cards.delete(id); }
  let empty = box.querySelector(".empty");
  if (!seen.size && !empty) box.append(element("p", "empty card", "Nobody is in view."));
  if (seen.size && empty) empty.remove();
}

function gauge(name, share, value, low, high) {
  const node = element("div", "gauge"), title = element("div", "name");
  title.append(element("span", "", name), element("b", "", value));
  const track = element("div", "track"), fill = element("div", "fill");
  fill.style.transform = "scaleX(" + Math.max(0, Math.min(1, share)) + ")";
  track.append(fill);
  const ends = element("div", "ends");
  ends.append(element("span", "", low), element("span", "", high));
  node.append(title, track, ends);
  return node;
}

function updateDriver(driver) {
  const box = $("driver");
  box.hidden = !driver;
  if (!driver) return;
  const fatigue = { none: 0, early: 1, drowsy: 2, danger: 3 }[driver.level] || 0;
  const worst = Math.max(fatigue, driver.away_level, driver.closure_level, driver.anger_level,
    driver.attention === "attentive" ? 0 : 1);
  box.className = "driver card " + (worst >= 3 ? "bad" : worst >= 1 ? "warn" : "good");
  const state = element("div", "state");
  state.append(element("b", "", driver.attention));
  state.append(element("small", "", "fatigue: " + driver.level + (driver.calibrated < 1 ? " · calibrating " + Math.round(driver.calibrated * 100) + "%" : "")));
  const gauges = element("div", "gauges");
  gauges.append(gauge("Fatigue", driver.fatigue / 100, driver.fatigue.toFixed(0), "rested", "danger"));
  gauges.append(gauge("Eyes open", driver.eyes ?? 0, driver.eyes === null ? "not judged" : Math.round(driver.eyes * 100) + "%", "shut", "open"));
  gauges.append(gauge("PERCLOS", (driver.perclos ?? 0) / 0.3, driver.perclos === null ? "not judged" : Math.round(driver.perclos * 100) + "%", "0%", "30%"));
  gauges.append(gauge("Anger-like", driver.anger ?? 0, driver.anger === null ? "not judged" : Math.round(driver.anger * 100) + "%", "none", "strong"));
  box.replaceChildren(state, gauges);
}

function words(event) {
  const what = event.kind === "emotion" ? (event.data.label || "") + " expression" : event.kind === "face" ? "face" : event.kind.replaceAll("_", " ");
  const phase = { start: "began", update: "continues", end: "ended" }[event.phase];
  const lasted = event.phase === "end" && event.data.duration_s !== undefined ? " after " + event.data.duration_s.toFixed(1) + " s" : "";
  return what + (event.face ? " (person " + event.face + ")" : "") + " " + phase + lasted;
}

function addEvents(events) {
  const list = $("events");
  for (const event of events) {
    if (event.phase === "update") continue;
    const row = element("li");
    row.append(element("time", "", clock(event.seconds)), element("span", event.level ? "l" + Math.min(4, event.level) : "", words(event)));
    list.prepend(row);
  }
  while (list.childElementCount > 60) list.lastElementChild.remove();
}

function update(state) {
  $("lost").hidden = true;
  $("stats").textContent = state.source + " · " + clock(state.seconds) + " · " + state.fps.toFixed(0) + " fps · " +
    state.latency_ms.toFixed(0) + " ms" + (state.dropped ? " · " + state.dropped + " dropped" : "");
  $("camera").hidden = false;
  $("camera-text").textContent = (state.run.over ? "ended" : state.run.live ? "camera in use" : "playing a file") + (state.run.recording ? ", recording" : "");
  $("trouble").hidden = !(state.run.wrong && state.run.wrong.length);
  $("trouble").textContent = (state.run.wrong || []).join(", ");
  $("record").setAttribute("aria-pressed", String(state.run.recording));
  $("record").lastElementChild.textContent = state.run.recording ? "Stop recording" : "Record";
  $("blur").setAttribute("aria-pressed", String(state.run.blur));
  $("live").hidden = !state.run.picture;
  $("no-picture").hidden = state.run.picture;
  if (state.run.picture && !$("live").getAttribute("src")) $("live").src = of("/picture.mjpg");
  updateFaces(state);
  updateDriver(state.driver);
}

async function act(name) {
  const answer = await fetch(of("/api/actions/" + name), { method: "POST", headers: { "X-Emotion-Monitor": "1" } });
  const content = await answer.json().catch(() => ({}));
  $("toast").textContent = answer.ok ? { record: "Recording switched.", snapshot: "Snapshot saved in the session folder.", blur: "Blur switched." }[name] : content.error || "That did not work.";
  setTimeout(() => { $("toast").textContent = ""; }, 3000);
}

async function listSessions() {
  const box = $("sessions");
  const sessions = await (await fetch("/api/sessions")).json();
  const table = element("table");
  for (const session of [...sessions.filter((s) => !s.dataset).slice(0, 20), ...sessions.filter((s) => s.dataset).slice(0, 20)]) {
    const row = element("tr"), link = element("a", "", session.name);
    link.href = "/sessions/" + encodeURIComponent(session.name) + "/report";
    const name = element("td");
    name.append(link);
    row.append(name, element("td", "", session.running ? "running" : session.dataset ? "dataset" : session.seconds === null ? "" : clock(session.seconds)));
    table.append(row);
  }
  box.replaceChildren(sessions.length ? table : element("p", "empty", "No session yet."));
}

function makeTile(name) {
  const tile = element("button");
  tile.type = "button";
  tile.picture = element("img");
  tile.picture.alt = "";
  tile.words = element("small");
  const label = element("span", "", name);
  label.append(tile.words);
  tile.append(tile.picture, label);
  tile.addEventListener("click", () => choose(name));
  $("cameras").append(tile);
  return tile;
}

function choose(name) {
  camera = name;
  for (const [other, tile] of tiles) tile.setAttribute("aria-pressed", String(other === name));
  $("live").removeAttribute("src");
  connect();
}

// Small pictures are fetched one after the other: a browser opens only six connections to one address.
async function listCameras() {
  const cameras = await (await fetch("/api/cameras")).json();
  $("cameras").hidden = !cameras.some((one) => one.name);
  for (const one of cameras.filter((one) => one.name)) {
    if (!tiles.has(one.name)) tiles.set(one.name, makeTile(one.name));
    const tile = tiles.get(one.name);
    tile.disabled = !one.open;
    if (!camera && one.open) choose(one.name);
    const seen = one.faces === 0 ? "nobody in view" : one.faces + (one.faces === 1 ? " face" : " faces") + (one.label ? ", " + one.label : "");
    tile.words.textContent = one.over ? "ended" : one.wrong.length ? one.wrong.join(", ") : (one.attention ? one.attention + ", " : "") + seen + (one.recording ? ", recording" : "");
    tile.classList.toggle("bad", one.over || one.wrong.length > 0);
    tile.picture.hidden = !one.picture;
    if (one.picture && !document.hidden && tile.frame !== one.frame) {
      tile.frame = one.frame;
      const answer = await fetch(of("/picture.jpg", one.name));
      if (!answer.ok) continue;
      tile.picture.src = await asAddress(await answer.blob());
    }
  }
}

function asAddress(blob) { // a data: address, because the page's policy allows no blob: addresses
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });
}

function connect() {
  if (stream) stream.close();
  $("events").replaceChildren();
  const mine = stream = new EventSource(of("/api/stream"));
  mine.addEventListener("state", (message) => { if (mine === stream) update(JSON.parse(message.data)); });
  mine.addEventListener("log", (message) => { if (mine === stream) addEvents(JSON.parse(message.data)); });
  mine.onerror = () => {
    if (mine !== stream) return;
    $("lost").hidden = false;
    $("live").removeAttribute("src");
    mine.close();
    $("events").replaceChildren();
    setTimeout(() => { if (mine === stream) connect(); }, 2000);
  };
}

async function watchCameras() {
  await listCameras().catch(() => {});
  setTimeout(watchCameras, tiles.size ? 500 : 5000);
}

for (const name of ["record", "snapshot", "blur"]) $(name).addEventListener("click", () => act(name));
fetch("/api/palette").then((answer) => answer.json()).then((colors) => { palette = colors; return listCameras(); })
  .then(() => { if (!camera) connect(); watchCameras(); });
listSessions();
setInterval(listSessions, 30000);
