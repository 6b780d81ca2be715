// What the instrument says while it is played, kept as a take: `lodestone render` makes it sound again (docs/takes.md).

const FRAME_S = 1 / 200;
const KEPT = new Set(['/frame', '/field', '/touch', '/latent', '/status', '/model', '/knobs', '/scenes', '/error']);
const MOST = 400000; // messages: some minutes with the field, ten without

// Nine digits tell every 32-bit float from its neighbours.
const short = (value) => (typeof value !== 'number' || Number.isInteger(value) ? value : Number.isFinite(value) ? +value.toPrecision(9) : String(value));

export class Take {
  constructor() {
    this.lines = [];
    this.frames = 0;
    this.on = false;
  }

  begin() {
    this.lines = [];
    this.frames = 0;
    this.on = true;
  }

  end() {
    this.on = false;
  }

  // A message of the instrument, in the order of its saying. Its time is that of the frame that it belongs to: the way into
  // the page is no part of it.
  hear({ address, values }) {
    if (!this.on || !KEPT.has(address) || this.lines.length >= MOST) return;
    if (address === '/touch') ++this.frames;
    this.lines.push(JSON.stringify([+(this.frames * FRAME_S).toFixed(6), address, ...values.map(short)]));
  }

  // The bytes of the file. about: { board, firmware, scene, voice }.
  async file(about) {
    const head = JSON.stringify({ format: 'lodestone-take', version: 1, ...about });
    const stream = new Blob([[head, ...this.lines].join('\n') + '\n']).stream().pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
}
