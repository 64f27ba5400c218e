// The words that a reader looked for are marked in the search's results, and on the page to which they lead.
const searched = (address) => (new URLSearchParams(address.search).get("q") ?? "").split(/\s+/).filter(Boolean);
const markWords = (box, words) => {
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  if (!pattern || !CSS.highlights) return;
  if (!CSS.highlights.has("found")) CSS.highlights.set("found", new Highlight());
  const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const match of texts.currentNode.data.matchAll(new RegExp(pattern, "giu"))) {
      const range = new Range();
      range.setStart(texts.currentNode, match.index);
      range.setEnd(texts.currentNode, match.index + match[0].length);
      CSS.highlights.get("found").add(range);
    }
  }
};
addEventListener("DOMContentLoaded", () => {
  const from = document.referrer ? new URL(document.referrer) : null;
  if (from?.origin !== location.origin || !from.pathname.endsWith("/search.html")) return;
  markWords(document.querySelector("article"), searched(from));
});
