// Small tools of the document.

export const $ = (id) => document.getElementById(id);

// Only what changed, or a screen reader says it again.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A shape at the end of a drawing.
export function addShape(to, tag, attributes) {
  const shape = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  to.append(shape);
  return shape;
}

export function download(name, content) {
  const link = Object.assign(document.createElement('a'), { download: name, href: URL.createObjectURL(new Blob([content])) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
