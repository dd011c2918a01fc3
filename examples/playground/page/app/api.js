// The playground's backend.

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method, headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The playground does not answer. Is it still running?");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(sentence(answer.error));
  return answer;
}

const sentence = (text) => text ? text[0].toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".") : "It did not work.";

export const api = {
  state: () => call("GET", "state"),
  useServer: (base, authorization) => call("PUT", "server", { base, authorization }),
  capability: () => call("GET", "capability"),
  topics: () => call("GET", "topics"),
  templates: () => call("GET", "templates"),
  compose: (form) => call("POST", "compose", form),
  openEndpoint: (channel) => call("POST", "endpoints", { channel }),
  deleteEndpoint: (key) => call("DELETE", `endpoints/${key}`),
  trouble: (key, trouble) => call("PUT", `endpoints/${key}/trouble`, trouble),
  bind: (key, subscription) => call("POST", `endpoints/${key}/bind`, { subscription }),
  recover: (key, subscription, first, last) => call("POST", `endpoints/${key}/recover`, { subscription, first, last }),
  group: (size) => call("POST", "group", { size }),
  change: (changes) => call("POST", "changes", changes),
  stopChanges: () => call("DELETE", "changes"),

  // fhir makes a request to the FHIR server; what it refuses is an answer, too.
  fhir: (method, path, body, why, headers) => call("POST", "request", { method, path, body, why, headers }),
};

// refusal is what the server says of a request it did not do, in words; "" if it did.
export function refusal(exchange) {
  if (exchange.status >= 200 && exchange.status < 300) return "";
  let words = [];
  try {
    words = (JSON.parse(exchange.answer).issue || []).map((i) => [i.details?.text || i.diagnostics || i.code, (i.expression || i.location || []).join(", ")].filter(Boolean).join(" — "));
  } catch { /* no OperationOutcome */ }
  return exchange.error || `${exchange.status}: ${words.join("; ") || "the server does not say why"}`;
}
