// A page of a document, the quoted place highlighted and in view; zoomed by buttons and keys.
// data: {image, boxes: [[[left, top, right, bottom]]] a mark each, as fractions, reading, ...}
//    or {text, marks: [[start, end]], ...}; and {description, place, full, sharp}.
// The first mark is scrolled to. state `sharp`; triggers `turned`: -1 or 1, `left`.
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

const LEAST = 0.5, MOST = 5, STEP = 1.25;
const WIDEST = 900; // pixels of a page at 100 %, however wide the window
const FITTING = { picture: 0, writing: 1 }; // 0: as wide as what is written on the page
const zooms = { ...FITTING }; // kept while one document is read

const picture = ({ image, boxes, description }) => {
  const frame = element("div", "picture");
  const shown = element("img", "image");
  shown.src = image;
  shown.alt = description;
  frame.append(shown);
  boxes.forEach((mark, order) => {
    for (const [left, top, right, bottom] of mark) {
      const box = element("div", order ? "highlight other" : "highlight");
      Object.assign(box.style, {
        left: `${left * 100}%`, top: `${top * 100}%`,
        width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%`,
      });
      frame.append(box);
    }
  });
  return frame;
};

const writing = ({ text, marks, description }) => {
  const frame = element("div", "writing");
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", description);
  // Offsets count code points, as Python does; JavaScript counts UTF-16 units.
  const points = Array.from(text);
  const first = marks[0];
  let at = 0;
  for (const mark of [...marks].sort((a, b) => a[0] - b[0])) {
    const [start, end] = [Math.max(mark[0], at), mark[1]];
    if (end <= start) continue;
    frame.append(points.slice(at, start).join(""));
    frame.append(element("mark", mark === first ? "highlight" : "highlight other", points.slice(start, end).join("")));
    at = end;
  }
  frame.append(points.slice(at).join(""));
  return frame;
};

// Left and right edge of what is written on a picture, as fractions; lines across do not count.
const written = (shown) => {
  const width = 200, height = Math.max(1, Math.round((width * shown.naturalHeight) / shown.naturalWidth));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(shown, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const inked = (x) => {
    let dark = 0;
    for (let y = 0; y < height; y += 1) dark += data[4 * (y * width + x) + 1] < 215;
    return dark > height * 0.025;
  };
  let [left, right] = [0, width - 1];
  while (left < right && !inked(left)) left += 1;
  while (right > left && !inked(right)) right -= 1;
  if (right - left < width / 4) return [0, 1]; // hardly anything: a picture, a title
  return [Math.max(0, left / width - 0.025), Math.min(1, (right + 1) / width + 0.025)];
};

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const kind = data.image ? "picture" : "writing";
  const sign = JSON.stringify([data.place, data.full, data.marks ?? data.boxes, (data.image ?? data.text).length]);
  const before = parentElement.querySelector(".reader");
  if (before?.dataset.sign === sign) return; // the page around it was drawn anew
  const kept = before?.dataset.place === JSON.stringify(data.place) ? before.querySelector(".sheet") : null;

  if (before && before.dataset.document !== data.place[0]) Object.assign(zooms, FITTING);
  const reader = element("div", data.full ? "reader full" : "reader");
  Object.assign(reader.dataset, { sign, place: JSON.stringify(data.place), document: data.place[0] });
  const sheet = element("div", "sheet");
  sheet.tabIndex = 0;
  sheet.setAttribute("role", "region");
  sheet.setAttribute("aria-label", data.description);
  const content = kind === "picture" ? picture(data) : writing(data);
  sheet.append(content);
  const shown = content.querySelector("img");
  let edges = [0, 1];
  let asked = false; // for a picture of finer dots

  const tools = element("div", "tools");
  const tool = (label, text, act) => {
    const made = element("button", "tool", text);
    made.type = "button";
    made.title = label;
    made.setAttribute("aria-label", label);
    made.onclick = act;
    tools.append(made);
    return made;
  };
  const factor = () => zooms[kind] || 1 / (edges[1] - edges[0]);
  const zoomed = (value) => {
    const middle = (sheet.scrollTop + sheet.clientHeight / 2) / Math.max(1, sheet.scrollHeight);
    const across = (sheet.scrollLeft + sheet.clientWidth / 2) / Math.max(1, sheet.scrollWidth);
    zooms[kind] = value && Math.min(MOST, Math.max(LEAST, value));
    apply();
    sheet.scrollTop = middle * sheet.scrollHeight - sheet.clientHeight / 2;
    sheet.scrollLeft = zooms[kind] ? across * sheet.scrollWidth - sheet.clientWidth / 2 : edges[0] * sheet.scrollWidth;
  };
  tool("Smaller", "−", () => zoomed(factor() / STEP));
  const percent = tool("Zoom: back to the width of the page", "", () => zoomed(1));
  tool("Larger", "+", () => zoomed(factor() * STEP));
  if (kind === "picture") tool("Fit the width of the text", "↔", () => zoomed(0));

  const apply = () => {
    const value = factor();
    percent.textContent = `${Math.round(value * 100)} %`;
    if (kind === "writing") {
      content.style.fontSize = `${0.95 * value}rem`;
      return;
    }
    const width = Math.min(sheet.clientWidth, WIDEST) * value;
    content.style.width = `${width}px`;
    const dots = width * (window.devicePixelRatio || 1);
    if (shown.naturalWidth && dots > 1.5 * shown.naturalWidth && !data.sharp && !asked) {
      asked = true;
      setStateValue("sharp", true);
    }
  };

  sheet.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "+": () => zoomed(factor() * STEP), "=": () => zoomed(factor() * STEP),
      "-": () => zoomed(factor() / STEP), "0": () => zoomed(kind === "picture" ? 0 : 1),
      ArrowLeft: () => setTriggerValue("turned", -1), ArrowRight: () => setTriggerValue("turned", 1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  sheet.ondblclick = () => zoomed(factor() > 1.9 ? (kind === "picture" ? 0 : 1) : 2);
  // Wherever the focus went when the button that was clicked made room for the page.
  if (data.full) {
    const escape = (event) => {
      if (!reader.isConnected) document.removeEventListener("keydown", escape);
      else if (event.key === "Escape") setTriggerValue("left", true);
    };
    document.addEventListener("keydown", escape);
  }

  reader.append(sheet, tools);
  if (kind === "picture") {
    // What a screen reader says of a picture of text is the text.
    reader.append(element("div", "reading", data.reading));
  }
  const scroll = kept && [kept.scrollTop / Math.max(1, kept.scrollHeight), kept.scrollLeft / Math.max(1, kept.scrollWidth)];
  before?.remove();
  parentElement.append(reader);
  if (data.full) sheet.focus({ preventScroll: true });

  const target = sheet.querySelector(".highlight:not(.other)") ?? sheet.querySelector(".highlight");
  // The page alone scrolls; scrollIntoView would move the conversation as well.
  const reach = () => {
    if (!reader.isConnected) return;
    apply();
    if (scroll) {
      [sheet.scrollTop, sheet.scrollLeft] = [scroll[0] * sheet.scrollHeight, scroll[1] * sheet.scrollWidth];
      return;
    }
    if (target) sheet.scrollTop = content.offsetTop + target.offsetTop - sheet.clientHeight / 3;
    if (kind === "writing") return;
    sheet.scrollLeft = edges[0] * content.offsetWidth;
    const right = target ? target.offsetLeft + target.offsetWidth : 0;
    if (right > sheet.scrollLeft + sheet.clientWidth) sheet.scrollLeft = target.offsetLeft - 24;
  };
  if (shown) {
    shown.onload = () => {
      edges = written(shown);
      reach();
    };
  }
  requestAnimationFrame(reach);
}
