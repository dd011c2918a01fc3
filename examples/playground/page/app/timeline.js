// The time line: a row for each endpoint that has a Subscription, coloured by its status.
import { $, h, s } from "./dom.js";
import { endpointOf, titleOf } from "./actions.js";
import { onChange, state } from "./store.js";
import { plural } from "./words.js";

const rowHeight = 52, top = 34, left = 10;

export function startTimeline() {
  const box = $("timeline");
  const svg = s("svg", { role: "img" });
  const legend = h("p", { class: "legend" }, item("g", "●", "event arrived"), item("b", "✕", "attempt failed"), item("w", "◯", "again"), item("b", "▭", "missing"), item("n", "◆", "handshake"), item("n", "│", "a change was made"));
  const empty = h("p", { class: "empty" }, "Time passes. What happens appears here.");
  box.append(empty, svg, legend);
  const draw = () => render(svg, empty, legend, Number($("window").value) * 1000);
  $("window").addEventListener("change", draw);
  onChange(draw);
  setInterval(() => { if (!document.hidden) draw(); }, 500);
}

const item = (name, sign, text) => h("span", {}, h("i", { class: name, "aria-hidden": "true" }, sign), ` ${text}`);

// shortest is how much time is shown at least, in ms; it grows to what is chosen.
const shortest = 15000;

function render(svg, empty, legend, most) {
  const rows = [...state.subscriptions.values()].slice(-8).reverse();
  svg.style.display = rows.length ? "" : "none";
  empty.hidden = rows.length > 0; legend.hidden = !rows.length;
  if (!rows.length) return;
  const width = Math.max(svg.parentElement.clientWidth, 280), height = top + rows.length * rowHeight + 8;
  const now = Date.now(), first = Math.min(...rows.map((r) => new Date(r.history?.[0]?.at || now).getTime()));
  const span = Math.min(most, Math.max(shortest, now - first + 3000)), from = now - span;
  const x = (at) => left + ((new Date(at).getTime() - from) / span) * (width - left * 2);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  const parts = [...grid(span, now, x, height, width), ...writes(from, x, height)];
  rows.forEach((sub, i) => parts.push(...row(sub, top + i * rowHeight, from, now, x)));
  svg.replaceChildren(...parts);
  const recent = state.arrivals.filter((a) => new Date(a.at) > from);
  svg.setAttribute("aria-label", `Time line of ${plural(rows.length, "Subscription")}: ${plural(recent.filter((a) => a.taken && a.events?.length).length, "notification")} arrived, ${plural(recent.filter((a) => !a.taken).length, "attempt")} failed in the last ${Math.round(span / 1000)} seconds. The list of arrivals has all of it.`);
}

function* grid(span, now, x, height, width) {
  const step = [5000, 10000, 30000, 60000].find((each) => span / each <= width / 80) || 120000;
  for (let t = Math.ceil((now - span) / step) * step; t < now; t += step) {
    yield s("line", { class: "grid", x1: x(t), x2: x(t), y1: 20, y2: height });
    const d = new Date(t);
    if (x(t) > 30) yield s("text", { class: "label", x: x(t), y: 13, "text-anchor": "middle" }, `${d.getHours()}:${String(d.getMinutes()).padStart(2, "0")}:${String(d.getSeconds()).padStart(2, "0")}`);
  }
}

// writes are the changes that were made here.
function* writes(from, x, height) {
  for (const r of state.requests) {
    if (r.method === "GET" || new Date(r.at) < from || /^(Subscription|Group)/.test(r.path) || r.status >= 300) continue;
    yield s("line", { class: "change", x1: x(r.at), x2: x(r.at), y1: 19, y2: 28 });
  }
}

function* row(sub, y, from, now, x) {
  const changes = sub.history || [];
  for (const [i, c] of changes.entries()) {
    const begin = Math.max(new Date(c.at).getTime(), from), end = i + 1 < changes.length ? new Date(changes[i + 1].at).getTime() : now;
    if (end > from && c.status !== "deleted") yield s("rect", { class: `band ${c.status}`, x: x(begin), y: y + 18, width: Math.max(x(end) - x(begin), 1), height: 26, rx: 5 });
  }
  yield s("text", { class: "name", x: left, y: y + 13 }, titleOf(sub), s("tspan", { class: "label", "font-weight": 400 }, `  ${sub.channel}, ${sub.status}`));
  const key = endpointOf(sub)?.key, middle = y + 31;
  let label = -99;
  for (const a of state.arrivals) {
    if (new Date(a.at) < from || (a.subscription ? a.subscription !== sub.id : a.endpoint !== key)) continue;
    const at = x(a.at);
    const open = () => { const el = $(`arrival-${a.id}`); if (el) { el.firstChild.open = true; el.scrollIntoView({ block: "center" }); } };
    const mark = s("g", { class: "mark" });
    mark.addEventListener("click", open);
    mark.append(...marks(a, at, middle, x));
    const numbers = (a.events || []).map((e) => e.number).filter(Boolean);
    if (a.taken && numbers.length && at - label > 15) {
      label = at;
      mark.append(s("text", { class: "number", x: at, y: y + 29 }, numbers.length > 1 ? `${numbers[0]}–${numbers.at(-1)}` : String(numbers[0])));
    }
    for (const g of a.gap || []) {
      mark.append(s("rect", { class: "gap", x: at - 37, y: y + 18, width: 28, height: 14, rx: 4 }), s("text", { class: "gap-text", x: at - 23, y: y + 29 }, g.first === g.last ? g.first : `${g.first}–${g.last}`));
    }
    yield mark;
  }
}

function marks(a, at, y, x) {
  const low = y + 5;
  if (!a.taken) return [s("path", { class: "refused", d: `M${at - 4} ${low - 4}l8 8m0-8l-8 8` })];
  if (a.kind === "handshake" || a.kind === "confirmation") return [s("path", { class: "hand", d: `M${at} ${low - 6}l6 6l-6 6l-6-6z` })];
  if (a.kind === "heartbeat") return [s("circle", { class: "beat", cx: at, cy: low, r: 2.5 })];
  const e = a.events?.[0];
  const began = e?.at && !e.duplicate ? Math.max(x(e.at), left) : at;
  return [at - began > 6 && s("line", { class: "lag", x1: began, x2: at, y1: low, y2: low }), s("circle", { class: `event ${e?.duplicate ? "duplicate" : e?.late ? "late" : ""}`, cx: at, cy: low, r: 5 })].filter(Boolean);
}
