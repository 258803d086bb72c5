// Browses the samples: filters, a search through all texts, and addresses that bring both back.
const START = "#samples?";
const SLICE = 150;

const browse = (home, data) => {
  const form = home.querySelector("form"), status = home.querySelector("[role=status]");
  const box = home.querySelector("[role=listbox]"), pane = home.querySelector(".opened");
  const controls = form.elements;
  let opened, hits, search = 0;
  const side = name => Number(controls[name].value);
  const sides = () => [side("left"), side("right")];

  const select = (name, label, options, parent) => {
    const node = make("select", undefined, make("label", label, parent));
    node.name = name;
    options.forEach(([value, text]) => { make("option", text, node).value = value; });
    return node;
  };
  const every = words => [["", "all"], ...[...words].sort().filter(word => word).map(word => [word, word])];
  const build = () => {
    const main = form.querySelector(".main"), more = form.querySelector(".more > div");
    const models = data.models.map((name, number) => [number, name]);
    select("left", "left", models, main);
    select("right", "right", models, main).value = data.models.length - 1;
    data.columns.filter(column => column.chosen && column.words.length > 1 && column.name !== "texts")
      .forEach(column => {
        select(column.name, column.name, every(column.words), ["suite", "role"].includes(column.name) ? main : more);
      });
    const verdicts = every(data.good.keys());
    select("verdict-left", "verdict, left", verdicts, main);
    select("verdict-right", "verdict, right", verdicts, main);
    select("changed", "right, beside left", [["", "all"], ["yes", "changed"], ["better", "better"], ["worse", "worse"]], main);
    if (data.disagree.some(column => column.words.includes("yes"))) {
      select("judges", "judges", [["", "all"], ["differ", "disagree"]], main);
    }
    more.parentElement.hidden = !more.childElementCount;
    [["left", data.models], ["right", data.models]].forEach(([name, list]) => {
      controls[name].parentElement.hidden = list.length < 2;
    });
    ["verdict-left", "changed"].forEach(name => { controls[name].parentElement.hidden = data.models.length < 2; });
  };

  // A test of codes for each filter that is set.
  const tests = () => {
    const set = [];
    const equal = (column, word) => {
      const code = column.words.indexOf(word), codes = column.codes;
      set.push(row => codes[row] === code);
    };
    data.columns.forEach(column => {
      const control = controls[column.name];
      if (control && control.value) equal(column, control.value);
    });
    const [left, right] = sides().map(number => data.verdicts[number]);
    [["verdict-left", left], ["verdict-right", right]].forEach(([name, column]) => {
      if (controls[name].value) equal(column, controls[name].value);
    });
    const change = controls.changed.value;
    if (change) {
      // By pairs of words, of which there are few.
      const fits = left.words.map(was => right.words.map(now => {
        const [before, after] = [data.good.get(was), data.good.get(now)];
        if (change === "yes") return was !== now && was !== "not asked" && now !== "not asked";
        return change === "better" ? before === false && after === true : before === true && after === false;
      }));
      set.push(row => fits[left.codes[row]][right.codes[row]]);
    }
    if (controls.judges && controls.judges.value) {
      const split = sides().map(number => data.disagree[number]);
      set.push(row => split.some(column => column.of(row) === "yes"));
    }
    return set;
  };
  const filtered = () => {
    const set = tests(), rows = new Int32Array(data.count);
    let size = 0;
    for (let row = 0; row < data.count; row += 1) {
      let fits = true;
      for (let at = 0; fits && at < set.length; at += 1) fits = set[at](row);
      if (fits) rows[size++] = row;
    }
    return rows.subarray(0, size);
  };

  const params = () => new URLSearchParams([...controls].filter(control => control.name && control.value !== ""
    && !(control.name === "left" && control.value === "0")
    && !(control.name === "right" && Number(control.value) === data.models.length - 1))
    .map(control => [control.name, control.value]));
  // An item is addressed by what was asked and how: its row may move when the page is made again.
  const addressOf = row => {
    const { digest, decoding } = data.byName, same = (a, b) => digest.of(a) === digest.of(b)
      && (!decoding || decoding.codes[a] === decoding.codes[b]);
    let number = 1;
    for (let other = 0; other < row; other += 1) number += same(other, row);
    return [digest.of(row), decoding ? decoding.of(row) : "", number].join(".");
  };
  const rowOf = address => {
    const [digest, way, number] = address.split("."), { decoding } = data.byName;
    let left = Number(number);
    for (let row = 0; row < data.count; row += 1) {
      if (data.byName.digest.of(row) === digest && (!decoding || decoding.of(row) === way) && !--left) return row;
    }
    return undefined;
  };
  const address = () => {
    const words = params();
    if (opened !== undefined) words.set("item", addressOf(opened));
    return START + words;
  };
  const remember = () => history.replaceState(null, "", address());

  const openRow = opener(data, pane);
  const list = listOf(box, (node, row) => {
    const fit = Math.max(20, Math.floor(box.clientWidth / 9.5)), label = data.byName.item.of(row);
    const name = make("span", label.length > fit ? `${label.slice(0, fit)}…` : label, node);
    name.className = "mono";
    const words = ["suite", "category", "decoding"].map(key => data.byName[key]?.of(row)).filter(Boolean).join(" · ");
    make("span", words.length > fit ? `${words.slice(0, fit)}…` : words, node).className = "soft";
    const chips = make("span", undefined, node);
    chips.className = "chips";
    [...new Set(sides())].forEach(number => {
      const word = data.verdicts[number].of(row);
      chip(word, data.good.get(word), chips).title = data.models[number];
    });
  }, row => {
    opened = row;
    remember();
    openRow(row, sides(), address()).catch(error => { pane.textContent = error.message; });
  });

  const say = (rows, note = "") => {
    status.textContent = `${rows.length.toLocaleString("en")} of ${data.count.toLocaleString("en")} samples${note}`;
  };
  const pause = () => new Promise(next => setTimeout(next));
  // Words of an item first, then the texts part by part, with what is found so far.
  const seek = async (rows, sought) => {
    const mine = ++search, { item, digest, category } = data.byName;
    hits = new Uint8Array(data.count);
    const matches = column => column ? column.words.map(word => word.toLowerCase().includes(sought)) : [];
    const [items, digests, categories] = [item, digest, category].map(matches);
    rows.forEach(row => {
      hits[row] = items[item.codes[row]] || digests[digest.codes[row]] || category && categories[category.codes[row]];
    });
    const found = () => rows.filter(row => hits[row]);
    list.show(found(), opened);
    if (!data.texts) return say(found());
    const size = data.chunk;
    let at = 0, shown = performance.now();
    while (at < rows.length) {
      const number = Math.floor(rows[at] / size);
      say(found(), `; texts of ${at.toLocaleString("en")} of ${rows.length.toLocaleString("en")} searched so far`);
      const part = await texts(number);
      if (mine !== search) return undefined;
      const fields = [part.query, part.behavior, part.reference, ...part.responses];
      for (; at < rows.length && rows[at] < (number + 1) * size; at += 1) {
        const row = rows[at];
        hits[row] ||= fields.some(lines => lines[row % size].toLowerCase().includes(sought));
      }
      if (performance.now() - shown > SLICE) {
        shown = performance.now();
        list.extend(found(), opened);
        await pause();
      }
    }
    list.extend(found(), opened);
    return say(found(), `; all texts of ${rows.length.toLocaleString("en")} searched`);
  };
  const choose = () => {
    const rows = filtered(), sought = controls.q.value.trim().toLowerCase();
    search += 1;
    if (!sought) {
      list.show(rows, opened);
      return say(rows);
    }
    return seek(rows, sought).catch(error => { status.textContent = error.message; });
  };

  const restore = () => {
    if (!location.hash.startsWith(START)) return;
    const words = new URLSearchParams(location.hash.slice(START.length));
    [...controls].filter(control => control.name).forEach(control => {
      const start = { left: "0", right: String(data.models.length - 1) }[control.name] ?? "";
      control.value = words.get(control.name) ?? start;
      if (control.selectedIndex === -1) control.value = start;
    });
    opened = words.has("item") ? rowOf(words.get("item")) : undefined;
    choose();
    home.closest("section").scrollIntoView();
    if (opened !== undefined) openRow(opened, sides(), address()).catch(error => { pane.textContent = error.message; });
  };

  build();
  form.addEventListener("submit", event => event.preventDefault());
  let typed;
  form.addEventListener("input", event => {
    clearTimeout(typed);
    const act = () => {
      remember();
      choose();
      if (opened !== undefined && ["left", "right"].includes(event.target.name)) openRow(opened, sides(), address());
    };
    if (event.target.name === "q") typed = setTimeout(act, SLICE);
    else act();
  });
  addEventListener("hashchange", restore);
  home.hidden = false;
  choose();
  restore();
};

{
  const home = document.getElementById("browser");
  load("samples").then(index => {
    const columns = index.columns.map(unpacked);
    browse(home, {
      ...index,
      columns,
      byName: Object.fromEntries(columns.map(column => [column.name, column])),
      verdicts: index.verdicts.map(unpacked),
      disagree: index.disagree.map(unpacked),
      good: new Map(index.good),
    });
  }).catch(error => {
    home.hidden = false;
    home.textContent = error.message;
  });
}
