// Making elements, and keeping lists of them in step with data.

// h makes an element: props are properties, attributes (with "-" or role, for), on… listeners.
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (name === "class") el.className = value;
    else if (name === "for" || name === "role" || name === "list" || name.includes("-")) el.setAttribute(name, value);
    else el[name] = value;
  }
  el.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

// s makes an element of SVG; everything is an attribute.
export function s(tag, attributes, ...children) {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== undefined) el.setAttribute(name, value);
  el.append(...children.filter(Boolean));
  return el;
}

export const $ = (id) => document.getElementById(id);

// keyed keeps parent's children in step with items: make(item) once for each key,
// update(element, item) whenever the item is another object than before.
export function keyed(parent, items, key, make, update) {
  const known = parent.keyed || (parent.keyed = new Map());
  const wanted = new Set();
  let place = parent.firstChild;
  for (const item of items) {
    const k = key(item);
    wanted.add(k);
    let entry = known.get(k);
    if (!entry) known.set(k, (entry = { el: make(item) }));
    if (entry.item !== item) { entry.item = item; if (update) update(entry.el, item); }
    if (entry.el !== place) parent.insertBefore(entry.el, place);
    else place = place.nextSibling;
  }
  for (const [k, entry] of known) if (!wanted.has(k)) { entry.el.remove(); known.delete(k); }
}

// field is a labelled control.
let fields = 0;
export function field(label, control, hint) {
  control.id ||= `field-${++fields}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control,
    hint && h("span", { class: "hint", id: `${control.id}-hint` }, hint));
}

// choices is a group of radio buttons that look like cards: [{value, title, words}].
export function choices(legend, name, options, selected, onchange) {
  return h("fieldset", {}, h("legend", {}, legend), h("div", { class: `choices ${options.length > 4 ? "many" : ""}` }, options.map((o) =>
    h("label", { class: "choice" }, h("input", { type: "radio", name, value: o.value, checked: o.value === selected, disabled: o.disabled, onchange: () => onchange(o.value) }),
      h("span", {}, o.title), o.words && h("small", {}, o.words)))));
}

export const option = (value, text, selected) => h("option", { value, selected }, text);

// json shows JSON, in colours, with a button that copies it.
export function json(title, text) {
  const pretty = indent(text);
  const copy = h("button", { type: "button", class: "tiny", onclick: async () => {
    try { await navigator.clipboard.writeText(pretty); copy.textContent = "Copied"; } catch { copy.textContent = "Select it and copy"; }
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  } }, "Copy");
  return h("div", {}, h("div", { class: "json-head" }, title, copy), h("pre", { class: "json", tabIndex: 0 }, colours(pretty)));
}

export function indent(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text || ""; }
}

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\btrue\b|\bfalse\b|\bnull\b)/g;
function colours(text) {
  if (text.length > 60000) return [text];
  const out = [];
  let end = 0;
  for (const m of text.matchAll(token)) {
    out.push(text.slice(end, m.index));
    if (m[2] !== undefined) out.push(h("span", { class: "k" }, m[1]), m[2]);
    else out.push(h("span", { class: m[1] ? "s" : "n" }, m[0]));
    end = m.index + m[0].length;
  }
  out.push(text.slice(end));
  return out;
}

// announce tells those who don't see the page.
export function announce(text) { $("announce").textContent = text; }
