// The control by which an endpoint is made to cause trouble.
import { api } from "./api.js";
import { announce, h, option } from "./dom.js";

const kinds = [
  ["", "Works"],
  ["down", "Is down"],
  ["slow", "Is slow"],
  ["reject", "Refuses"],
  ["lose", "Loses what arrives"],
  ["break", "Takes it, but the answer gets lost"],
];
const words = {
  "": "", down: "Connections are cut without an answer.", slow: "The answer comes late.", reject: "Everything is refused with this status.",
  lose: "The answer is success, but the notification is thrown away: a gap.", break: "The server hears nothing and sends again: a duplicate.",
};
const socketWords = { down: "Not connected. What happens meanwhile arrives after the next connection.", slow: "Reads slowly.", lose: "What arrives is thrown away: a gap." };

// trouble makes the control for an endpoint; its update method shows another state of it.
export function trouble(endpoint) {
  let now = endpoint;
  const kind = h("select", { "aria-label": `What endpoint ${endpoint.name} does`, onchange: () => send() },
    kinds.filter(([k]) => endpoint.channel !== "websocket" || !["reject", "break"].includes(k)).map(([k, text]) => option(k, text)));
  const mail = endpoint.channel === "email";
  const status = h("select", { "aria-label": "Status of the refusal", onchange: () => send() },
    (mail ? [450, 451, 550, 554] : [503, 500, 429, 403, 404, 410]).map((s) => option(s, `${s}${{ 410: " Gone", 503: " Unavailable", 429: " Too many", 403: " Forbidden", 404: " Not found", 550: " No mailbox", 450: " Busy" }[s] || ""}`)));
  const delay = h("input", { type: "number", min: 1, max: 120, value: 3, "aria-label": "Seconds until the answer", onchange: () => send() });
  const every = h("select", { "aria-label": "How often", onchange: () => send() }, option(1, "each time"), option(2, "every 2nd time"), option(3, "every 3rd time"), option(5, "every 5th time"));
  const text = h("span", { class: "soft small" });
  const end = h("button", { type: "button", class: "tiny", onclick: () => { kind.value = ""; send(); } }, "End the trouble");
  const el = h("div", { class: "trouble" }, h("span", {}, "Endpoint ", h("b", {}, endpoint.name)), kind, status, delay, every, end, text);
  async function send() {
    try {
      await api.trouble(now.key, kind.value ? { kind: kind.value, status: kind.value === "reject" ? Number(status.value) : 0, delay: kind.value === "slow" ? Number(delay.value) : 0, every: Number(every.value) } : {});
      announce(kind.value ? `Endpoint ${now.name}: ${kind.selectedOptions[0].textContent}` : `Endpoint ${now.name} works`);
    } catch (err) { text.textContent = err.message; }
  }
  el.update = (e) => {
    now = e;
    const t = e.trouble || {};
    kind.value = t.kind || "";
    if (t.status) status.value = t.status;
    if (t.delay) delay.value = t.delay;
    if (t.kind) every.value = t.every || 1;
    status.hidden = t.kind !== "reject"; delay.hidden = t.kind !== "slow"; every.hidden = end.hidden = !t.kind;
    text.textContent = (e.channel === "websocket" ? socketWords[t.kind] : words[t.kind || ""]) || (e.channel === "websocket" ? e.connection || "" : "");
    el.classList.toggle("on", Boolean(t.kind));
  };
  el.update(endpoint);
  return el;
}
