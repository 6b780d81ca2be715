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
// Sound of a second instrument of the page: so many blocks, a field that changes halfway.
window.lodestoneTest.render = (instrument, blocks) => {
  const other = instrument.another({ scenes: instrument.setup(128).scenes.slice(0, 1) });
  const all = new Float32Array(blocks * 128);
  const field = Float32Array.from(instrument.field);
  for (let i = 0; i < blocks; ++i) {
    if (i === blocks / 2) {
      field[0] += 3;
      other.setField(field);
    }
    all.set(other.render(128)[0], i * 128);
  }
  return all;
};
