// Brings the place where it is mounted into view, once.
export default function ({ parentElement }) {
  const host = parentElement.host ?? parentElement;
  if (host.dataset.scrolled) return;
  host.dataset.scrolled = "yes";
  requestAnimationFrame(() => host.scrollIntoView({ block: "start", behavior: "smooth" }));
}
