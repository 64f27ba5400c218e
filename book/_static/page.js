// A formula that overflows can be scrolled with the keyboard; one that does not is no stop on the way.
addEventListener("DOMContentLoaded", () => {
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  document.querySelectorAll("div.math .formula").forEach((formula) => watch.observe(formula));
});
