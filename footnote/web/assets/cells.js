// Rows of text under column names; on a phone each row is a card, each cell beside its column.
// data: {columns: [{label, number}], rows: [[cell]], label}
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

export default function ({ data, parentElement }) {
  const table = element("table");
  table.setAttribute("aria-label", data.label);
  const head = element("tr");
  for (const column of data.columns) {
    const cell = element("th", column.number ? "number" : "", column.label);
    cell.scope = "col";
    head.append(cell);
  }
  const header = element("thead");
  header.append(head);
  const body = element("tbody");
  for (const row of data.rows) {
    const line = element("tr");
    row.forEach((text, place) => {
      const cell = element("td", data.columns[place].number ? "number" : "", text);
      cell.dataset.label = data.columns[place].label;
      if (!text) cell.classList.add("empty");
      line.append(cell);
    });
    body.append(line);
  }
  table.append(header, body);
  const frame = element("div", "frame");
  frame.tabIndex = 0; // so that what is wider than the window can be scrolled by keys
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", data.label);
  frame.append(table);
  parentElement.querySelector(".frame")?.remove();
  parentElement.append(frame);
}
