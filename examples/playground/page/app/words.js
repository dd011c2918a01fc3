// Putting things into words.

export const clock = (at) => {
  const d = new Date(at);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
};

export const plural = (n, one, many) => `${n} ${n === 1 ? one : many || `${one}s`}`;

// last is the end of a URL: enough to recognize a resource or a topic.
export const last = (url) => (url || "").split("/").slice(-1)[0];
export const reference = (url) => { const parts = (url || "").split("/"); return parts.length > 1 ? parts.slice(-2).join("/") : url; };
export const brief = (ref) => ref.replace(/([0-9a-f]{8})-[0-9a-f-]{27}/, "$1…");

export const range = (r) => (r.first === r.last ? `${r.first}` : `${r.first}–${r.last}`);

export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60000)} min`;
}

export const tone = { active: "good", requested: "warn", error: "bad", off: "", deleted: "" };

export const kinds = {
  handshake: "Handshake", heartbeat: "Heartbeat", "event-notification": "Notification", "query-event": "Fetched by $events", "query-status": "Answer of $status",
  classic: "Classic notification", confirmation: "Mail: do you want mails?", mail: "Mail", unreadable: "Unreadable",
};

// topicTitle is what a Subscription is about, as people call it.
export function topicTitle(state, canonical) {
  const url = (canonical || "").split("|")[0];
  return state.topics?.find((t) => t.url === url)?.title || last(canonical) || "Subscription";
}
