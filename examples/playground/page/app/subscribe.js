// The form for a Subscription, driven by what its topic can be filtered by.
import { $, announce, choices, field, h, option } from "./dom.js";
import { api } from "./api.js";
import { create, isActive, openEndpoint, placeholder } from "./actions.js";
import { onChange, state } from "./store.js";
import { inWords, onPick } from "./topics.js";
import { brief, clock } from "./words.js";
import { filterRow } from "./filter.js";

const form = { topic: "", classic: "", channel: "rest-hook", content: "id-only", contentType: "", filters: [], headers: "", heartbeat: "", timeout: "", maxCount: "", end: "", reason: "" };
const channels = [
  { value: "rest-hook", title: "Rest-hook", words: "posted to a URL" },
  { value: "websocket", title: "Websocket", words: "over a connection you open" },
  { value: "email", title: "Email", words: "to an inbox" },
  { value: "message", title: "Message", words: "as a FHIR message" },
];
const contents = [
  { value: "empty", title: "Empty", words: "that something happened" },
  { value: "id-only", title: "Id only", words: "and to which resource" },
  { value: "full-resource", title: "Full resource", words: "and all that is in it" },
];
const elsewhere = "elsewhere", fresh = "new";
let where = fresh, address = "", byHand = false, topic = null, turn = 0;

const ui = {};

export function startSubscribe() {
  ui.topic = h("select", { name: "topic", onchange: () => pick(ui.topic.value) });
  ui.other = h("input", { type: "text", name: "criteria", spellcheck: false, oninput: () => { form[ui.topic.value === "classic" ? "classic" : "topic"] = ui.other.value.trim(); preview(); } });
  ui.otherField = field("", ui.other);
  ui.words = h("div", {});
  ui.filters = h("div", { class: "stack", role: "group", "aria-label": "Filters" });
  ui.add = h("button", { type: "button", class: "tiny", onclick: () => addFilter() }, "Add a filter");
  ui.where = h("select", { name: "where", onchange: () => { where = ui.where.value; drawWhere(); preview(); } });
  ui.address = h("input", { type: "text", name: "address", placeholder: "https://…", spellcheck: false, oninput: () => { address = ui.address.value.trim(); preview(); } });
  ui.addressField = field("Address of the endpoint", ui.address, "The server must be able to reach it, and be willing to.");
  ui.whereField = field("Where to", ui.where);
  ui.json = h("textarea", { class: "code", rows: 16, spellcheck: false, name: "json", "aria-label": "The Subscription in JSON", oninput: () => { byHand = true; ui.again.hidden = false; } });
  ui.again = h("button", { type: "button", class: "tiny", hidden: true, onclick: () => { byHand = false; ui.again.hidden = true; preview(); } }, "Write it from the form again");
  ui.result = h("div", { role: "status" });
  ui.send = h("button", { class: "primary", id: "send" }, "Create the Subscription");
  ui.channel = h("div", {});
  ui.content = h("div", {});
  drawChannel();
  $("panel-subscribe").append(h("h2", {}, "Subscribe"), h("p", { class: "lead" }, "Say what you want to know, and where it is to go. The resource that the server gets is below, as you write it."),
    h("form", { class: "stack", id: "subscribe-form", onsubmit: (e) => { e.preventDefault(); send(); } },
      h("div", { class: "card stack" }, field("Topic", ui.topic), ui.otherField, ui.words),
      h("div", { class: "card stack", id: "filters" }, h("div", { class: "row" }, h("h3", { class: "grow" }, "Only if"), ui.add), ui.filters),
      h("div", { class: "card stack" }, ui.channel, ui.whereField, ui.addressField, ui.content, more()),
      h("div", { class: "card stack" }, h("div", { class: "row" }, h("h3", { class: "grow" }, "What is sent"), ui.again), ui.json, h("div", { class: "row" }, ui.send), ui.result)));
  onPick((t) => pick(t.url));
  let shown = {};
  onChange(() => {
    if (shown.topics !== state.topics || shown.capability !== state.capability) { shown.topics = state.topics; shown.capability = state.capability; drawTopics(); drawChannel(); }
    if (shown.endpoints !== state.endpoints.size) { shown.endpoints = state.endpoints.size; drawWhere(); }
    if (shown.people !== state.people) { shown.people = state.people; drawFilters(); }
  });
}

