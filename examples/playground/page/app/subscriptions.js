// A card for each Subscription: status and its history, numbers, trouble, operations.
import { $, announce, h, json, keyed } from "./dom.js";
import { api, refusal } from "./api.js";
import { endpointOf, reactivate, remove, titleOf, turnOff } from "./actions.js";
import { onChange, state } from "./store.js";
import { trouble } from "./trouble.js";
import { edit } from "./edit.js";
import { brief, clock, plural, tone } from "./words.js";

export function startSubscriptions() {
  const list = $("subscriptions");
  const empty = h("p", { class: "empty" }, "No Subscription yet. The button under Start makes one, and so does the form under Subscribe.");
  list.before(empty);
  $("look").addEventListener("click", async () => {
    const words = refusal(await api.fhir("GET", "Subscription?_count=50", undefined, "Which Subscriptions are there?"));
    announce(words || `${plural(state.subscriptions.size, "Subscription")} on the server`);
  });
  onChange(() => {
    empty.hidden = state.subscriptions.size > 0;
    keyed(list, [...state.subscriptions.values()].reverse(), (s) => s.id, card);
    for (const [id, entry] of list.keyed) entry.el.update(state.subscriptions.get(id));
  });
}

function card(sub) {
  const status = h("span", { class: "chip" });
  const title = h("h3", {});
  const history = h("dd", {}), count = h("dd", {}), errors = h("dd", {}), to = h("dd", {});
  const errorTerm = h("dt", {}, "Errors");
  const numbers = h("ol", { class: "numbers", "aria-label": "Numbers of events" });
  const place = h("div", {});
  const outcome = h("div", { role: "status" });
  const button = (text, what, name) => h("button", { type: "button", class: `tiny ${name || ""}`, onclick: async () => {
    try { await what(); } catch (err) { outcome.replaceChildren(h("p", { class: "notice bad" }, err.message)); }
  } }, text);
  const ask = (path, title, why) => async () => {
    const exchange = await api.fhir("GET", `Subscription/${sub.id}/${path}`, undefined, why);
    const words = refusal(exchange);
    if (words) throw new Error(words);
    const close = h("button", { type: "button", class: "tiny", onclick: () => { outcome.replaceChildren(); } }, "Close");
    outcome.replaceChildren(h("div", { class: "row" }, h("h4", { class: "grow" }, title), close), json(`${exchange.status} in ${exchange.millis} ms`, exchange.answer));
  };
  const off = button("Turn off", () => turnOff(sub.id));
  const on = button("Ask for activation", async () => { await reactivate(sub.id); announce("Activation is requested"); }, "primary");
  const actions = h("div", { class: "actions" }, on, button("$status", ask("$status", "Answer of $status", "How is the Subscription?")), button("$events", ask("$events", "Answer of $events", "What has happened?")),
    button("$resend", ask("$resend", "Answer of $resend", "Send everything again")), button("Edit", () => edit(sub.id)), off, button("Delete", () => remove(sub.id), "danger"));
  const el = h("article", { class: "card sub", "aria-label": `Subscription ${sub.id}` }, h("div", { class: "sub-head" }, title, status),
    h("dl", {}, h("dt", {}, "Was"), history, h("dt", {}, "Events"), count, errorTerm, errors, h("dt", {}, "Goes to"), to), numbers, place, actions, outcome);
  let control = null, shownFor = {};
  el.update = (s) => {
    el.dataset.status = s.status;
    title.textContent = titleOf(s);
    status.textContent = s.status || "unknown";
    status.className = `chip ${tone[s.status] || ""}`;
    if (shownFor.s !== s) {
      history.replaceChildren(...(s.history || []).slice(-6).flatMap((c, i) => [i ? " → " : "", h("span", { title: clock(c.at) }, c.status), h("span", { class: "soft small" }, ` ${clock(c.at).slice(0, 8)}`)]));
      errors.textContent = (s.errors || []).join(", ");
      errors.hidden = errorTerm.hidden = !s.errors?.length;
    }
    const endpoint = endpointOf(s);
    to.replaceChildren(`${s.channel}${endpoint ? `, endpoint “${endpoint.name}” hosted here` : s.endpoint ? ` at ${s.endpoint}` : ""} `, h("span", { class: "soft small" }, `(${brief(s.id)})`));
    if (shownFor.s !== s || shownFor.arrivals !== state.arrivals) drawNumbers(numbers, count, s);
    if (endpoint && control?.key !== endpoint.key) { control = { key: endpoint.key, el: trouble(endpoint) }; place.replaceChildren(control.el); }
    if (!endpoint) { place.replaceChildren(); control = null; }
    if (control && shownFor.endpoint !== endpoint) control.el.update(endpoint);
    const deleted = s.status === "deleted";
    actions.hidden = deleted; place.hidden = deleted;
    on.hidden = !["error", "off"].includes(s.status); off.hidden = !on.hidden;
    shownFor = { s, endpoint, arrivals: state.arrivals };
  };
  return el;
}

const shown = 60;

// drawNumbers shows what has become of each event: arrived, twice, missing, late, or on its way.
function drawNumbers(list, count, s) {
  const seen = new Map();
  let highest = s.count || 0;
  for (const a of state.arrivals) {
    if (a.subscription !== s.id || !a.taken) continue;
    for (const g of a.gap || []) for (let n = Math.max(g.first, g.last - shown); n <= g.last; n++) if (!seen.has(n)) seen.set(n, "missing");
    for (const e of a.events || []) {
      highest = Math.max(highest, e.number);
      seen.set(e.number, e.duplicate ? "duplicate" : e.late ? "late" : seen.get(e.number) === "duplicate" ? "duplicate" : "arrived");
    }
  }
  const arrived = [...seen.values()].filter((v) => v !== "missing").length, missing = seen.size - arrived;
  count.textContent = highest === 0 ? "none yet" : `${plural(highest, "event")} at the server, ${arrived} arrived${missing ? `, ${missing} missing` : ""}`;
  const items = [];
  for (let n = Math.max(1, highest - shown + 1); n <= highest; n++) {
    const is = seen.get(n) || "waiting";
    items.push(h("li", { class: is, title: { arrived: "arrived", missing: "missing", duplicate: "arrived more than once", late: "arrived late, or fetched", waiting: "has not arrived" }[is] }, n, h("span", { class: "unseen" }, ` ${is}`)));
  }
  list.replaceChildren(...items);
  list.hidden = !items.length;
}
