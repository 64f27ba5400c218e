// The colours: as the system has them, light or dark. The choice is kept, where the browser lets a page keep anything.
addEventListener("DOMContentLoaded", () => {
  const root = document.documentElement, button = document.querySelector("button.theme");
  const MODES = { auto: "as the system has them", light: "light", dark: "dark" }, names = Object.keys(MODES);
  const choose = (mode) => {
    if (mode === "auto") root.removeAttribute("data-theme");
    else root.dataset.theme = mode;
    button.title = `Colours: ${MODES[mode]}`;
    button.setAttribute("aria-label", button.title);
    try { localStorage.setItem("mode", mode); } catch { /* storage is closed to some readers */ }
  };
  const mode = () => root.dataset.theme ?? "auto";
  button.addEventListener("click", () => choose(names[(names.indexOf(mode()) + 1) % names.length]));
  choose(mode());
});
