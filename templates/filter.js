// The filter box: hides what does not hold every word typed. The page is complete without it.
"use strict";
(() => {
  const bar = document.getElementById("filter");
  if (!bar) return;
  const box = document.getElementById("filter-box");
  const count = document.getElementById("filter-count");
  const fold = (text) => text.normalize("NFKC").toLocaleLowerCase();
  const entries = [...document.querySelectorAll("main section:not(.figures) .e")].filter((e) => !e.parentElement.closest(".e"));
  const texts = entries.map((entry) => fold(entry.textContent));
  const apply = () => {
    const words = fold(box.value).split(/\s+/).filter(Boolean);
    let found = 0;
    const filled = new Set();
    entries.forEach((entry, i) => {
      const shown = words.every((word) => texts[i].includes(word));
      entry.hidden = !shown;
      if (shown) {
        found += 1;
        filled.add(entry.closest("section"));
      }
    });
    document.querySelectorAll("main section").forEach((section) => {
      section.hidden = words.length > 0 && !filled.has(section);
    });
    count.textContent = words.length ? count.dataset.found.replace("{n}", found) : "";
  };
  box.addEventListener("input", apply);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      box.value = "";
      apply();
    }
  });
  bar.hidden = false;
})();
