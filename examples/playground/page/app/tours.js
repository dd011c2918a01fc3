// Tours: stories that play themselves. Each step says what it does, does it, and says what
// came of it. They do nothing that a person could not do by the rest of the page.
import { api } from "./api.js";
import { confirm, isActive, openEndpoint, reactivate, subscribe } from "./actions.js";
import { state, until } from "./store.js";
import { brief, plural, range, reference } from "./words.js";

// topicFor finds a topic that changes from a template make fire.
function topicFor(resource, title) {
  const able = (state.topics || []).filter((t) => t.triggers?.some((g) => g.resource === resource));
  const found = able.find((t) => t.url.includes(title)) || able.find((t) => !t.url.includes("complete")) || able[0];
  if (!found) throw new Error(`The server offers no topic about ${resource}. Build a Subscription of your own by the tab Subscribe.`);
  return found;
}

const events = (c) => state.arrivals.filter((a) => a.endpoint === c.endpoint.key && a.subscription === c.id && a.events?.length);
const numbers = (c) => events(c).filter((a) => a.taken).flatMap((a) => a.events.map((e) => e.number));
const mine = (c, test) => (s) => s.arrivals.find((a) => a.endpoint === c.endpoint.key && test(a));

const host = (channel, words) => ({
  say: words,
  async do(c) {
    c.endpoint = await openEndpoint(channel);
    return c.endpoint.address ? `Endpoint “${c.endpoint.name}” is at ${c.endpoint.address}` : `A connection named “${c.endpoint.name}” will be kept for you.`;
  },
});

const request = (more = {}) => ({
  say: "Create a Subscription: tell me when an encounter starts",
  async do(c) {
    c.topic = topicFor("Encounter", "encounter-start");
    c.id = await subscribe({ topic: c.topic.url, content: "full-resource", contentType: "application/fhir+json", ...more, ...c.form }, c.endpoint);
    return `The server took it, as ${brief(c.id)}`;
  },
});

const active = (say = "The server tries the endpoint with a handshake") => ({
  say,
  async do(c) { await isActive(c.id); return "It worked: the Subscription is active."; },
});

const change = (count, say, template = "encounter-start") => ({
  say,
  async do(c) {
    c.before = numbers(c).length;
    await api.change({ template, count, perSecond: count > 1 ? 4 : 0, patient: c.patient || "" });
    await until((s) => s.changes && !s.changes.running, 30, "The changes did not come to an end.");
    if (state.changes.failed) throw new Error("The server refuses the change. Its answer is in the tab Requests.");
    return count > 1 ? `${plural(count, "Encounter")} in progress.` : "One Encounter, in progress, is on the server.";
  },
});

const arrives = (count, say) => ({
  say,
  async do(c) {
    const wanted = (c.before || 0) + count;
    await until(() => new Set(numbers(c)).size >= wanted, 40, "No notification came. Look at the Subscription's status.");
    const list = events(c).filter((a) => a.taken).slice(-count);
    const e = list.at(-1).events.at(-1);
    return count > 1 ? `They are here, in order: numbers ${numbers(c).slice(-count).join(", ")}.`
      : `Event number ${e.number}${e.focus ? ` is about ${brief(reference(e.focus))}` : ""}${e.latency !== undefined ? `, and took ${e.latency} ms` : ""}. Everything in it is under Arrivals.`;
  },
});

const trouble = (t, say) => ({
  say,
  async do(c) { await api.trouble(c.endpoint.key, t); return t.kind ? "Done. The endpoint causes trouble now." : "The endpoint works again."; },
});

const refusedTimes = (n, say) => ({
  say,
  async do(c) {
    await until((s) => s.arrivals.filter((a) => a.endpoint === c.endpoint.key && !a.taken && a.events?.length).length >= n, 40, "Nothing was tried.");
    return `${plural(n, "attempt")} failed; each wait is longer than the one before. The event is kept.`;
  },
});

