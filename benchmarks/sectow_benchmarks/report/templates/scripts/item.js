// One opened sample: what is known of it, what was asked, and two answers beside each other.
const chip = (word, good, parent) => {
  const node = make("span", word, parent);
  node.className = `chip ${good === true ? "good" : good === false ? "bad" : "warn"}`;
  return node;
};
const pairs = (names, parent) => {
  const list = make("dl", undefined, parent);
  list.className = "facts";
  names.filter(([, text]) => text).forEach(([name, text]) => {
    const pair = make("div", undefined, list);
    make("dt", name, pair);
    make("dd", text, pair);
  });
};
const quoted = (text, parent) => {
  const node = make("blockquote", text, parent);
  node.dir = "auto";
};
const asked = (data, part, at, parent) => {
  if (data.pictures && part.picture[at]) {
    const picture = make("img", undefined, parent);
    picture.loading = "lazy";
    picture.alt = "The picture of this request";
    picture.addEventListener("error", () => picture.replaceWith("The picture was not kept."));
    picture.src = `data/pictures/${encodeURIComponent(part.picture[at])}.png`;
  }
  [["query", "asked"], ["beginning", "the answer begins with"], ["behavior", "what is asked for"],
    ["reference", "right answer"]].forEach(([name, heading]) => {
    if (!part[name][at] || name === "behavior" && part.behavior[at] === part.query[at]) return;
    make("h4", heading, parent);
    quoted(part[name][at], parent);
  });
};
const answered = (data, part, at, row, side, parent) => {
  const box = make("div", undefined, parent), head = make("p", undefined, box);
  box.className = "side";
  head.className = "who";
  make("b", data.models[side], head);
  const word = data.verdicts[side].of(row);
  chip(word, data.good.get(word), head);
  const response = part && part.responses[side][at];
  if (response) quoted(response, box);
  const judged = part ? part.judged[side][at] : [];
  if (!judged.length) return;
  const list = make("ul", undefined, box);
  list.className = "judged";
  judged.forEach(([judge, verdict, why]) => {
    const line = make("li", undefined, list);
    make("b", `${judge} `, line);
    chip(verdict, data.good.get(verdict), line);
    if (why) make("p", why, line).dir = "auto";
  });
};

const opener = (data, home) => async (row, sides, address) => {
  const kind = data.byName.texts.of(row), at = row % data.chunk;
  const part = data.texts ? await texts(Math.floor(row / data.chunk)) : null;
  const page = document.createDocumentFragment();
  make("h3", data.byName.item.of(row), page).className = "mono";
  pairs(data.columns.filter(column => !["item", "texts"].includes(column.name))
    .map(column => [column.name, column.of(row)]), page);
  const link = make("a", "Address of this sample", make("p", undefined, page));
  link.href = address;
  let place = page;
  if (kind === "behind a click") {
    place = make("details", undefined, page);
    place.className = "harmful";
    make("summary", "Show raw texts: they may be harmful", place);
  } else if (kind === "left out") {
    make("p", "Texts and picture are left out of a public page.", page).className = "note";
  }
  if (part) asked(data, part, at, place);
  const both = make("div", undefined, place);
  both.className = "sides";
  [...new Set(sides)].forEach(side => answered(data, part, at, row, side, both));
  home.replaceChildren(page);
};
