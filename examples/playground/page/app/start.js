// The first screen: one button that shows everything, and tours.
import { $, announce, h } from "./dom.js";
import { tours } from "./tours.js";
import { show } from "./tabs.js";

let playing = null;

export function startStart() {
  const stage = h("div", { class: "card", hidden: true });
  const begin = (id) => play(tours.find((t) => t.id === id), stage);
  $("panel-start").append(h("div", { class: "stack" },
    h("div", { class: "card hero" },
      h("h2", {}, "A server tells you when something changes."),
      h("p", { class: "soft" }, "That is a FHIR Subscription. See one work: an endpoint is made for you, a Subscription to a topic, a change, and the notification of it."),
      h("button", { type: "button", class: "primary big", id: "go", onclick: () => begin("first") }, "Subscribe and make a change")),
    stage,
    h("h2", {}, "Then try what happens when …"),
    h("div", { class: "tours" }, tours.slice(1).map((t) => h("button", { type: "button", id: `tour-${t.id}`, onclick: () => begin(t.id) }, h("b", {}, t.title), h("span", {}, t.words)))),
    h("p", { class: "soft" }, "Or do it yourself: read the ", link("topics", "topics"), ", ", link("subscribe", "build a Subscription"), ", ", link("change", "make changes"), "."),
    h("p", { class: "soft small" }, "Everything is made up and kept in memory until the program ends. Nothing leaves this machine unless you choose another server.")));
}

const link = (tab, text) => h("a", { href: `#${tab}`, onclick: (e) => { e.preventDefault(); show(tab, true); } }, text);

// play plays a tour; one that plays already is left alone in the background.
async function play(tour, stage) {
  const me = (playing = {});
  const rows = tour.steps.map((step) => h("li", {}, h("div", {}, step.say), h("div", { class: "outcome" })));
  stage.hidden = false;
  stage.replaceChildren(h("h2", { tabIndex: -1 }, tour.title), h("ol", { class: "steps" }, rows));
  stage.dataset.tour = tour.id;
  stage.dataset.state = "playing";
  stage.scrollIntoView({ block: "nearest" });
  const context = {};
  for (const [i, step] of tour.steps.entries()) {
    if (playing !== me) return;
    rows[i].className = "doing";
    rows[i].setAttribute("aria-current", "step");
    try {
      rows[i].lastChild.textContent = (await step.do(context)) || "";
      rows[i].className = "done";
      announce(`${step.say}. ${rows[i].lastChild.textContent}`);
    } catch (err) {
      rows[i].className = "failed";
      rows[i].lastChild.textContent = err.message;
      announce(err.message);
      if (playing === me) stage.dataset.state = "failed";
      return;
    } finally { rows[i].removeAttribute("aria-current"); }
    if (i < tour.steps.length - 1) await new Promise((r) => setTimeout(r, 350)); // so that it can be followed
  }
  if (playing !== me) return;
  stage.dataset.state = "done";
  stage.append(h("p", { class: "notice good" }, "That was it. What arrived is under ", h("a", { href: "#live", onclick: (e) => { e.preventDefault(); (matchMedia("(max-width: 60rem)").matches ? show("live", true) : $("h-arrivals").scrollIntoView()); } }, "Arrivals"), "; each request is under ",
    h("a", { href: "#requests", onclick: (e) => { e.preventDefault(); show("requests", true); } }, "Requests"), "."));
}