export const tours = [
  {
    id: "first", title: "Subscribe and make a change", words: "An endpoint, a Subscription, a change and its notification.",
    steps: [host("rest-hook", "Host an endpoint for you, to which notifications can be posted"), request(), active(), change(1, "Make a change: an encounter starts"), arrives(1, "A notification arrives at the endpoint")],
  },
  {
    id: "trouble", title: "The endpoint goes down", words: "Retries, and recovery in order with nothing lost.",
    steps: [host("rest-hook", "Host an endpoint"), request(), active(), trouble({ kind: "reject", status: 503 }, "Have the endpoint refuse everything"), change(3, "Three encounters start"),
      refusedTimes(2, "The server tries, and tries again"), trouble({}, "Repair the endpoint"), arrives(3, "What was missed arrives")],
  },
  {
    id: "error", title: "… for too long", words: "Status error, and how the client asks for activation.",
    steps: [host("rest-hook", "Host an endpoint"), request(), active(), trouble({ kind: "down" }, "Take the endpoint down"), change(2, "Two encounters start"),
      { say: "The server gives up after its last attempt: the status becomes error", async do(c) { await until((s) => s.subscriptions.get(c.id)?.status === "error", 60, "The status has not become error."); return "Events go on being numbered and kept, but nothing is sent."; } },
      trouble({}, "Repair the endpoint"),
      { say: "Write the Subscription with status requested", async do(c) { await reactivate(c.id); await isActive(c.id, 30); return "A handshake worked: it is active again."; } },
      arrives(2, "What was kept arrives")],
  },
  {
    id: "websocket", title: "Over a websocket", words: "No address needed. Disconnect, miss something, come back.",
    steps: [host("websocket", "Keep a connection for you"), request(), active("Get a token, connect, and bind the Subscription"),
      { say: "The handshake comes over the connection", async do(c) { await until(mine(c, (a) => a.kind === "handshake"), 20, "No handshake came."); return "Bound."; } },
      change(1, "An encounter starts"), arrives(1, "Its notification arrives"), trouble({ kind: "down" }, "Disconnect"), change(2, "Two encounters start meanwhile"), trouble({}, "Connect again"), arrives(2, "What was missed comes first")],
  },
  {
    id: "email", title: "By mail", words: "An inbox, a question, a yes, and a mail.",
    steps: [host("email", "Host an inbox"), request({ content: "id-only", contentType: "text/plain;attach=application/fhir+json" }),
      { say: "The server asks by mail whether mails are wanted", async do(c) { const a = await until(mine(c, (m) => m.kind === "confirmation" && m.taken), 30, "No mail came."); c.link = a.link; return "Nobody gets mails just because somebody else wrote their address."; } },
      { say: "Say yes", async do(c) { await confirm(c.link); return "Confirmed."; } }, active("The Subscription becomes active"), change(1, "An encounter starts"), arrives(1, "A mail tells of it, with the notification attached")],
  },
  {
    id: "gap", title: "A notification gets lost", words: "A gap in the numbers, and how $events fills it.",
    steps: [host("rest-hook", "Host an endpoint"), request(), active(), trouble({ kind: "lose" }, "Have the endpoint lose what arrives, and say that all is well"), change(2, "Two encounters start"),
      { say: "Both are lost, and the server does not know", async do(c) { await until((s) => s.arrivals.filter((a) => a.endpoint === c.endpoint.key && !a.taken && a.events?.length).length >= 2, 20, "Nothing was lost."); return "It got its 200."; } },
      trouble({}, "Repair the endpoint"), change(1, "Another encounter starts"),
      { say: "Its number shows the gap", async do(c) { const a = await until(mine(c, (x) => x.gap?.length), 20, "No gap was noticed."); c.gap = a.gap[0]; return `Number ${a.events[0].number} came, but ${range(c.gap)} never did.`; } },
      { say: "Ask for what is missing by $events", async do(c) { const { events: n } = await api.recover(c.endpoint.key, c.id, c.gap.first, c.gap.last); return `${plural(n, "event")} came: nothing is missing any more.`; } }],
  },
  {
    id: "twice", title: "An answer gets lost", words: "The same notification twice, and how its number tells.",
    steps: [host("rest-hook", "Host an endpoint"), request(), active(), trouble({ kind: "break" }, "Have the endpoint take notifications, but lose its answers"), change(1, "An encounter starts"),
      { say: "It arrives, and arrives again", async do(c) { await until(mine(c, (a) => a.events?.some((e) => e.duplicate)), 20, "Nothing came twice."); return "At least once, they say. The number tells that it is the same event."; } },
      trouble({}, "Repair the endpoint")],
  },
  {
    id: "filter", title: "Only one patient", words: "A filter, two patients, one notification.",
    steps: [host("rest-hook", "Host an endpoint"),
      { say: "Make two patients", async do(c) { await api.group(2); await until((s) => s.people.patients.length >= 2, 10, "No patients were made."); [c.one, c.other] = state.people.patients; c.form = { filters: [{ resource: "Encounter", parameter: "patient", value: c.one }] }; return `${brief(c.one)} and ${brief(c.other)}`; } },
      request(), active(),
      { say: "An encounter of the other patient starts", async do(c) { c.patient = c.other; return change(1, "").do(c); } },
      { say: "An encounter of the first patient starts", async do(c) { c.patient = c.one; return change(1, "").do(c); } },
      arrives(1, "One notification arrives: that of the first patient")],
  },
];
