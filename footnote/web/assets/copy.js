// A button that puts a text on the clipboard. data: {text, label}
export default function ({ data, parentElement }) {
  let button = parentElement.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    parentElement.append(button);
  }
  button.textContent = data.label;
  button.onclick = async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(data.text);
    } catch {
      copied = byHand(data.text); // no clipboard without https, except on this machine
    }
    button.textContent = copied ? data.done : "Copying is not allowed here";
    setTimeout(() => { button.textContent = data.label; }, 1600);
  };
}

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
