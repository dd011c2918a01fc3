// What arrives: decoded, with numbers, gaps, duplicates and latency.
import { $, announce, h, json, keyed } from "./dom.js";
import { api } from "./api.js";
import { confirm, titleOf } from "./actions.js";
import { onChange, state } from "./store.js";
import { brief, clock, duration, kinds, plural, range, reference } from "./words.js";

const shown = 150;

export function startArrivals() {
  const list = $("arrivals");
  const empty = h("p", { class: "empty" }, "Nothing has arrived yet.");
  list.before(empty);
  const draw = () => {
    const some = state.arrivals.filter((a) => $("beats").checked || a.kind !== "heartbeat").slice(-shown).reverse();
    empty.hidden = some.length > 0;
    keyed(list, some, (a) => a.id, item);
  };
  $("beats").addEventListener("change", draw);
  let seen = null;
  onChange(() => {
    if (seen === state.arrivals) return;
    const latest = state.arrivals.at(-1);
    if (seen && latest && latest.kind !== "heartbeat") announce(sentence(latest));
    seen = state.arrivals;
    draw();
  });
}

const nothing = (a) => !a.taken;
const twice = (a) => a.events?.some((e) => e.duplicate);

function what(a) {
  if (a.events?.length) {
    const numbers = a.events.map((e) => e.number).filter(Boolean);
    return `${a.kind === "query-event" ? "Fetched" : "Event"} ${numbers.length > 1 ? `${numbers[0]}–${numbers.at(-1)}` : numbers[0] || "without a number"}`;
  }
  return kinds[a.kind] || a.kind;
}

const sentence = (a) => `${what(a)} ${a.taken ? "arrived" : `was tried: ${a.answer}`}${a.gap?.length ? `; missing: ${a.gap.map(range).join(", ")}` : ""}${twice(a) ? "; again" : ""}`;

function item(a) {
  const e = a.events?.[0];
  const latency = e?.latency !== undefined && a.kind === "event-notification" && a.taken && !e.duplicate ? duration(e.latency) : "";
  const name = nothing(a) ? "refused" : twice(a) ? "twice" : a.kind === "handshake" || a.kind === "confirmation" ? "hand" : a.kind === "heartbeat" ? "beat" : "";
  const sub = state.subscriptions.get(a.subscription);
  const summary = h("summary", {}, h("time", {}, clock(a.at)), h("span", { class: "what" }, what(a)),
    e?.focus && h("span", { class: "soft small" }, brief(reference(e.focus)), e.deleted ? " (deleted)" : ""),
    latency && h("span", { class: `chip ${e.latency < 1000 ? "good" : "warn"}`, title: "from the event to its arrival" }, latency),
    nothing(a) && h("span", { class: "chip bad" }, a.answer), twice(a) && h("span", { class: "chip warn" }, "again"), e?.late && a.kind !== "query-event" && h("span", { class: "chip note" }, "late"),
    a.answer && !nothing(a) && !/^(200|250|nothing)/.test(a.answer) && h("span", { class: "chip note" }, a.answer), / after /.test(a.answer) && h("span", { class: "chip warn" }, a.answer),
    a.problems?.length && h("span", { class: "chip warn" }, plural(a.problems.length, "oddity", "oddities")),
    h("span", { class: "to" }, sub ? `${titleOf(sub)} · ` : "", state.endpoints.get(a.endpoint)?.name || a.channel));
  const details = h("details", {}, summary);
  details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) details.append(inner(a)); });
  return h("li", { class: `${name} fresh`, id: `arrival-${a.id}` }, details,
    (a.gap?.length || a.link) && h("div", { class: "aside" }, (a.gap || []).map((g) => gap(a, g)), a.link && question(a)));
}

function gap(a, g) {
  const result = h("span", { class: "small", role: "status" });
  const fetch = h("button", { type: "button", class: "tiny", onclick: async () => {
    fetch.disabled = true;
    try { const { events } = await api.recover(a.endpoint, a.subscription, g.first, g.last); result.textContent = `${plural(events, "event")} fetched.`; } catch (err) { result.textContent = err.message; fetch.disabled = false; }
  } }, "Fetch by $events");
  return h("span", { class: "row" }, h("span", { class: "chip bad" }, `missing: ${range(g)}`), fetch, result);
}

function question(a) {
  const result = h("span", { class: "small", role: "status" });
  const yes = h("button", { type: "button", class: "tiny primary", onclick: async () => { try { await confirm(a.link); result.textContent = "Confirmed."; yes.hidden = true; } catch (err) { result.textContent = err.message; } } }, "Yes, send them");
  return h("span", { class: "row" }, yes, h("a", { class: "small", href: a.link, target: "_blank", rel: "noopener noreferrer" }, "Open the link"), result);
}

function inner(a) {
  const rows = [["Kind", kinds[a.kind] || a.kind], ["Answer", a.answer], ["Subscription", a.subscription], ["Topic", a.topic], ["Status, as it says", a.status], ["Content", a.content],
    ["Events so far", a.subscription && a.kind !== "mail" ? a.count : ""], ["Request", a.request]].filter(([, v]) => v !== undefined && v !== "");
  return h("div", { class: "inner" },
    h("table", {}, h("tbody", {}, rows.map(([k, v]) => h("tr", {}, h("th", { scope: "row" }, k), h("td", { class: "detail" }, v))))),
    a.problems?.length ? h("div", { class: "notice warn small" }, "The standard has it otherwise:", h("ul", {}, a.problems.map((p) => h("li", {}, p)))) : null,
    a.events?.length ? h("table", { "aria-label": "Events" }, h("thead", {}, h("tr", {}, ["Number", "When", "About", "Took"].map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", {}, a.events.map((e) => h("tr", {}, h("td", {}, e.number, e.duplicate && " (again)", e.late && " (late)"), h("td", {}, e.at ? clock(e.at) : ""), h("td", { class: "detail" }, brief(reference(e.focus || "")), e.deleted && " (deleted)", e.context && h("div", { class: "small" }, "with ", e.context.map((c) => brief(reference(c))).join(", "))), h("td", {}, e.latency === undefined ? "" : duration(e.latency)))))) : null,
    a.body && (a.body.startsWith("{") ? json("What was sent", a.body) : h("pre", { class: "json", tabIndex: 0 }, a.body)));
}
