// Documents in rows, with a box to tick each where they can be selected.
// data: {columns: [{key, label, number}], rows: [{id, state, ...cells}], selected: [id], selectable}
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

// A long name is cut in its middle: those of a series differ at their ends.
const END = 14;
const cut = (name, text) => {
  const made = element("span", `cut ${name}`);
  made.title = text;
  const letters = Array.from(text);
  const at = letters.length > 2 * END ? letters.length - END : letters.length;
  made.append(element("span", "start", letters.slice(0, at).join("")), element("span", "end", letters.slice(at).join("")));
  return made;
};

const box = (label, checked, onchange) => {
  const made = element("input");
  made.type = "checkbox";
  made.checked = checked;
  made.setAttribute("aria-label", label);
  made.onchange = () => onchange(made.checked);
  return made;
};

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const selected = new Set(data.selected);
  const tell = () => setStateValue("selected", [...selected]);
  const ids = data.rows.map((row) => row.id);

  const head = element("tr");
  const all = ids.length > 0 && ids.every((id) => selected.has(id));
  const headBox = element("th", "box");
  headBox.append(box("Select all on this page", all, (on) => {
    ids.forEach((id) => (on ? selected.add(id) : selected.delete(id)));
    tell();
  }));
  if (data.selectable) head.append(headBox);
  for (const column of data.columns) head.append(element("th", column.number ? "number" : "", column.label));

  const body = element("tbody");
  for (const row of data.rows) {
    const line = element("tr", selected.has(row.id) ? "selected" : "");
    const cell = element("td", "box");
    cell.append(box(`Select ${row.title}`, selected.has(row.id), (on) => {
      on ? selected.add(row.id) : selected.delete(row.id);
      line.className = on ? "selected" : "";
      tell();
    }));
    if (data.selectable) line.append(cell);
    for (const column of data.columns) {
      const value = element("td", column.number ? `number ${column.key}` : column.key);
      if (column.key === "title") {
        const open = element("button", "open");
        open.type = "button";
        open.append(cut("", row.title));
        value.append(open, cut("name", row.name));
      } else if (column.key === "health") {
        value.append(element("span", `dot ${row.state}`), element("span", "word", row.health));
      } else {
        value.textContent = row[column.key];
      }
      line.append(value);
    }
    line.onclick = (event) => {
      if (!event.target.closest(".box")) setTriggerValue("opened", row.id);
    };
    body.append(line);
  }

  const table = element("table");
  const header = element("thead");
  header.append(head);
  table.append(header, body);
  const frame = element("div", "frame");
  frame.append(table);
  parentElement.querySelector(".frame")?.remove();
  parentElement.append(frame);
}
