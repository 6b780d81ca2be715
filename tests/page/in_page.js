// What the tests call in a page (chromium.py puts it there).
window.lodestoneTest = {
  // Resolves with what `look` gives as soon as that is truthy; an exception counts as not yet.
  until: (look, seconds) =>
    new Promise((done, fail) => {
      const end = performance.now() + 1000 * seconds;
      const again = () => {
        let value = null;
        try {
          value = look();
        } catch {
          value = null;
        }
        if (value) done(value);
        else if (performance.now() > end) fail(new Error('in vain'));
        else setTimeout(again, 10);
      };
      again();
    }),
  // The bytes of a typed array as base64.
  bytes: async (promise) => {
    const array = await promise;
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let text = '';
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return btoa(text);
  },
  // Where the middle of an element is on the screen.
  place: (selector) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  },
};
