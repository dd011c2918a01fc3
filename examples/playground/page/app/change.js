// Changes from templates: one, many, about anybody of a group, at a rate.
import { $, choices, field, h, option } from "./dom.js";
import { api } from "./api.js";
import { onChange, state } from "./store.js";
import { brief, plural } from "./words.js";

export function startChange() {
  let template = "encounter-start";
  const picker = h("div", {});
  const who = h("select", { name: "patient" });
  const count = h("input", { type: "number", name: "count", min: 1, max: 1000, value: 1 });
  const rate = h("input", { type: "number", name: "rate", min: 0, max: 100, step: "any", value: 5 });
  const size = h("input", { type: "number", name: "size", min: 1, max: 100, value: 5 });
  const go = h("button", { class: "primary", id: "change" }, "Make the change");
  const stop = h("button", { type: "button", hidden: true, onclick: () => api.stopChanges() }, "Stop");
  const bar = h("progress", { hidden: true, "aria-label": "How many changes are done" });
  const result = h("div", { role: "status" });
  const fail = (err) => result.replaceChildren(h("p", { class: "notice bad" }, err.message));
  count.addEventListener("input", () => { go.textContent = Number(count.value) > 1 ? "Make the changes" : "Make the change"; });
  const submit = async (e) => {
    e.preventDefault();
    result.replaceChildren();
    try { await api.change({ template, count: Number(count.value), perSecond: Number(count.value) > 1 ? Number(rate.value) : 0, patient: who.value }); } catch (err) { fail(err); }
  };
  $("panel-change").append(h("h2", {}, "Change"), h("p", { class: "lead" }, "Something must happen before anybody can be told. All people and results are made up."),
    h("div", { class: "stack" },
      h("form", { class: "card stack", onsubmit: submit }, picker,
        h("div", { class: "row end" }, h("div", { class: "grow" }, field("About", who)), field("How many", count), field("A second", rate)),
        h("div", { class: "row" }, go, stop), bar, result),
      h("form", { class: "card stack", onsubmit: async (e) => { e.preventDefault(); try { await api.group(Number(size.value)); who.value = "random"; } catch (err) { fail(err); } } },
        h("h3", {}, "A group of patients"), h("p", { class: "soft small", id: "group-words" }),
        h("div", { class: "row end" }, field("Members", size), h("button", {}, "Make the group")))));
  const draw = () => picker.replaceChildren(choices("What happens", "template", state.templates.map((t) => ({ value: t.id, title: t.title, words: t.words })), template, (v) => { template = v; }));
  let shown = {};
  onChange(() => {
    if (shown.templates !== state.templates) { shown.templates = state.templates; draw(); }
    if (shown.people !== state.people) {
      shown.people = state.people;
      const { patients, group } = state.people;
      const before = who.value;
      who.replaceChildren(option("", patients.length ? "the first patient" : "a made-up patient"), option("random", group ? "anybody of the group, at random" : "anybody of a group (make one below)"), ...patients.map((p) => option(p, brief(p))));
      who.value = before;
      $("group-words").textContent = group ? `${brief(group)} has ${plural(patients.length, "member")}. Choose “anybody of the group” above, or its reference as the value of a filter.` : "Makes patients and a Group of them, for changes about anybody, and for filters.";
    }
    const c = state.changes;
    stop.hidden = bar.hidden = !c?.running;
    if (c && c !== shown.changes) {
      shown.changes = c;
      bar.max = c.count; bar.value = c.done;
      result.replaceChildren(h("p", { class: c.failed ? "notice bad" : c.running ? "soft" : "notice good" }, `${plural(c.done, "change")} of ${c.count} done${c.failed ? `; the server refused ${c.failed}: see its answers under Requests` : ""}.`));
    }
  });
}
