// The firmware as WebAssembly: fields and OSC in, sound and OSC out. The same in an audio worklet and, where there is none,
// in the page. Everything from exports.cpp is called here and nowhere else.

const MOST_INPUTS = 200000; // of an hour in which something is always carried

const latin1 = (bytes) => String.fromCharCode(...bytes); // an audio worklet knows no TextDecoder

function instantiate(module) {
  // Nothing of it is called while it plays: the library's file functions are there for its own sake.
  const none = () => 52;
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = none;
  const wasm = new WebAssembly.Instance(module, imports).exports;
  wasm._initialize();
  return wasm;
}

// Room in the module's memory with these bytes in it; to be given back.
function put(wasm, bytes) {
  const at = wasm.take(Math.max(bytes.length, 1));
  if (at === 0) throw new Error('wanted memory for a voice, got none: close other pages');
  new Uint8Array(wasm.memory.buffer).set(bytes, at);
  return at;
}

const troubleOf = (wasm) => latin1(new Uint8Array(wasm.memory.buffer, wasm.trouble_text(), wasm.trouble_bytes()));

// The card of a plan. Throws what is wrong with one that is none.
export function cardOf(module, plan) {
  const wasm = instantiate(module);
  const at = wasm.card_of(put(wasm, plan), plan.length);
  if (at === 0) throw new Error(troubleOf(wasm));
  return JSON.parse(new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, at, wasm.card_bytes())));
}

export class Instrument {
  // module: a WebAssembly.Module. setup: { rate, block, prefill, chip: { noise_mt, count_mt }, scenes: [{ name, touch, voice }],
  // field, first, log }.
  constructor(module, setup) {
    this.wasm = instantiate(module);
    this.wasm.make(setup.rate, setup.block, setup.prefill);
    this.wasm.set_chip(setup.chip.noise_mt, ...setup.chip.count_mt);
    this.troubles = setup.scenes.map((scene) => this.addScene(scene)).filter((trouble) => trouble);
    if (setup.field) this.setField(setup.field);
    this.frames = 0;
    this.inputs = []; // whatever came from outside, and at which frame; null when that is no longer known
    if (setup.log) this.wasm.keep_consumed(setup.log);
    this.wasm.begin(setup.first ?? 0);
  }

  // '' when it is there, else one sentence: wanted, got, what to do. spread: mean and standard deviation of each latent, where
  // the touch was made for no voice.
  addScene({ name, touch, voice, spread = [] }) {
    const { wasm } = this;
    const room = [Uint8Array.from(name + '\0', (c) => c.charCodeAt(0)), touch, voice, new Uint8Array(Float32Array.from(spread).buffer)].map((bytes) => put(wasm, bytes));
    const taken = wasm.add_scene(room[0], room[1], touch.length, room[2], voice.length, room[3], spread.length);
    room.forEach((at) => wasm.give(at));
    this.inputs = null;
    return taken ? '' : troubleOf(wasm);
  }

  // Twelve values in mT.
  setField(field) {
    const at = this.wasm.field();
    new Float32Array(this.wasm.memory.buffer, at, 12).set(field);
    this.came({ field: Float32Array.from(field) });
  }

  // A block of OSC packets; false when there is no room for it.
  hear(block) {
    const at = put(this.wasm, block);
    const taken = this.wasm.hear(at, block.length);
    this.wasm.give(at);
    this.came({ osc: block.slice() });
    return taken === 1;
  }

  // The same inputs at the same frames make the same sound, to the bit: firmware/binding/bind_page.cpp.
  came(input) {
    if (this.inputs?.push({ frame: this.frames, ...input }) > MOST_INPUTS) this.inputs = null;
  }

  // Two channels of so many frames, views that live until the next call. The call comes first: it may grow the memory,
  // which detaches every older view.
  render(frames) {
    const at = this.wasm.render(frames);
    this.frames += frames;
    const buffer = this.wasm.memory.buffer;
    return [new Float32Array(buffer, at, frames), new Float32Array(buffer, at + 4 * frames, frames)];
  }

  // Everything said since the last call, as a block of its own; null when nothing.
  said() {
    const bytes = this.wasm.said_bytes();
    if (bytes === 0) return null;
    const block = new Uint8Array(this.wasm.memory.buffer, this.wasm.said(), bytes).slice();
    this.wasm.forget_said();
    return block;
  }

  // What its voices consumed, where `setup.log` asked for it: rows as ConsumedLog has them, and where the sound began.
  consumed() {
    const at = this.wasm.consumed();
    const rows = new Float64Array(this.wasm.memory.buffer, at, this.wasm.consumed_numbers()).slice();
    return { rows, startedAt: this.wasm.started_at() };
  }

  get underruns() {
    return this.wasm.underruns();
  }
}
