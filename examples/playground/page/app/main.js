// Begins: each part of the page draws itself, and again whenever things change.
import { $, h } from "./dom.js";
import { follow, onChange, state } from "./store.js";
import { startTabs } from "./tabs.js";
import { startStart } from "./start.js";
import { startServer } from "./server.js";
import { startTopics } from "./topics.js";
import { startSubscribe } from "./subscribe.js";
import { startChange } from "./change.js";
import { startEndpoints } from "./endpoints.js";
import { startRequests } from "./requests.js";
import { startSubscriptions } from "./subscriptions.js";
import { startArrivals } from "./arrivals.js";
import { startTimeline } from "./timeline.js";

startTabs();
for (const start of [startStart, startServer, startTopics, startSubscribe, startChange, startEndpoints, startRequests, startSubscriptions, startArrivals, startTimeline]) start();
onChange(() => {
  const base = state.server?.base || "";
  $("server-chip").replaceChildren(h("b", {}, state.capability?.release || "FHIR"), ` ${state.server?.builtIn ? "built-in server" : "another server"} · ${base}`);
  $("connection").textContent = state.connected ? "" : "Not connected to the playground: is it still running?";
});
try { await follow(); } catch (err) {
  $("connection").textContent = err.message;
}
