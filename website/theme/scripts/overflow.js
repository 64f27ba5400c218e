// What overflows fades at its end while there is more to scroll to; and the keyboard can scroll it.
const watchOverflow = (() => {
  const look = (box) => {
    const over = box.scrollWidth - box.clientWidth;
    box.classList.toggle("more", over - box.scrollLeft > 1);
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
  document.querySelectorAll("div.math .formula, div.highlight pre, .sheet, .table-box").forEach(watchOverflow));
