// What several parts of the page do to Subscriptions and endpoints.
import { api, refusal } from "./api.js";
import { state, take, until } from "./store.js";
import { topicTitle } from "./words.js";

// placeholder stands for the address of an endpoint that is made when the form is sent.
export const placeholder = "(made when you send)";

// openEndpoint hosts a new endpoint; the feed may be slower than the answer.
export async function openEndpoint(channel) {
  const endpoint = await api.openEndpoint(channel);
  take("endpoint", endpoint);
  return endpoint;
}

// create sends a Subscription, and has a websocket bound to it. It returns what the server
// has made of it.
export async function create(resource, endpoint) {
  const exchange = await api.fhir("POST", "Subscription", resource, "Subscribe");
  const words = refusal(exchange);
  if (words) throw new Error(words);
  let id = "";
  try { id = JSON.parse(exchange.answer).id; } catch { id = /Subscription\/([^/]+)/.exec(exchange.answerHeaders?.Location || "")?.[1] || ""; }
  if (endpoint?.channel === "websocket") await api.bind(endpoint.key, id);
  return id;
}

// compose is create from a form: {topic, channel, content …}.
export async function subscribe(form, endpoint) {
  const { resource } = await api.compose({ ...form, channel: endpoint.channel, endpoint: endpoint.address || "" });
  return create(resource, endpoint);
}

// change writes a Subscription with some elements of its own.
export async function change(id, why, edit) {
  const read = await api.fhir("GET", `Subscription/${id}`, undefined, "Read the Subscription");
  let words = refusal(read);
  if (words) throw new Error(words);
  const resource = { ...JSON.parse(read.answer), ...edit };
  const tag = read.answerHeaders?.ETag;
  const written = await api.fhir("PUT", `Subscription/${id}`, JSON.stringify(resource, null, 2), why, tag ? { "If-Match": tag } : undefined);
  words = refusal(written);
  if (words) throw new Error(words);
}

export const reactivate = (id) => change(id, "Ask for activation", { status: "requested" });
export const turnOff = (id) => change(id, "Turn the Subscription off", { status: "off" });

export async function remove(id) {
  const words = refusal(await api.fhir("DELETE", `Subscription/${id}`, undefined, "Delete the Subscription"));
  if (words) throw new Error(words);
}

// isActive waits for it.
export const isActive = (id, seconds = 20) => until((s) => s.subscriptions.get(id)?.status === "active", seconds, "The Subscription has not become active.");

// endpointOf finds the hosted endpoint that a Subscription's notifications go to.
export function endpointOf(sub) {
  for (const e of state.endpoints.values()) {
    if (e.address ? e.address === sub.endpoint : e.subscriptions?.includes(sub.id)) return e;
  }
  return null;
}

export const titleOf = (sub) => topicTitle(state, sub.title);

// confirm answers the question that a mail asks, here if the page is the server's own.
export async function confirm(link) {
  const url = new URL(link);
  if (url.origin !== location.origin) { window.open(link, "_blank", "noopener,noreferrer"); return; }
  const answer = await fetch(url.pathname, { method: "POST", body: new URLSearchParams({ token: url.searchParams.get("token"), answer: "yes" }) });
  if (!answer.ok) throw new Error("This link is no longer good: it was used, or is too old.");
}