function more() {
  const number = (name, label, hint) => field(label, h("input", { type: "number", min: 0, name, oninput: (e) => { form[name] = e.target.value; preview(); } }), hint);
  const text = (name, label, hint, control = "input") => field(label, h(control, { name, spellcheck: false, rows: 2, oninput: (e) => { form[name] = e.target.value; preview(); } }), hint);
  return h("details", { class: "more" }, h("summary", {}, "More: headers, heartbeat, batches, end …"), h("div", { class: "stack" },
    h("p", {}),
    h("div", { class: "row end" }, number("heartbeat", "Heartbeat (s)"), number("timeout", "Timeout (s)"), number("maxCount", "Events in one")),
    text("contentType", "MIME type", "application/fhir+json if you leave it empty; for mails what people read, with the notification attached"),
    text("headers", "Headers, one a line", "such as X-Secret: 42. They are shown in the export; use made-up ones.", "textarea"),
    text("end", "End", "an instant, such as 2030-01-01T00:00:00Z"),
    text("reason", "Reason")));
}

function drawTopics() {
  const list = state.topics || [];
  ui.topic.replaceChildren(...list.map((t) => option(t.url, t.title)), option("other", "Another topic, by its canonical …"), ...(state.capability?.release === "R5" ? [] : [option("classic", "No topic: query criteria (classic) …")]));
  const wanted = list.find((t) => t.url === form.topic) || list.find((t) => t.url.includes("encounter-start")) || list[0];
  pick(wanted ? wanted.url : "other");
}

function pick(value) {
  if (ui.topic.value !== value) ui.topic.value = value;
  topic = (state.topics || []).find((t) => t.url === value) || null;
  form.filters = [];
  form.topic = topic ? topic.url : "";
  form.classic = value === "classic" ? "Observation?code=http://loinc.org|1975-2" : "";
  ui.otherField.hidden = Boolean(topic);
  ui.otherField.firstChild.textContent = value === "classic" ? "Query criteria" : "Canonical of the topic";
  ui.other.value = form.classic;
  ui.words.replaceChildren(...(topic ? [inWords(topic)] : value === "classic" ? [h("p", { class: "soft small" }, "As Subscriptions were before there were topics: each create and update that matches is told, without a handshake.")] : []));
  drawFilters();
  drawChannel();
  preview();
}

function drawFilters() {
  $("filters")?.toggleAttribute("hidden", Boolean(form.classic));
  const able = topic ? topic.filters || [] : [];
  ui.add.disabled = Boolean(topic && !able.length);
  ui.filters.replaceChildren(...(form.filters.length ? form.filters.map((f) => filterRow(f, topic, preview, () => { form.filters = form.filters.filter((x) => x !== f); drawFilters(); preview(); ui.add.focus(); }))
    : [h("p", { class: "soft small" }, topic && !able.length ? "This topic can't be narrowed." : "No filter: every event of the topic.")]));
}

function addFilter() {
  const first = topic?.filters?.[0];
  form.filters.push({ resource: first?.resource || "", parameter: first?.parameter || "", modifier: "", comparator: "", value: first?.parameter === "patient" ? state.people.patients[0] || "" : "" });
  drawFilters();
  ui.filters.lastChild.querySelector("select, input").focus();
  preview();
}

