// What was asked of the server, its answers, and the export of it.
import { $, field, h, json, keyed, option } from "./dom.js";
import { api, refusal } from "./api.js";
import { onChange, state } from "./store.js";
import { brief, clock } from "./words.js";

export function startRequests() {
  const method = h("select", { name: "method" }, ["GET", "POST", "PUT", "PATCH", "DELETE"].map((m) => option(m, m)));
  const path = h("input", { type: "text", name: "path", value: "Subscription", spellcheck: false });
  const body = h("textarea", { class: "code", rows: 4, name: "body", spellcheck: false });
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const send = async (e) => {
    e.preventDefault();
    problem.hidden = true;
    try {
      const exchange = await api.fhir(method.value, path.value.trim(), method.value === "GET" || method.value === "DELETE" ? undefined : body.value, "",
        method.value === "PATCH" ? { "Content-Type": "application/json-patch+json" } : undefined);
      const words = refusal(exchange);
      if (words) { problem.textContent = words; problem.hidden = false; }
    } catch (err) { problem.textContent = err.message; problem.hidden = false; }
  };
  const list = h("ol", { class: "arrivals" });
  const empty = h("p", { class: "empty" }, "Nothing was asked yet.");
  $("panel-requests").append(h("div", { class: "block-head" }, h("h2", {}, "Requests"), h("a", { class: "button", href: "/api/export.http", download: "playground.http", id: "export" }, "Export as an HTTP file")),
    h("p", { class: "lead" }, "All that the playground asked of the FHIR server. The file runs again in editors that know .http files."),
    h("div", { class: "stack" },
      h("details", { class: "card more" }, h("summary", {}, "Ask something of your own"), h("form", { class: "stack", onsubmit: send }, h("p", {}),
        h("div", { class: "row end" }, field("Method", method), h("div", { class: "grow" }, field("Path below the base", path))), field("Body", body), h("div", { class: "row" }, h("button", { class: "primary" }, "Send")), problem)),
      empty, list));
  onChange(() => {
    empty.hidden = state.requests.length > 0;
    if (!$("panel-requests").hidden) keyed(list, [...state.requests].reverse(), (r) => `${state.server?.base} ${r.id}`, item);
  });
  new MutationObserver(() => { if (!$("panel-requests").hidden) keyed(list, [...state.requests].reverse(), (r) => `${state.server?.base} ${r.id}`, item); }).observe($("panel-requests"), { attributeFilter: ["hidden"] });
}

const short = (path) => { const p = brief(path); return p.length > 48 ? `${p.slice(0, 47)}…` : p; };

function item(r) {
  const good = r.status >= 200 && r.status < 300;
  const details = h("details", {}, h("summary", {}, h("time", {}, clock(r.at)), h("span", { class: "what" }, r.method), h("code", {}, short(r.path)),
    h("span", { class: "to" }, h("span", { class: `chip ${good ? "good" : "bad"}` }, r.status || "no answer"), ` ${r.millis} ms`)));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(h("div", { class: "inner" }, h("p", { class: "small" }, h("code", {}, `${r.method} ${r.path}`)), r.why && h("p", { class: "soft small" }, r.why), r.error && h("p", { class: "notice bad" }, r.error), r.body && json("Request", r.body), r.answer && json("Answer", r.answer)));
  });
  return h("li", { class: good ? "" : "refused" }, details);
}
