// One filter of the form: a parameter that the topic allows, how to compare, and a value.
import { h, option } from "./dom.js";
import { state } from "./store.js";
import { brief } from "./words.js";

const comparators = { eq: "is", ne: "is not", gt: "is after or above", lt: "is before or below", ge: "from", le: "up to", sa: "starts after", eb: "ends before", ap: "is about" };
const examples = { token: "code, or system|code", date: "2026-01-01", reference: "Patient/123", string: "text", quantity: "5.4", number: "3", uri: "https://…" };
let lists = 0;

// filterRow draws f; changed is called after it has been, remove when it is to go.
export function filterRow(f, topic, changed, remove) {
  const able = topic?.filters || [];
  const current = () => able.find((x) => x.parameter === f.parameter && (x.resource || "") === f.resource);
  const parameter = able.length
    ? h("select", { "aria-label": "Filter by", onchange: () => { const chosen = able[parameter.selectedIndex]; Object.assign(f, { resource: chosen.resource || "", parameter: chosen.parameter, modifier: "", comparator: "", value: "" }); draw(); changed(); } },
      able.map((x) => option(x.parameter, several(able) ? `${x.resource}: ${x.parameter}` : x.parameter, x === current())))
    : h("input", { "aria-label": "Filter by", placeholder: "parameter", value: f.parameter, oninput: () => { f.parameter = parameter.value.trim(); changed(); } });
  const how = h("select", { "aria-label": "Comparison", onchange: () => { const [kind, code] = how.value.split(":"); f.comparator = kind === "c" ? code : ""; f.modifier = kind === "m" ? code : ""; changed(); } });
  const id = `suggestions-${++lists}`;
  const suggestions = h("datalist", { id });
  const value = h("input", { "aria-label": "Value", list: id, spellcheck: false, autocomplete: "off", oninput: () => { f.value = value.value; changed(); } });
  const words = h("span", { class: "soft small" });
  function draw() {
    const x = current();
    const allowed = x?.comparators?.length ? x.comparators : ["eq"];
    how.replaceChildren(option("", comparators.eq), ...allowed.filter((c) => c !== "eq").map((c) => option(`c:${c}`, comparators[c] || c)), ...(x?.modifiers || []).map((m) => option(`m:${m}`, `:${m}`)));
    how.value = f.comparator ? `c:${f.comparator}` : f.modifier ? `m:${f.modifier}` : "";
    value.value = f.value;
    value.placeholder = examples[x?.kind] || "value";
    const people = x?.targets?.includes("Patient") ? [...state.people.patients, ...(x.targets.includes("Group") && state.people.group ? [state.people.group] : [])] : [];
    suggestions.replaceChildren(...people.map((p) => option(p, brief(p))));
    words.textContent = x?.description || "";
  }
  draw();
  return h("div", {}, h("div", { class: "filter" }, parameter, how, value, h("button", { type: "button", class: "tiny", "aria-label": "Remove this filter", onclick: remove }, "✕")), suggestions, words);
}

const several = (able) => new Set(able.map((x) => x.resource)).size > 1;
