// The server: which one it is, and what it can do.
import { $, field, h } from "./dom.js";
import { api } from "./api.js";
import { onChange, state } from "./store.js";

export function startServer() {
  const base = h("input", { type: "url", placeholder: "https://fhir.example.org/r4", autocomplete: "off", spellcheck: false, name: "base" });
  const authorization = h("input", { type: "password", placeholder: "Bearer …", autocomplete: "off", name: "authorization" });
  const result = h("p", { class: "notice bad", hidden: true, role: "alert" });
  const use = async (url, secret) => {
    result.hidden = true;
    try { await api.useServer(url, secret); } catch (err) { result.textContent = err.message; result.hidden = false; }
  };
  const form = h("form", { class: "card stack", onsubmit: (e) => { e.preventDefault(); use(base.value, authorization.value); authorization.value = ""; } },
    field("FHIR base of the server", base, "Its own metadata says the rest. Leave it empty for the built-in server."),
    field("Header Authorization, if it wants one", authorization, "Kept in memory only, and not exported."),
    h("div", { class: "row" }, h("button", { class: "primary" }, "Use this server"), h("button", { type: "button", onclick: () => { base.value = ""; use("", ""); } }, "Use the built-in one")), result);
  const reach = h("div", {});
  const matrix = h("div", { class: "card" });
  $("panel-server").append(h("h2", {}, "Server"), h("p", { class: "lead" }, "The playground has a FHIR server of its own. It can talk to another one as well, through this program, so that no browser stands in the way."),
    h("div", { class: "stack" }, form, reach, matrix));
  let shown;
  onChange(() => {
    const key = [state.server, state.capability, state.problem];
    if (shown && key.every((k, i) => k === shown[i])) return;
    shown = key;
    reach.replaceChildren();
    if (state.server && !state.server.reachable) {
      reach.append(h("div", { class: "notice warn" }, h("b", {}, "This server must be able to reach your endpoints. "),
        "They are on this machine only. Websockets need no address. For rest-hooks, start the playground with ", h("code", {}, "-hooks 0.0.0.0:9000 -hooks-url http://THIS-MACHINE:9000"), ", or name an address of your own. Mails go where the server sends them, so there is no inbox here."));
    }
    if (state.problem) { matrix.replaceChildren(result.hidden ? h("p", { class: "notice bad" }, state.problem) : h("p", { class: "soft" }, "Nothing is known of this server. Choose another one, or try again.")); return; }
    if (!state.capability) { matrix.replaceChildren(h("p", { class: "soft" }, "Asking the server what it can do …")); return; }
    const c = state.capability;
    const mark = { yes: ["chip good", "✓ yes"], no: ["chip bad", "✗ no"], unknown: ["chip", "not said"] };
    matrix.replaceChildren(h("h3", {}, `${c.software || "A server"}, FHIR ${c.release}`),
      h("table", { "aria-label": "What the server can do" }, h("tbody", {}, c.rows.map((r) => h("tr", {}, h("th", { scope: "row" }, r.what), h("td", {}, h("span", { class: mark[r.answer][0] }, mark[r.answer][1])), h("td", { class: "detail small" }, shorten(r.detail)))))));
  });
}

const shorten = (text) => (text && text.length > 140 ? [text.slice(0, 120), h("details", { class: "more" }, h("summary", {}, "all"), text)] : text || "");
