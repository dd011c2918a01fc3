// What is known, and who wants to be told when it changes.
import { api } from "./api.js";

export const state = {
  server: null, capability: null, topics: null, templates: [], problem: "",
  endpoints: new Map(), subscriptions: new Map(), arrivals: [], requests: [], changes: null, people: { patients: [], group: "" },
  connected: true,
};

const listeners = new Set();
let scheduled = false;

// onChange calls f after things have changed, at most once for each frame.
export function onChange(f) { listeners.add(f); }
export function changed() {
  if (scheduled) return;
  scheduled = true;
  const run = () => { if (scheduled) { scheduled = false; for (const f of listeners) f(state); } };
  requestAnimationFrame(run);
  setTimeout(run, 120); // frames stop in pages that nobody sees
}

const kept = 400;
const waiting = new Set();

// until resolves as soon as test(state) is true.
export function until(test, seconds, words) {
  return new Promise((resolve, reject) => {
    const wait = { test, resolve };
    const timer = setTimeout(() => { waiting.delete(wait); reject(new Error(words)); }, seconds * 1000);
    wait.resolve = (value) => { clearTimeout(timer); waiting.delete(wait); resolve(value); };
    waiting.add(wait);
    check();
  });
}
function check() { for (const w of [...waiting]) { const value = w.test(state); if (value) w.resolve(value); } }

const reducers = {
  server(data) {
    state.server = data; state.capability = null; state.topics = null; state.problem = "";
    for (const [id, sub] of state.subscriptions) if (sub.status !== "deleted") state.subscriptions.delete(id);
    state.requests = []; state.people = { patients: [], group: "" };
    discover();
  },
  endpoint(data) { state.endpoints.set(data.key, data); },
  "endpoint-deleted"(data) { state.endpoints.delete(data.key); },
  arrival(data) {
    if (state.arrivals.some((a) => a.id === data.id)) return;
    state.arrivals = [...state.arrivals.slice(-kept), data];
  },
  subscription(data) { state.subscriptions.set(data.id, data); },
  request(data) {
    if (state.requests.some((r) => r.id === data.id)) return;
    state.requests = [...state.requests.slice(-kept), data];
  },
  changes(data) { state.changes = data; },
  patients(data) { state.people = data; },
};

// discover asks the server what it can do.
export async function discover() {
  const asked = state.server?.base;
  try {
    const [capability, topics] = [await api.capability(), await api.topics()];
    if (state.server?.base !== asked) return;
    Object.assign(state, { capability, topics, problem: "" });
  } catch (err) {
    state.problem = err.message;
  }
  check();
  changed();
}

export function take(kind, data) {
  reducers[kind]?.(data);
  check();
  changed();
}

// follow shows how things are now, and then each thing that happens.
export async function follow() {
  let source;
  const begin = async () => {
    source?.close();
    const now = await api.state();
    Object.assign(state, {
      server: now.server, arrivals: now.arrivals, requests: now.requests, changes: now.changes, people: now.people,
      endpoints: new Map(now.endpoints.map((e) => [e.key, e])), subscriptions: new Map(now.subscriptions.map((s) => [s.id, s])), connected: true,
    });
    source = new EventSource(`/api/feed?since=${now.last}`);
    source.addEventListener("entry", (e) => { const { kind, data } = JSON.parse(e.data); take(kind, data); });
    source.addEventListener("reset", () => begin());
    source.addEventListener("open", () => { state.connected = true; changed(); });
    source.addEventListener("error", () => { state.connected = false; changed(); });
    changed();
  };
  await begin();
  state.templates = await api.templates();
  await discover();
}
