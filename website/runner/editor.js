// The editor of a code cell: a text area whose letters are clear, over the same text in colours.
const openEditor = (() => {
  const KEYWORDS = "False None True and as assert async await break class continue def del elif else except finally for "
    + "from global if import in is lambda nonlocal not or pass raise return try while with yield";
  const TOKEN = new RegExp(
    String.raw`(#.*)|(\b[rbfuRBFU]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$))|\b[rbfuRBFU]{1,2}(?="|')|`
    + String.raw`"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|(?<![\w.])(?:\d[\w.]*(?:(?<=e)[-+]\d+)?|\.\d\w*))|`
    + `((?<![\\w.])(?:${KEYWORDS.replaceAll(" ", "|")})\\b)`, "g");
  const GROUPS = ["run-comment", "run-value", "run-name"];
  const HTML = `<div class="run-layer" aria-hidden="true"></div>
    <textarea class="run-area" rows="1" wrap="off" spellcheck="false" autocapitalize="off" autocomplete="off"
      autocorrect="off"
      aria-label="Python code. Shift and Enter run it. While you type, Tab indents; after Escape it moves on."></textarea>`;

  const ranges = function* (text) {
    for (const match of text.data.matchAll(TOKEN)) {
      const range = new Range();
      range.setStart(text, match.index);
      range.setEnd(text, match.index + match[0].length);
      yield [GROUPS[match.slice(1).findIndex(Boolean)], range];
    }
  };

  return (pre, changed, run) => {
    const box = Object.assign(document.createElement("div"), { className: "run-editor", innerHTML: HTML });
    const [layer, area] = box.children;
    let typing = false, painted = [];

    const paint = () => {
      layer.textContent = `${area.value}\n`;
      if (!CSS.highlights) return;
      GROUPS.forEach((name) => { if (!CSS.highlights.has(name)) CSS.highlights.set(name, new Highlight()); });
      painted.forEach(([name, range]) => CSS.highlights.get(name).delete(range));
      painted = [...ranges(layer.firstChild)];
      painted.forEach(([name, range]) => CSS.highlights.get(name).add(range));
    };
    const insert = (text) => document.execCommand("insertText", false, text)
      || area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    const write = (text) => {
      area.value = text;
      area.dispatchEvent(new Event("input"));
    };

    area.addEventListener("input", () => {
      typing = true;
      paint();
      changed(area.value);
    });
    area.addEventListener("blur", () => { box.scrollLeft = 0; });
    area.addEventListener("focus", () => { typing = false; });
    area.addEventListener("keydown", (event) => {
      const { selectionStart: at, value } = area, line = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
      if (event.isComposing) return;
      if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) run();
      else if (event.key === "Enter") insert(`\n${line.match(/^ */)[0]}${/:\s*$/.test(line) ? "    " : ""}`);
      else if (event.key === "Tab" && typing && !event.shiftKey) insert("    ".slice(line.length % 4));
      else if (event.key === "Escape") return void (typing = false);
      else return;
      event.preventDefault();
    });

    pre.after(box);
    pre.hidden = true;
    area.value = pre.textContent.replace(/\n+$/, "");
    paint();
    return { area, write, close: () => { box.remove(); pre.hidden = false; } };
  };
})();
