// Tabs: by mouse, by arrow keys, by the address (#topics).
const tabs = [...document.querySelectorAll('[role="tab"]')];
const name = (tab) => tab.id.slice(4);

export function show(wanted, focus) {
  let tab = tabs.find((t) => name(t) === wanted) || tabs[0];
  if (name(tab) === "live" && !getComputedStyle(tab).display.includes("block")) tab = tabs[0];
  for (const t of tabs) {
    const selected = t === tab;
    t.setAttribute("aria-selected", selected);
    t.tabIndex = selected ? 0 : -1;
    const panel = document.getElementById(t.getAttribute("aria-controls"));
    if (name(t) !== "live") panel.hidden = !selected;
  }
  document.body.dataset.tab = name(tab);
  if (focus) tab.focus();
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (location.hash.slice(1) !== name(tab)) history.replaceState(null, "", `#${name(tab)}`);
  document.getElementById("work").scrollTop = 0;
}

export function startTabs() {
  for (const tab of tabs) {
    tab.addEventListener("click", () => show(name(tab)));
    tab.addEventListener("keydown", (e) => {
      const visible = tabs.filter((t) => t.offsetParent !== null);
      const i = visible.indexOf(tab);
      const next = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: visible.length - 1 }[e.key];
      if (next === undefined) return;
      e.preventDefault();
      show(name(visible[(next + visible.length) % visible.length]), true);
    });
  }
  addEventListener("hashchange", () => show(location.hash.slice(1)));
  matchMedia("(max-width: 60rem)").addEventListener("change", () => show(document.body.dataset.tab));
  show(location.hash.slice(1) || "start");
}
