// An answer: sentences with footnote numbers, and the list of footnotes under them.
// data: {lead, sentences: [{text, row: [[column, cell]], about, mark, explanation, notes: [n]}],
//        footnotes: [{n, source, quote}], origin, opened}
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const sources = new Map(data.footnotes.map((note) => [note.n, note]));
  const opener = (name, n, text) => {
    const button = element("button", name + (n === data.opened ? " opened" : ""), text);
    button.type = "button";
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
    const all = element("button", "all", `Show all ${lines.length}`);
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
      number.setAttribute("aria-label", `Footnote ${n}: ${sources.get(n)?.source ?? ""}`);
      number.title = sources.get(n)?.source ?? "";
      notes.append(number);
    }
    if (sentence.explanation) {
      const mark = element("button", "mark", sentence.mark === "partly" ? "partly supported" : "not supported");
      mark.type = "button";
      mark.setAttribute("aria-label", sentence.explanation);
      mark.append(element("span", "tip", sentence.explanation));
      notes.append(mark);
    }
    span.append(notes);
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

  const root = element("div", "answer");
  if (data.sentences.length) root.append(prose);
  if (data.sentences.length || data.footnotes.length) root.append(list);
  parentElement.querySelector(".answer")?.remove();
  parentElement.append(root);
}
