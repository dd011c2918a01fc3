"use strict";
// The pages work without this. It shows them anew every ten seconds, where that was asked for,
// unless somebody is about to do something.
(() => {
  const box = document.getElementById("live");
  if (document.querySelector("form.question")) return;
  box.parentElement.hidden = false;
  box.checked = sessionStorage.getItem("carillon-live") === "1";
  box.addEventListener("change", () => sessionStorage.setItem("carillon-live", box.checked ? "1" : "0"));
  setInterval(async () => {
    const main = document.getElementById("main");
    if (!box.checked || document.hidden || main.contains(document.activeElement) || main.querySelector("details[open]")) return;
    try {
      const response = await fetch(location.href, { cache: "no-store" });
      if (!response.ok) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("main");
      if (fresh) main.replaceChildren(...fresh.childNodes);
    } catch { /* the next time */ }
  }, 10000);
})();
