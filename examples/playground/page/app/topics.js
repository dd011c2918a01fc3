// Topics, in plain words.
import { $, h } from "./dom.js";
import { onChange, state } from "./store.js";
import { show } from "./tabs.js";

const subscribers = new Set();
// onPick calls f with a topic that somebody wants to subscribe to.
export const onPick = (f) => subscribers.add(f);

export function startTopics() {
  const list = h("div", { class: "stack" });
  $("panel-topics").append(h("h2", {}, "Topics"), h("p", { class: "lead" }, "A topic says what can be subscribed to: which changes count, and by what they can be narrowed. The server decides which there are."), list);
  let shown;
  onChange(() => {
    if (shown === state.topics && state.topics) return;
    shown = state.topics;
    if (state.problem) { list.replaceChildren(h("p", { class: "notice bad" }, state.problem)); return; }
    if (!state.topics) { list.replaceChildren(h("p", { class: "empty" }, "Asking the server for its topics …")); return; }
    if (!state.topics.length) { list.replaceChildren(h("p", { class: "empty" }, "The server shows no topics. If you know the canonical URL of one, type it into the form under Subscribe.")); return; }
    list.replaceChildren(...state.topics.map(card));
  });
}

function card(t) {
  const pick = h("button", { type: "button", onclick: () => { for (const f of subscribers) f(t); show("subscribe", true); } }, "Subscribe to this");
  return h("article", { class: "card topic stack" },
    h("div", { class: "row" }, h("h3", { class: "grow" }, t.title), pick),
    inWords(t), h("p", { class: "small soft" }, h("code", {}, t.url)));
}

// inWords is what a topic is about, for people.
export function inWords(t) {
  if (!t.known) return h("p", { class: "soft" }, "The server lists this topic, but does not show what it is.");
  return h("div", { class: "stack small" },
    t.description && h("p", {}, t.description),
    (t.triggers || []).map((g) => h("div", {}, h("b", {}, g.resource), ` ${g.words}`, g.criteria && h("details", { class: "more" }, h("summary", {}, "and what else must be true"), h("ul", {}, g.criteria.map((c) => h("li", {}, criterion(c))))))),
    h("p", {}, h("b", {}, "Can be narrowed by "), (t.filters || []).length ? t.filters.map((f, i) => [i ? ", " : "", h("span", { title: f.description || "" }, f.parameter)]) : "nothing"),
    t.includes && h("p", {}, h("b", {}, "Comes with "), t.includes.join("; ")));
}

function criterion(text) {
  const at = text.indexOf(": ");
  return at < 0 ? text : [`${text.slice(0, at)}: `, h("code", {}, text.slice(at + 2))];
}
