"use strict";
const filters = document.getElementById("filters");
filters.hidden = false;
filters.addEventListener("change", () => {
  const chosen = (name) => filters.elements[name].value;
  const fits = (element, name) => !chosen(name) || element.dataset[name] === chosen(name);
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !fits(section, "attacks");
    for (const row of section.querySelectorAll("tbody tr")) {
      row.hidden = !fits(row, "defence") || !fits(row, "evidence");
    }
  }
});
