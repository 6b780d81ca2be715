// What bench/page_figures.py measures in a page.
window.lodestoneBench = {
  // A marble goes round as in a hand.
  round: () => {
    const marble = lodestone.magnets.list[1];
    marble.held = lodestone;
    let k = 0;
    setInterval(() => {
      k += 0.05;
      marble.x = 70 * Math.cos(k);
      marble.y = 70 * Math.sin(k);
      lodestone.moved();
    }, 16);
  },
  // Milliseconds from picture to picture.
  pictures: (ms) =>
    new Promise((done) => {
      const gaps = [];
      const first = performance.now();
      let last = first;
      const look = (now) => {
        gaps.push(now - last);
        last = now;
        if (now - first < ms) requestAnimationFrame(look);
        else done(gaps.slice(5));
      };
      requestAnimationFrame(look);
    }),
  // Two instruments, the field of one changed at another quantum each time: milliseconds until their sounds differ.
  fieldToSound: () => {
    const here = lodestone.instrument;
    const scenes = here.setup(128).scenes.slice(0, 1);
    const changed = Float32Array.from(here.field);
    changed[0] += 3;
    changed[5] -= 2;
    const run = (change) => {
      const one = here.another({ scenes });
      const all = new Float32Array(420 * 128);
      for (let quantum = 0; quantum < 420; ++quantum) {
        if (quantum === change) one.setField(changed);
        all.set(one.render(128)[0], quantum * 128);
      }
      return all;
    };
    const base = run(-1);
    return Array.from({ length: 32 }, (_, i) => {
      const change = 300 + i;
      const other = run(change);
      let at = change * 128;
      while (at < other.length && other[at] === base[at]) ++at;
      return ((at - change * 128) * 1000) / lodestone.facts.sample_rate;
    });
  },
};
