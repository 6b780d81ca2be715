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
  // Touches that come into the page, a second, over so many milliseconds.
  touches: (ms) =>
    new Promise((done) => {
      let count = 0;
      const before = lodestone.told.tap;
      lodestone.told.tap = (message) => {
        before(message);
        if (message.address === '/touch') ++count;
      };
      const began = performance.now();
      setTimeout(() => {
        lodestone.told.tap = before;
        done((1000 * count) / (performance.now() - began));
      }, ms);
    }),
  // A marble of a simulated world in a hand.
  carry: (i, x, y) => {
    const marble = lodestone.magnets.list[i];
    Object.assign(marble, { held: lodestone, x, y, asked: !marble.out || marble.asked, out: true });
    lodestone.moved();
  },
  // A hand brings one marble to the mark that the guide shows, its pole as asked, and lets it go in its cup.
  inCup: async () => {
    const { place: [x, y], mark_up: up } = lodestone.guide.step;
    const marble = lodestone.magnets.list[0];
    Object.assign(marble, { x, y, mode: up ? 'up' : 'down', held: lodestone, asked: !marble.out || marble.asked, out: true });
    lodestone.moved();
    await new Promise((done) => setTimeout(done, 200));
    marble.held = null;
    lodestone.moved();
  },
  away: () => {
    for (const marble of lodestone.magnets.list) Object.assign(marble, { held: null, out: false, asked: true });
    lodestone.moved();
  },
  // Milliseconds from a move of a marble of a simulated world until the touch that came of it is in the page.
  dragToPage: async (times) => {
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    const before = lodestone.told.tap;
    let hear = () => {};
    lodestone.told.tap = (message) => {
      before(message);
      if (message.address === '/touch') hear(message.values);
    };
    const waits = [];
    for (let k = 0; k < times; ++k) {
      lodestoneBench.carry(0, k % 2 ? -45 : -85, 0);
      await wait(500 + 37 * (k % 7));
      // What the touch does while nothing moves is noise.
      const rest = { least: Array(12).fill(Infinity), most: Array(12).fill(-Infinity) };
      hear = (touch) => touch.forEach((v, i) => {
        rest.least[i] = Math.min(rest.least[i], v);
        rest.most[i] = Math.max(rest.most[i], v);
      });
      await wait(300);
      const began = performance.now();
      waits.push(await new Promise((done) => {
        hear = (touch) => {
          if (touch.some((v, i) => v > 2 * rest.most[i] - rest.least[i] + 0.002 || v < 2 * rest.least[i] - rest.most[i] - 0.002)) done(performance.now() - began);
        };
        lodestoneBench.carry(0, k % 2 ? -70 : -60, 0);
      }));
      hear = () => {};
    }
    lodestone.told.tap = before;
    return waits;
  },
  // A scene of the page, by its place.
  scene: (i) => lodestone.instrument.setup(128).scenes[i],
  // Which scene has the shortest hop, and that hop.
  shortest: () => lodestone.facts.scenes.map(({ hop }, i) => [hop, i]).sort((a, b) => a[0] - b[0])[0],
  // A voice that the page does not have.
  foreign: (plan) => {
    const voice = Uint8Array.from(atob(plan), (c) => c.charCodeAt(0));
    const { latents } = lodestone.instrument.card(voice);
    const spread = [...Array(latents).fill(0), ...Array(latents).fill(1)];
    return { name: 'foreign', touch: lodestone.instrument.files.get(lodestone.facts.touches[0].touch), voice, spread };
  },
  // Two instruments, the field of one changed at another quantum each time: milliseconds until their sounds differ.
  fieldToSound: (scene) => {
    const here = lodestone.instrument;
    const scenes = [scene];
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
