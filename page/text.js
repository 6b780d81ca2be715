// Small tools of the document.

export const $ = (id) => document.getElementById(id);

// Only what changed, or a screen reader says it again.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function download(name, content) {
  const link = Object.assign(document.createElement('a'), { download: name, href: URL.createObjectURL(new Blob([content])) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
