// A wide table of words is turned: a reader chooses the column to read and the column that is known, and these two stand
// side by side; until two are chosen, all stand there. The table follows an admonition of the class turned-table; without
// scripts all of it is there.
addEventListener("DOMContentLoaded", () => document.querySelectorAll("div.turned-table").forEach((box) => {
  const rows = [...box.nextElementSibling.querySelectorAll("tr")].map((row) => ({ row, cells: [...row.children] }));
  const names = rows[0].cells.map((cell) => cell.textContent.trim()).slice(1);
  const select = (label, first) => {
    const choose = Object.assign(document.createElement("select"), { id: `turned-${label.replaceAll(" ", "-")}` });
    choose.append(new Option(first, 0), ...names.map((name, k) => new Option(name, k + 1)));
    const word = Object.assign(document.createElement("label"), { htmlFor: choose.id, textContent: label });
    form.append(word, choose);
    return choose;
  };
  const form = document.createElement("form");
  const read = select("Read", "everything"), known = select("in the words of", "everybody");
  form.addEventListener("change", () => {
    const [one, other] = [read.value, known.value].map(Number);
    for (const { row, cells } of rows) {
      row.replaceChildren(cells[0], ...(one && other && one !== other ? [cells[one], cells[other]] : cells.slice(1)));
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  box.append(form);
}));
