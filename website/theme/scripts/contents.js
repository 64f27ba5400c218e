// The contents of the page say where the reader is. On a narrow screen they, and the book's contents, are drawers.
addEventListener("DOMContentLoaded", () => {
  const contents = document.getElementById("contents");
  const links = new Map([...document.querySelectorAll("#contents a[href^='#']")]
    .map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const watch = new IntersectionObserver((entries) => {
    const section = entries.filter((entry) => entry.isIntersecting).at(-1)?.target;
    if (!section) return;
    links.forEach((link) => link.removeAttribute("aria-current"));
    links.get(section.id)?.setAttribute("aria-current", "location");
  }, { rootMargin: "0px 0px -75% 0px" });
  links.forEach((_, id) => {
    const section = document.getElementById(id);
    if (section) watch.observe(section);
  });
  contents?.addEventListener("click", ({ target }) => {
    if (target.closest("a") && contents.matches(":popover-open")) contents.hidePopover();
  });
  // A drawer that is open when the screen grows becomes a column again.
  matchMedia("(max-width: 1199px)").addEventListener("change", () =>
    document.querySelectorAll("nav:popover-open").forEach((drawer) => drawer.hidePopover()));
});

// Ctrl-K leads to the search.
addEventListener("keydown", (event) => {
  if (!(event.key === "k" && (event.ctrlKey || event.metaKey))) return;
  event.preventDefault();
  const book = document.getElementById("book");
  if (getComputedStyle(book).display === "none") book.showPopover();
  book.querySelector("input").focus();
});
