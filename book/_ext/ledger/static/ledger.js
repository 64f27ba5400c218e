// Search and filter for the ledger's tables. Without this script they are plain tables, complete.
addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("div.ledger").forEach((box, number) => {
    const rows = [...box.querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
    const panel = document.createElement("div");
    panel.className = "ledger-panel";
    panel.innerHTML = `<label for="ledger-find-${number}">Find</label>
      <input type="search" id="ledger-find-${number}" autocomplete="off">
      <label for="ledger-column-${number}">and show</label>
      <select id="ledger-column-${number}"><option value="">all</option></select> <output aria-live="polite"></output>`;
    const [find, choose, said] = ["input", "select", "output"].map((name) => panel.querySelector(name));
    // what is chosen from: nnlib's function, or what became of the equality
    const kind = (row) => (number ? row.cells[2] : row.querySelector("code") ?? { textContent: "–" }).textContent.trim();
    for (const name of [...new Set(rows.map(([row]) => kind(row)))].sort()) {
      choose.append(new Option(name === "–" ? "without a function" : name, name));
    }
    const update = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const [row, text] of rows) {
        row.hidden = !(words.every((word) => text.includes(word)) && (!choose.value || kind(row) === choose.value));
        shown += !row.hidden;
      }
      said.value = `${shown} of ${rows.length}`;
    };
    find.addEventListener("input", update);
    choose.addEventListener("input", update);
    box.before(panel);
    update();
  });
  // A link to a row leads there although the panel was added after the page was placed.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});
