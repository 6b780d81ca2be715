// The instrument in this page: the firmware as WebAssembly in the browser's audio thread, magnets from this page.
import { load, scriptAddress } from './files.js';
import { Instrument, cardOf } from './instrument.js';
import { blockOf } from './osc.js';

const BLOCK = 128; // frames that an audio worklet renders at a time
const SCRIPT_BLOCK = 1024; // of the script node, where there is no worklet
const PATIENCE_MS = 800;
const PREFILL = 384; // frames of the voice kept ready

// (module (func (result v128) i32.const 0 i8x16.splat)): valid where the browser knows SIMD.
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11);

export class Here {
  // facts: the page's data. tell: { said(block), trouble(sentence), state(name) }.
  constructor(facts, tell) {
    this.facts = facts;
    this.tell = tell;
    this.audio = null;
    this.meter = null;
    this.underruns = 0;
    this.field = null;
    this.log = 0; // numbers of what the voices consume that are kept, for who compares sounds
    this.plain = new URLSearchParams(location.search).has('plain') || !WebAssembly.validate(SIMD);
  }

  // Everything but the sound: to be called while the page opens.
  async prepare() {
    const scenes = this.facts.scenes.flatMap((scene) => [scene.touch, scene.voice_file]);
    const names = [...new Set([...scenes, ...this.facts.touches.map(({ touch }) => touch)])];
    const files = names.map(async (name) => [name, await load(name)]);
    const module = load(this.plain ? 'instrument-plain.wasm' : 'instrument.wasm').then((bytes) => WebAssembly.compile(bytes));
    this.files = new Map(await Promise.all(files));
    this.module = await module;
  }

  setup(block) {
    const { facts, files } = this;
    const scenes = facts.scenes.map((scene) => ({ name: scene.name, touch: files.get(scene.touch), voice: files.get(scene.voice_file) }));
    const prefill = Math.max(PREFILL, block);
    return { rate: facts.sample_rate, block, prefill, chip: facts.chip, scenes, field: this.field && Float32Array.from(this.field), first: 0, log: this.log };
  }

  // After a click or a key: browsers start no sound before.
  async start() {
    const audio = (this.audio = new AudioContext({ sampleRate: this.facts.sample_rate, latencyHint: 'interactive' }));
    audio.onstatechange = () => this.tell.state(audio.state);
    this.meter = new AnalyserNode(audio, { fftSize: 2048, smoothingTimeConstant: 0.75 });
    this.meter.connect(audio.destination);
    await (audio.audioWorklet ? this.startWorklet() : this.startScript());
    // Without a sound card, or where the browser waits for a click, it never comes: the page says so and goes on.
    await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
  }

  async startWorklet() {
    const { audio } = this;
    this.begun = this.setup(BLOCK);
    await audio.audioWorklet.addModule(scriptAddress('worklet.js'));
    const options = { numberOfInputs: 0, outputChannelCount: [2], processorOptions: { module: this.module, setup: this.begun } };
    const node = (this.node = new AudioWorkletNode(audio, 'lodestone', options));
    node.onprocessorerror = () => this.tell.trouble('The sound stopped by an error of the page: reload it.');
    await new Promise((ready) => {
      node.port.onmessage = ({ data }) => {
        if (data.ready) ready();
        else this.hearWorklet(data);
        data.troubles?.forEach((trouble) => this.tell.trouble(trouble));
      };
    });
    node.connect(this.meter);
    this.post = (message) => node.port.postMessage(message);
  }

  hearWorklet(data) {
    if (data.said) {
      this.underruns = data.underruns;
      this.tell.said(data.said);
    }
    if (data.captured) this.whenCaptured?.(data.captured);
    if (data.cameAt !== undefined) this.whenInputs?.(data);
    if (data.pong) this.whenPong?.(data.pong);
    if (data.added) this.whenAdded?.(data.trouble);
  }

  // Plain http from another machine has no worklet: the same instrument in the page itself, in larger blocks.
  async startScript() {
    this.begun = this.setup(BLOCK);
    const instrument = new Instrument(this.module, this.begun);
    const node = (this.node = this.audio.createScriptProcessor(SCRIPT_BLOCK, 0, 2));
    node.onaudioprocess = ({ outputBuffer }) => {
      for (let at = 0; at < SCRIPT_BLOCK; at += BLOCK) {
        instrument.render(BLOCK).forEach((sound, channel) => outputBuffer.copyToChannel(sound.slice(), channel, at));
      }
      const said = instrument.said();
      this.underruns = instrument.underruns;
      if (said) this.tell.said(said);
    };
    node.connect(this.meter);
    this.post = ({ field, osc, scene, inputs }) => {
      if (inputs !== undefined) this.whenInputs?.({ cameAt: instrument.frames, inputs: inputs && instrument.inputs });
      if (field) instrument.setField(field);
      if (osc) instrument.hear(osc);
      if (scene) this.whenAdded?.(instrument.addScene(scene));
    };
  }

  send(packet) {
    this.post?.({ osc: blockOf(packet) });
  }

  // Where the magnets are, as the field at the sensors (Float32Array(12), mT); the magnets themselves are for There.
  place(field) {
    this.field = field;
    this.post?.({ field });
  }

  // What a plan says of itself. Throws what is wrong with one that is none.
  card(plan) {
    return cardOf(this.module, plan);
  }

  // A scene that is not among the page's own. '' or why it cannot play.
  addScene(scene) {
    return new Promise((done) => {
      this.whenAdded = done;
      this.post({ scene });
    });
  }

  // The frame that is rendered next and, where they are wanted, all inputs so far: { cameAt, inputs }, inputs null where
  // they are no longer known.
  inputs(wanted) {
    return new Promise((done) => {
      this.whenInputs = done;
      this.post({ inputs: wanted });
    });
  }

  // The next `frames` samples of the first channel: { sound, from, rows, startedAt }, see Instrument.consumed.
  capture(frames) {
    return new Promise((done) => {
      this.whenCaptured = done;
      this.post({ capture: frames });
    });
  }

  // Milliseconds to the audio thread and back.
  async pingMs() {
    const began = performance.now();
    await new Promise((done) => {
      this.whenPong = done;
      this.post({ ping: 1 });
    });
    return performance.now() - began;
  }

  // The same instrument once more, silent, beside the one that sounds.
  another(changes) {
    return new Instrument(this.module, { ...this.setup(BLOCK), ...changes });
  }
}
