// The endpoints hosted here.
import { $, h, keyed } from "./dom.js";
import { api } from "./api.js";
import { openEndpoint } from "./actions.js";
import { onChange, state } from "./store.js";
import { trouble } from "./trouble.js";
import { plural } from "./words.js";

export function startEndpoints() {
  const list = h("div", { class: "stack" });
  const empty = h("p", { class: "empty" }, "No endpoint yet. They are made with a Subscription, or here.");
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const open = (channel, text) => h("button", { type: "button", onclick: async () => { problem.hidden = true; try { await openEndpoint(channel); } catch (err) { problem.textContent = err.message; problem.hidden = false; } } }, text);
  $("panel-endpoints").append(h("h2", {}, "Endpoints"), h("p", { class: "lead" }, "Where notifications go. This program hosts them, shows what arrives, and has them cause trouble if you like. An address is a secret; whoever has it can send there."),
    h("div", { class: "stack" }, h("div", { class: "row" }, open("rest-hook", "New rest-hook"), open("email", "New inbox"), open("message", "New message endpoint")), problem, empty, list));
  onChange(() => {
    empty.hidden = state.endpoints.size > 0;
    keyed(list, [...state.endpoints.values()].reverse(), (e) => e.key, card, (el, e) => el.update(e));
  });
}

function card(e) {
  const control = trouble(e);
  const words = h("p", { class: "small soft" });
  const el = h("article", { class: "card stack" },
    h("div", { class: "row" }, h("h3", { class: "grow" }, e.name), h("span", { class: "chip" }, e.channel),
      h("button", { type: "button", class: "tiny danger", onclick: () => api.deleteEndpoint(e.key) }, "Delete")),
    e.address && h("p", { class: "small" }, h("code", {}, e.address)), words, control);
  el.update = (now) => {
    control.update(now);
    const arrived = state.arrivals.filter((a) => a.endpoint === now.key).length;
    words.textContent = now.channel === "websocket" ? `${now.connection}; bound to ${plural((now.subscriptions || []).length, "Subscription")}` : `${plural(arrived, "arrival")} so far. Give its address to another Subscription, of any server, to share it.`;
  };
  return el;
}
