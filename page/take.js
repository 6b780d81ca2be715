// What the instrument says while it is played, kept as a take: `lodestone render` makes it sound again (docs/takes.md).

const FRAME_S = 1 / 200;
const KEPT = new Set(['/frame', '/field', '/touch', '/latent', '/status', '/model', '/knobs', '/scenes', '/error']);
const MOST = 400000; // messages: some minutes with the field, ten without

// Nine digits tell every 32-bit float from its neighbours.
const short = (value) => (typeof value !== 'number' || Number.isInteger(value) ? value : Number.isFinite(value) ? +value.toPrecision(9) : String(value));

// CRC-32 of bytes, as zlib has it.
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; ++k) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

// What the instrument in this page was made of, and every input since it began: with that `lodestone render` plays the very
// same samples. `from` and `frames` are of the take.
function pageOf(setup, from, { cameAt, inputs }) {
  const { rate, block, prefill, chip, first } = setup;
  const scenes = setup.scenes.map(({ name, touch, voice }) => [name, crc32(touch), crc32(voice)]);
  const field = setup.field ? [...setup.field].map(short) : [];
  const about = { page: { rate, block, prefill, noise_mt: chip.noise_mt, count_mt: chip.count_mt, first, field, scenes, from, frames: cameAt - from } };
  const told = inputs.filter(({ frame }) => frame < cameAt);
  const lines = told.map(({ frame, field, osc }) => JSON.stringify(field ? [0, '/page/field', frame, ...[...field].map(short)] : [0, '/page/osc', frame, base64(osc)]));
  return { about, lines };
}

export class Take {
  constructor() {
    this.lines = [];
    this.began = this.ended = null; // promises of Here.inputs, where the instrument is in this page
    this.frames = 0;
    this.on = false;
  }

  begin(instrument) {
    this.lines = [];
    this.setup = instrument.begun;
    this.began = this.setup ? instrument.inputs(false) : null;
    this.frames = 0;
    this.on = true;
  }

  end(instrument) {
    this.on = false;
    this.ended = this.began?.then(() => instrument.inputs(true)) ?? null;
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
    const [began, ended] = [await this.began, await this.ended];
    const whole = ended?.inputs ? pageOf(this.setup, began.cameAt, ended) : { about: {}, lines: [] };
    const head = JSON.stringify({ format: 'lodestone-take', version: 1, ...about, ...whole.about });
    const stream = new Blob([[head, ...whole.lines, ...this.lines].join('\n') + '\n']).stream().pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
}
