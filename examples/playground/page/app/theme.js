// Light or dark: what the system prefers, until somebody chooses. A classic script, so that
// nothing flashes.
(() => {
  const preference = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* nothing is kept, then */ }
  const apply = () => {
    const dark = chosen ? chosen === "dark" : preference.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    const button = document.getElementById("theme");
    if (button) {
      button.textContent = dark ? "☀ Light" : "☾ Dark";
      button.setAttribute("aria-label", dark ? "Use light colours" : "Use dark colours");
    }
  };
  preference.addEventListener("change", apply);
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme").addEventListener("click", () => {
      chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem("theme", chosen); } catch { /* as above */ }
      apply();
    });
  });
})();
