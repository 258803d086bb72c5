// Sorts and filters tables. All text becomes text nodes; without scripts the page is whole.
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

const sortable = table => {
  const body = table.tBodies[0], heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const key = (row, place) => row.cells[place].dataset.v ?? row.cells[place].textContent;
  const missing = (row, place) => key(row, place).trim() === "";
  table.classList.add("sorts");
  heads.forEach((head, place) => {
    const button = make("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending", way = down ? -1 : 1;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...[...body.rows].sort((a, b) => missing(a, place) - missing(b, place)
        || way * compare(key(a, place), key(b, place))));
    });
  });
};
document.querySelectorAll("table.sortable").forEach(sortable);

// Rows of the board by name and track, where there are more than a few.
const FEW_ROWS = 3;
document.querySelectorAll("form.of-table").forEach(form => {
  const rows = [...document.getElementById(form.dataset.of).tBodies[0].rows];
  const output = form.querySelector("output");
  form.hidden = rows.length <= FEW_ROWS;
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", () => {
    const text = form.elements.name.value.toLowerCase(), track = form.elements.track.value;
    rows.forEach(row => {
      row.hidden = !(row.querySelector("th").textContent.toLowerCase().includes(text)
        && (track === "" || row.dataset.track === track));
    });
    output.textContent = `${rows.filter(row => !row.hidden).length} of ${rows.length}`;
  });
});
