// What is wrong with how a page looks, as a list of sentences. Everything is unfolded first.
(() => {
  document.querySelectorAll("details").forEach(one => { one.open = true; });
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = colour => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((v, at) => a * v + (1 - a) * below[at]);
  const light = parts => parts.map(v => v / 255)
    .map(v => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = node => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const contrast = (colour, node) => {
    const below = ground(node);
    const [low, high] = [light(over(rgba(colour), below)), light(below)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const wrong = [];
  const short = text => text.trim().slice(0, 40);
  const faults = (text, node, colour) => {
    const style = getComputedStyle(node), chart = node.closest("svg");
    if (!chart || node.tagName === "text") {
      const ratio = contrast(colour, node);
      if (ratio < 4.5) wrong.push(`contrast ${ratio.toFixed(2)}: ${short(text)}`);
    }
    if (parseFloat(style.fontSize) * (chart ? node.getScreenCTM().a : 1) < 11) wrong.push(`small: ${short(text)}`);
  };
  const inside = (rect, box, slack) => rect.left >= box.left - slack && rect.right <= box.right + slack
    && rect.top >= box.top - slack && rect.bottom <= box.bottom + slack;
  const hidden = node => node.closest("title, script, style, noscript, .skip, option")
    || !node.checkVisibility() || getComputedStyle(node).clipPath !== "none" || node.closest("thead")
    && getComputedStyle(node.closest("thead")).clipPath !== "none";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = new Map();
  let seen = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode, node = text.parentElement;
    if (!text.data.trim() || hidden(node)) continue;
    seen += 1;
    const svg = node.tagName === "text";
    faults(text.data, node, getComputedStyle(node)[svg ? "fill" : "color"]);
    const range = document.createRange();
    range.selectNodeContents(text);
    const home = node.closest(svg ? "figure" : "td, th, li, figcaption, caption, dd, dt, p, blockquote, figure, div");
    for (const rect of range.getClientRects()) {
      if (rect.left < -1 || rect.right > innerWidth + 1) wrong.push(`out of the window: ${short(text.data)}`);
      else if (!inside(rect, home.getBoundingClientRect(), 3)) wrong.push(`out of its cell: ${short(text.data)}`);
    }
    if (svg) {
      const chart = node.closest("svg.chart");
      texts.set(chart, [...(texts.get(chart) ?? []), [text.data, node.getBoundingClientRect()]]);
    }
  }
  for (const labels of texts.values()) {
    labels.forEach(([one, a], at) => labels.slice(at + 1).forEach(([two, b]) => {
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) wrong.push(`${one} on ${two}`);
    }));
  }
  document.querySelectorAll("[data-label]").forEach(cell => {
    if (getComputedStyle(cell, "::before").content === "none" || !cell.checkVisibility()) return;
    faults(cell.dataset.label, cell, getComputedStyle(cell, "::before").color);
  });
  // A cell that two others are drawn over is cut too.
  document.querySelectorAll(".fit, section, figure, .card").forEach(box => {
    if (box.scrollWidth > box.clientWidth + 1) wrong.push(`scrolls: ${box.className || box.id || box.tagName}`);
  });
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) wrong.push(`the page is ${wide} wide`);
  return { seen, wrong: [...new Set(wrong)] };
})()
