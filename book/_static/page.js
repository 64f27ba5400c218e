// As files, a page cannot ask for another one.
if (location.protocol === "file:") document.documentElement.dataset.file = "";

// What overflows fades at its end while there is more to scroll to; formulas and figures that do can be scrolled with the keyboard.
const watchOverflow = (() => {
  const look = (box) => {
    const over = box.scrollWidth - box.clientWidth;
    box.classList.toggle("more", over - box.scrollLeft > 1);
    if (!box.matches(".formula, .sheet")) return;
    if (over > 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => look(target)));
  return (box) => {
    watch.observe(box);
    box.addEventListener("scroll", () => look(box), { passive: true });
  };
})();
addEventListener("DOMContentLoaded", () =>
  document.querySelectorAll("div.math .formula, div.highlight pre, .sheet, .pst-scrollable-table-container").forEach(watchOverflow));

// Every piece of code can be copied.
addEventListener("DOMContentLoaded", () => {
  const copy = '<path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3"/>', done = '<path d="M3 8.5 6.5 12 13 4.5"/>';
  document.querySelectorAll("div.highlight pre").forEach((code) => {
    if (code.closest(".cell_output")) return;
    const button = document.createElement("button");
    const show = (drawing, says) => {
      button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${drawing}</svg>`;
      button.title = says;
      button.setAttribute("aria-label", says);
      button.classList.toggle("done", drawing === done);
    };
    button.type = "button";
    button.className = "copybtn";
    show(copy, "Copy");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent.replace(/\n$/, ""));
      show(done, "Copied");
      setTimeout(show, 2000, copy, "Copy");
    });
    code.after(button);
  });
});

// A cited equation shows itself while its link is pointed at or has the focus; Escape puts it away. A finger that taps
// the link sees the equation first, and a word that leads on.
addEventListener("DOMContentLoaded", () => {
  const pages = new Map();   // other pages, each fetched once, when it is first asked for
  const box = document.createElement("div");
  let link = null, timer = 0;
  const text = document.querySelector(".bd-article");
  box.id = "equation-shown";
  box.hidden = true;
  text?.append(box);

  const page = (address) => {
    if (address === location.pathname) return document;
    if (!pages.has(address)) {
      pages.set(address, fetch(address).then((reply) => reply.text())
        .then((text) => new DOMParser().parseFromString(text, "text/html")));
    }
    return pages.get(address);
  };
  const hide = () => {
    clearTimeout(timer);
    box.hidden = true;
    link?.removeAttribute("aria-describedby");
    link = null;
  };
  const show = async (target, touched = false) => {
    clearTimeout(timer);
    if (link === target) return;
    hide();
    link = target;
    let formula = null;
    try {
      formula = (await page(target.pathname)).getElementById(target.hash.slice(1))?.querySelector(".formula");
    } catch { /* a page opened as a file may not read its neighbours: the link still leads there */ }
    if (link !== target) return;
    if (!formula && touched) location.assign(target.href);
    if (!formula) return;
    box.replaceChildren(...[...formula.children].map((part) => document.importNode(part, true)));
    if (touched) box.append(Object.assign(document.createElement("a"), { href: target.href, textContent: "Go there" }));
    box.hidden = false;
    const at = target.getBoundingClientRect(), size = box.getBoundingClientRect(), room = document.documentElement.clientWidth;
    const above = at.top > size.height + 8;
    const from = text.getBoundingClientRect();
    box.style.left = `${Math.max(8, Math.min(at.left, room - size.width - 8)) - from.left}px`;
    box.style.top = `${(above ? at.top - size.height - 4 : at.bottom + 4) - from.top}px`;
    target.setAttribute("aria-describedby", box.id);
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(hide, 250); };

  document.querySelectorAll('.bd-article a[href*="#equation-"]:not(.headerlink)').forEach((one) => {
    one.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(one));
    one.addEventListener("pointerleave", later);
    one.addEventListener("focus", () => one.matches(":focus-visible") && show(one));
    one.addEventListener("blur", later);
    one.addEventListener("click", (event) => {
      if (event.pointerType !== "touch" || link === one) return hide();
      event.preventDefault();
      show(one, true);
    });
  });
  box.addEventListener("click", (event) => event.target.matches("a") && hide());
  addEventListener("pointerdown", (event) => event.pointerType === "touch" && !box.contains(event.target) && event.target.closest("a") !== link && hide());
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", later);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
});
