// A page of a document, the quoted place highlighted and in view.
// data: {image, boxes: [[left, top, right, bottom]] as fractions, description}
//    or {text, start, end, description}.
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

const picture = ({ image, boxes, description }) => {
  const frame = element("div", "picture");
  const shown = element("img", "image");
  shown.src = image;
  shown.alt = description;
  frame.append(shown);
  for (const [left, top, right, bottom] of boxes) {
    const box = element("div", "highlight");
    Object.assign(box.style, {
      left: `${left * 100}%`, top: `${top * 100}%`,
      width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%`,
    });
    frame.append(box);
  }
  return frame;
};

const writing = ({ text, start, end, description }) => {
  const frame = element("div", "writing");
  frame.setAttribute("aria-label", description);
  // Offsets count code points, as Python does; JavaScript counts UTF-16 units.
  const points = Array.from(text);
  frame.append(points.slice(0, start).join(""));
  if (end > start) frame.append(element("mark", "highlight", points.slice(start, end).join("")));
  frame.append(points.slice(end).join(""));
  return frame;
};

export default function ({ data, parentElement }) {
  const sheet = element("div", "sheet");
  sheet.tabIndex = 0;
  const content = data.image ? picture(data) : writing(data);
  sheet.append(content);
  parentElement.querySelector(".sheet")?.remove();
  parentElement.append(sheet);
  const target = sheet.querySelector(".highlight");
  // The page alone scrolls; scrollIntoView would move the conversation as well.
  const reach = () => { sheet.scrollTop = content.offsetTop + target.offsetTop - sheet.clientHeight / 3; };
  if (target && data.image) sheet.querySelector("img").onload = reach;
  if (target) requestAnimationFrame(reach);
}
