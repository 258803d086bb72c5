"use strict";
// Sorts tables and browses samples. All text becomes text nodes; without this script the page is whole.
const make = (name, text, parent) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
};
const numeric = text => text.trim() === "" ? NaN : Number(text);
const compare = (a, b) => {
  const [x, y] = [numeric(a), numeric(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  // What is not a number comes last among numbers.
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return a < b ? -1 : Number(a > b);
};
const sortable = (heads, sort) => heads.forEach((head, place) => {
  const button = make("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    sort(place, down ? -1 : 1);
  });
});

document.querySelectorAll("table.sortable").forEach(table => {
  table.classList.add("sorts");
  const body = table.tBodies[0];
  const key = (row, place) => row.cells[place].dataset.v ?? row.cells[place].textContent;
  sortable([...table.tHead.rows[0].cells], (place, way) => {
    const missing = row => key(row, place).trim() === "";
    body.append(...[...body.rows].sort((a, b) =>
      missing(a) - missing(b) || way * compare(key(a, place), key(b, place))));
  });
});

const home = document.getElementById("browser");
const { columns, texts } = JSON.parse(document.getElementById("samples-data").textContent);
const PAGE = 20;
const word = (column, row) => column.at ? column.words[column.at[row]] : column.words[row];
const size = columns[0].at ? columns[0].at.length : columns[0].words.length;
const table = home.querySelector("table");
const [earlier, later] = home.querySelectorAll("button");
const filters = home.querySelector("form");
let rows = [...Array(size).keys()], shown = rows, first = 0;

const draw = () => {
  const last = Math.min(first + PAGE, shown.length);
  table.caption.textContent = shown.length
    ? `${first + 1} to ${last} of ${shown.length} samples` : "No sample fits.";
  table.tBodies[0].replaceChildren(...shown.slice(first, last).map(row => {
    const line = make("tr");
    columns.forEach((column, place) => {
      const cell = make(place ? "td" : "th", word(column, row), line);
      cell.dataset.label = column.name;
      if (!place) {
        cell.scope = "row";
        cell.className = "mono";
      }
    });
    const given = Object.entries(texts).filter(([, lines]) => lines[row]);
    if (given.length) {
      const more = make("details", undefined, line.cells[0]);
      make("summary", "texts", more);
      given.forEach(([name, lines]) => {
        make("b", name, more);
        make("p", lines[row], more);
      });
    }
    return line;
  }));
  earlier.disabled = first === 0;
  later.disabled = last === shown.length;
};
const choose = () => {
  const chosen = [...filters.querySelectorAll("select")].filter(one => one.value !== "")
    .map(one => [columns[one.dataset.place], columns[one.dataset.place].words[one.value]]);
  const sought = filters.querySelector("input").value.toLowerCase();
  const fits = row => !sought || word(columns[0], row).includes(sought)
    || Object.values(texts).some(lines => lines[row].toLowerCase().includes(sought));
  shown = rows.filter(row => chosen.every(([column, value]) => word(column, row) === value) && fits(row));
  first = 0;
  draw();
};
columns.forEach((column, place) => {
  const head = make("th", column.name, table.tHead.rows[0]);
  head.scope = "col";
  head.className = "name";
  if (!column.chosen || !place) return;
  const select = make("select", undefined, make("label", column.name, filters));
  select.dataset.place = place;
  make("option", "all", select).value = "";
  column.words.forEach((text, value) => { make("option", text, select).value = value; });
});
make("input", undefined, make("label", Object.keys(texts).length ? "digest or text" : "digest", filters)).type = "search";
filters.addEventListener("input", choose);
filters.addEventListener("submit", event => event.preventDefault());
sortable([...table.tHead.rows[0].cells], (place, way) => {
  rows = rows.sort((a, b) => way * compare(word(columns[place], a), word(columns[place], b)) || a - b);
  choose();
});
table.classList.add("sorts");
earlier.addEventListener("click", () => { first -= PAGE; draw(); });
later.addEventListener("click", () => { first += PAGE; draw(); });
home.hidden = false;
draw();
