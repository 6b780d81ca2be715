// The firmware as WebAssembly: fields and OSC in, sound and OSC out. The same in an audio worklet and, where there is none,
// in the page. Everything from exports.cpp is called here and nowhere else.

export class Instrument {
  // module: a WebAssembly.Module. setup: { rate, block, prefill, chip: { noise_mt, count_mt }, scenes: [{ name, touch, voice }],
  // field, first, log }.
  constructor(module, setup) {
    // Nothing of it is called while it plays: the library's file functions are there for its own sake.
    const none = () => 52;
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = none;
    this.wasm = new WebAssembly.Instance(module, imports).exports;
    this.wasm._initialize();
    this.wasm.make(setup.rate, setup.block, setup.prefill);
    this.wasm.set_chip(setup.chip.noise_mt, ...setup.chip.count_mt);
    this.troubles = setup.scenes.map((scene) => this.addScene(scene)).filter((trouble) => trouble);
    if (setup.field) this.setField(setup.field);
    if (setup.log) this.wasm.keep_consumed(setup.log);
    this.wasm.begin(setup.first ?? 0);
  }

  put(bytes) {
    const at = this.wasm.take(bytes.length);
    new Uint8Array(this.wasm.memory.buffer).set(bytes, at);
    return at;
  }

  // '' when it is there, else one sentence: wanted, got, what to do.
  addScene({ name, touch, voice }) {
    const room = [Uint8Array.from(name + '\0', (c) => c.charCodeAt(0)), touch, voice].map((bytes) => this.put(bytes));
    const taken = this.wasm.add_scene(room[0], room[1], touch.length, room[2], voice.length);
    room.forEach((at) => this.wasm.give(at));
    if (taken) return '';
    const at = this.wasm.trouble_text();
    return String.fromCharCode(...new Uint8Array(this.wasm.memory.buffer, at, this.wasm.trouble_bytes()));
  }

  // Twelve values in mT.
  setField(field) {
    const at = this.wasm.field();
    new Float32Array(this.wasm.memory.buffer, at, 12).set(field);
  }

  // A block of OSC packets; false when there is no room for it.
  hear(block) {
    const at = this.put(block);
    const taken = this.wasm.hear(at, block.length);
    this.wasm.give(at);
    return taken === 1;
  }

  // Two channels of so many frames, views that live until the next call. The call comes first: it may grow the memory,
  // which detaches every older view.
  render(frames) {
    const at = this.wasm.render(frames);
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
