// The dialog in which a Subscription is edited.
import { $, field, h, indent } from "./dom.js";
import { api, refusal } from "./api.js";

export async function edit(id) {
  const read = await api.fhir("GET", `Subscription/${id}`, undefined, "Read the Subscription");
  const words = refusal(read);
  if (words) throw new Error(words);
  const dialog = $("dialog");
  const text = h("textarea", { class: "code", rows: 22, spellcheck: false });
  text.value = indent(read.answer);
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const save = async (e) => {
    e.preventDefault();
    const tag = read.answerHeaders?.ETag;
    try {
      const refused = refusal(await api.fhir("PUT", `Subscription/${id}`, text.value, "Change the Subscription", tag ? { "If-Match": tag } : undefined));
      if (refused) throw new Error(refused);
      dialog.close();
    } catch (err) { problem.textContent = err.message; problem.hidden = false; }
  };
  dialog.replaceChildren(h("form", { class: "stack", onsubmit: save }, h("h2", { id: "dialog-title" }, "Edit the Subscription"), field("Resource", text, "Status requested asks for activation. The server may mask the values of headers."), problem,
    h("div", { class: "row" }, h("button", { class: "primary" }, "Save"), h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"))));
  dialog.showModal();
}
