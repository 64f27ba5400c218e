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
