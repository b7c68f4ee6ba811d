// An answer: sentences with footnote numbers, the list of footnotes under them, and what can be
// done with it. In one piece: each part that the server draws by itself costs at every click.
// data: {lead, sentences: [{text, row: [[column, cell]], about, mark, explanation, notes: [n]}],
//        footnotes: [{n, source, quote}], origin, opened, words,
//        rated: 1, -1 or 0, copied: text, buttons: [[name, label]]}; triggers: opened, pressed
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const before = JSON.stringify(data);
  const shown = parentElement.querySelector(".answer");
  if (shown?.dataset.before === before) return;
  const held = parentElement.getRootNode().activeElement?.dataset.name;  // has the focus

  const sources = new Map(data.footnotes.map((note) => [note.n, note]));
  const opener = (name, n, text) => {
    const button = element("button", name + (n === data.opened ? " opened" : ""), text);
    button.type = "button";
    button.dataset.name = `${name}-${n}`;
    button.onclick = () => setTriggerValue("opened", n);
    return button;
  };

  // A list: what announces it, then its items, those past the twelfth behind a button.
  const SHOWN = 12;
  const listed = (words, text) => {
    const [opening, ...lines] = text.split("\n");
    words.append(opening);
    const items = element("ul", "items");
    for (const line of lines) items.append(element("li", "", line));
    words.append(items);
    const rest = [...items.children].slice(SHOWN);
    if (!rest.length) return;
    for (const item of rest) item.hidden = true;
    const all = element("button", "all", `${data.words.all} ${lines.length}`);
    all.type = "button";
    all.onclick = () => {
      for (const item of rest) item.hidden = false;
      all.remove();
    };
    words.append(all);
  };

  // A row of a table: each cell beside the name of its column.
  const tabled = (words, pairs) => {
    words.classList.add("tabled");
    for (const [name, cell] of pairs) {
      const line = element("span", "pair");
      line.append(element("span", "column", name), " ", element("span", "cell", cell));
      words.append(line);
    }
  };

  const prose = element("div", "prose");
  if (data.lead) prose.append(element("strong", "lead", data.lead), " ");
  for (const sentence of data.sentences) {
    const span = element("span", `sentence ${sentence.mark}`);
    if (sentence.about) span.append(element("span", "about", sentence.about));
    const words = element("span", "words");
    if (sentence.row.length) tabled(words, sentence.row);
    else if (sentence.text.includes("\n")) listed(words, sentence.text);
    else words.textContent = sentence.text;
    span.append(words);
    const notes = element("span", "notes");
    for (const n of sentence.notes) {
      const number = opener("number", n, String(n));
      number.setAttribute("aria-label", `${data.words.footnote} ${n}: ${sources.get(n)?.source ?? ""}`);
      number.title = sources.get(n)?.source ?? "";
      notes.append(number);
    }
    if (sentence.explanation) {
      const mark = element("button", "mark", data.words[sentence.mark]);
      mark.type = "button";
      mark.setAttribute("aria-label", sentence.explanation);
      mark.append(element("span", "tip", sentence.explanation));
      notes.append(mark);
    }
    (span.querySelector(".pair:last-child .cell") ?? span).append(notes);
    prose.append(span, " ");
  }

  const list = element("div", "footnotes");
  list.append(element("div", "origin", data.origin));
  for (const note of data.footnotes) {
    const row = opener("footnote", note.n);
    const body = element("span", "body");
    body.append(element("span", "source", note.source), element("span", "quote", note.quote));
    row.append(element("span", "n", String(note.n)), body);
    list.append(row);
  }

  const pressing = (name, label, does = () => setTriggerValue("pressed", name)) => {
    const button = element("button", "press", label);
    button.type = "button";
    button.dataset.name = name;
    button.onclick = () => does(button);
    return button;
  };
  const thumb = (name, value) => {
    const button = pressing(name, "", () => setTriggerValue("pressed", data.rated === value ? "none" : name));
    button.append(drawnThumb());
    button.classList.add("thumb", name);
    button.setAttribute("aria-label", data.words[name]);
    button.title = data.words[name];
    button.setAttribute("aria-pressed", String(data.rated === value));
    return button;
  };
  const row = element("div", "row");
  if (data.rated !== null) row.append(thumb("up", 1), thumb("down", -1));
  if (data.copied) row.append(pressing("copy", data.words.copy, (button) => copy(button, data)));
  for (const [name, label] of data.buttons) row.append(pressing(name, label));

  const root = element("div", "answer");
  root.dataset.before = before;
  if (data.sentences.length) root.append(prose);
  if (data.sentences.length || data.footnotes.length) root.append(list);
  root.append(row);
  shown?.remove();
  parentElement.append(root);
  if (held) root.querySelector(`[data-name="${held}"]`)?.focus();
}

const copy = async (button, data) => {
  let copied = true;
  try {
    await navigator.clipboard.writeText(data.copied);
  } catch {
    copied = byHand(data.copied);  // no clipboard without https, except on this machine
  }
  button.textContent = copied ? data.words.done : data.words.refused;
  setTimeout(() => { button.textContent = data.words.copy; }, 1600);
};

const byHand = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
};

// Material Symbols' thumb_up (Apache-2.0).
const THUMB = "M720-120H280v-520l280-280 50 50q7 7 11.5 19t4.5 23v14l-44 174h258q32 0 56 24t24 56v80q0 7-2 15t-4 15L794-168q-9 20-30 34t-44 14Zm-360-80h360l120-280v-80H480l54-220-174 174v406Zm0-406v406-406Zm-80-34v80H160v360h120v80H80v-520h200Z";
const drawnThumb = () => {
  const made = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const drawn = made("svg", { viewBox: "0 -960 960 960", "aria-hidden": "true" });
  drawn.append(made("path", { d: THUMB }));
  return drawn;
};
