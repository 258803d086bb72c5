// A list of any length: only the rows that are seen are in the document.
const TALLEST = 8e6;
const listOf = (box, fill, open) => {
  const tall = box.firstElementChild, AROUND = 4;
  let rows = new Int32Array(0), active = -1, drawn = 0;
  const height = () => parseFloat(getComputedStyle(box).getPropertyValue("--row")) * 16;
  const draw = () => {
    drawn = 0;
    const step = height(), room = box.clientHeight, full = rows.length * step;
    // A browser's boxes end somewhere: beyond, the bar moves over more than its height.
    const shown = Math.min(full, TALLEST), hidden = Math.max(shown - room, 1);
    const at = full > shown ? box.scrollTop / hidden * (full - room) : box.scrollTop;
    const first = Math.max(0, Math.floor(at / step) - AROUND);
    const last = Math.min(rows.length, Math.ceil((at + room) / step) + AROUND);
    tall.style.height = `${shown}px`;
    tall.replaceChildren(...Array.from({ length: last - first }, (_, place) => {
      const number = first + place, node = make("div");
      node.id = `row-${number}`;
      node.setAttribute("role", "option");
      node.setAttribute("aria-setsize", rows.length);
      node.setAttribute("aria-posinset", number + 1);
      node.setAttribute("aria-selected", number === active);
      node.style.top = `${number * step - at + box.scrollTop}px`;
      node.dataset.number = number;
      fill(node, rows[number]);
      return node;
    }));
    const seen = active >= first && active < last;
    if (seen) box.setAttribute("aria-activedescendant", `row-${active}`);
    else box.removeAttribute("aria-activedescendant");
  };
  const later = () => { drawn ||= requestAnimationFrame(draw); };
  const reach = number => {
    const step = height(), room = box.clientHeight, full = rows.length * step;
    const scale = full > TALLEST ? (TALLEST - room) / (full - room) : 1;
    const top = number * step * scale, low = top - room + step;
    if (box.scrollTop > top) box.scrollTop = top;
    else if (box.scrollTop < low) box.scrollTop = low;
  };
  const go = number => {
    if (!rows.length) return;
    active = Math.max(0, Math.min(rows.length - 1, number));
    reach(active);
    draw();
    open(rows[active]);
  };
  const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };
  box.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in STEPS) go(active < 0 ? 0 : active + STEPS[event.key]);
    else if (event.key === "Enter" || event.key === " ") go(Math.max(active, 0));
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", event => {
    const node = event.target.closest("[data-number]");
    if (node) go(Number(node.dataset.number));
  });
  box.addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later);
  return {
    draw,
    show(given, chosen) {
      rows = given;
      active = chosen === undefined ? -1 : rows.indexOf(chosen);
      box.scrollTop = 0;
      if (active >= 0) reach(active);
      draw();
    },
    extend(given, chosen) {
      rows = given;
      active = rows.indexOf(chosen);
      later();
    },
  };
};
