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
// Touches and latents for rows of twelve fields, four weights, four temperatures and a time, as doubles in base64, from a second instrument of the page.
window.lodestoneTest.touches = (player, text) => {
  const here = player.instrument;
  const rows = new Float64Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const chip = { noise_mt: 0, count_mt: [0, 0, 0] };
  const other = here.another({ scenes: here.setup(128).scenes.slice(0, 1), chip });
  const all = [];
  const hear = { '/touch': ({ touch }) => all.push(...touch), '/latent': ({ latent }) => all.push(...latent) };
  for (let at = 0; at < rows.length; at += 21) {
    other.setField(Float32Array.from(rows.subarray(at, at + 12)));
    new Float32Array(other.wasm.memory.buffer, other.wasm.weight(), 4).set(rows.subarray(at + 12, at + 16));
    new Float32Array(other.wasm.memory.buffer, other.wasm.temperature(), 4).set(rows.subarray(at + 16, at + 20));
    other.wasm.touch_at(rows[at + 20]);
    player.told.hearAll(other.said(), hear);
  }
  return Float32Array.from(all);
};
