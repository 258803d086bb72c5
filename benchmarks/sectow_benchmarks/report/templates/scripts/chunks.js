// Data in scripts beside the page: each gives one text, which is parsed as JSON and never run.
const expected = new Map();
window.sectow = (name, text) => {
  const take = expected.get(name);
  if (take) take(JSON.parse(text));
};
const load = name => new Promise((take, fail) => {
  const script = document.createElement("script");
  expected.set(name, take);
  const end = () => {
    expected.delete(name);
    script.remove();
  };
  script.addEventListener("load", end);
  script.addEventListener("error", () => {
    end();
    fail(new Error(`data/${name}.js is missing`));
  });
  script.src = `data/${name}.js`;
  document.head.append(script);
});

// The texts of a few parts stay, the last used ones.
const KEPT = 6;
const parts = new Map();
const texts = async number => {
  const known = parts.get(number);
  parts.delete(number);
  const part = known ?? load(`texts-${number}`);
  parts.set(number, part);
  if (parts.size > KEPT) parts.delete(parts.keys().next().value);
  try {
    return await part;
  } catch (error) {
    parts.delete(number);
    throw error;
  }
};

const CODES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };
const unpacked = column => {
  const bytes = Uint8Array.from(atob(column.codes), letter => letter.charCodeAt(0));
  const codes = new CODES[column.width](bytes.buffer);
  return { ...column, codes, of: row => column.words[codes[row]] };
};