function drawChannel() {
  const offered = state.capability?.channels;
  const set = (value) => { form.channel = value; where = value === "websocket" || hosted(value) ? fresh : elsewhere; drawWhere(); preview(); };
  const list = channels.filter((c) => !form.classic || ["rest-hook", "email"].includes(c.value)).map((c) => ({ ...c, disabled: Boolean(offered && !offered.includes(c.value)) }));
  if (!list.some((c) => c.value === form.channel && !c.disabled)) form.channel = list.find((c) => !c.disabled)?.value || "rest-hook";
  ui.channel.replaceChildren(choices("By which channel", "channel", list, form.channel, set));
  ui.content.replaceChildren(choices("What is told", "content", contents, form.content, (v) => { form.content = v; preview(); }));
  ui.content.hidden = Boolean(form.classic);
  drawWhere();
}

// hosted reports whether this program can have such an endpoint for the server.
const hosted = (channel) => channel !== "email" || state.server?.builtIn !== false;

function drawWhere() {
  const mine = [...state.endpoints.values()].filter((e) => e.channel === form.channel);
  if (where !== fresh && where !== elsewhere && !mine.some((e) => e.key === where)) where = fresh;
  ui.where.replaceChildren(
    ...(hosted(form.channel) ? [option(fresh, { websocket: "a new connection, kept for you", email: "a new inbox, hosted for you" }[form.channel] || "a new endpoint, hosted for you")] : []),
    ...mine.map((e) => option(e.key, `endpoint “${e.name}”`)), ...(form.channel === "websocket" ? [] : [option(elsewhere, "another address …")]));
  ui.where.value = where;
  ui.addressField.hidden = where !== elsewhere;
}

function filled() {
  const endpoint = where === elsewhere ? address : where === fresh ? (form.channel === "websocket" ? "" : placeholder) : state.endpoints.get(where)?.address || "";
  let contentType = form.contentType || (form.channel === "email" ? "text/plain;attach=application/fhir+json" : "application/fhir+json");
  if (form.classic && !form.contentType) contentType = form.channel === "email" ? "text/plain" : "";
  return {
    ...form, endpoint, contentType, filters: form.filters.filter((f) => f.parameter),
    headers: form.headers.split("\n").map((l) => l.trim()).filter(Boolean),
    heartbeat: Number(form.heartbeat) || 0, timeout: Number(form.timeout) || 0, maxCount: Number(form.maxCount) || 0, end: form.end.trim(),
  };
}

async function preview() {
  if (byHand || !state.capability) return;
  const mine = ++turn;
  try {
    const { resource } = await api.compose(filled());
    if (mine === turn && !byHand) ui.json.value = resource;
  } catch (err) {
    if (mine === turn) ui.json.value = `// ${err.message}`;
  }
}

async function send() {
  ui.send.disabled = true;
  ui.result.replaceChildren(h("p", { class: "soft" }, "Sending …"));
  let made = null; // an endpoint that nobody needs if the server refuses
  try {
    await preview();
    let endpoint = state.endpoints.get(where) || null;
    if (where === fresh) made = endpoint = await openEndpoint(form.channel);
    const id = await create(ui.json.value.replace(placeholder, endpoint?.address || placeholder), endpoint);
    const words = h("p", { class: "notice good" }, `${clock(Date.now()).slice(0, 8)} The server took it, as ${brief(id)}. `, "Now make a ", h("a", { href: "#change" }, "change"), " that its topic is about.");
    ui.result.replaceChildren(words);
    announce("The Subscription is created");
    if (form.channel === "email") words.append(" A mail asks whether mails are wanted: answer it under Arrivals.");
    else if (!form.classic) isActive(id).catch(() => ui.result.replaceChildren(h("p", { class: "notice warn" }, "The Subscription was created, but is not active. Look at its card.")));
  } catch (err) {
    ui.result.replaceChildren(h("p", { class: "notice bad", role: "alert" }, h("b", {}, "It was not created. "), err.message));
    if (made) api.deleteEndpoint(made.key).catch(() => {});
  }
  ui.send.disabled = false;
  ui.result.scrollIntoView({ block: "nearest" });
}
