// The page: joins the board, the magnets and the controls to an instrument, here or elsewhere. It speaks OSC to both.
import { Board } from './board.js';
import { Choice, Knobs } from './controls.js';
import { Field } from './field.js';
import { loadJson } from './files.js';
import { Here } from './here.js';
import { Magnet, Magnets } from './magnets.js';
import { decode, encode, packetsOf } from './osc.js';
import { Pieces } from './pieces.js';
import { Recorder } from './recorder.js';
import { Score, Spectrum } from './score.js';
import { There } from './there.js';

const $ = (id) => document.getElementById(id);
const SPREADS = 2.5; // of a latent, in its voice's standard deviations, from the middle to the edge of what is drawn
const LAID_OUT = [
  { x: -22, y: 76, out: true },
  { x: -34, y: 22, out: true },
  { x: 74, y: -44, pole: 'up', out: true },
  { x: 30, y: 104, pole: 'down', out: false },
  { x: -92, y: -70, pole: 'up', out: false },
];
const MODES = [
  { value: 'onboard', label: 'board', title: 'The voice on the board sounds' },
  { value: 'both', label: 'both', title: 'Board and host sound' },
  { value: 'host', label: 'host', title: 'A host computer sounds; without one the board goes on' },
];

class Page {
  constructor(facts, bridge) {
    this.facts = facts;
    this.touch = new Float32Array(12);
    this.latent = [];
    this.status = null;
    this.scene = facts.scenes[0];
    const tell = {
      said: (block) => this.hear(block),
      trouble: (sentence) => this.trouble(sentence),
      state: () => this.showState(),
      link: (up, reason) => this.showLink(up, reason),
      words: (words) => this.hearBridge(words),
    };
    this.instrument = bridge ? new There(bridge, tell) : new Here(facts, tell);
    const field = new Field(facts.board);
    this.magnets = new Magnets(field, facts.board.pieces.map((piece, i) => new Magnet(piece, facts.board, LAID_OUT[i])));
    this.board = new Board({ still: $('still'), live: $('live') }, field, this.magnets);
    this.pieces = new Pieces($('pieces'), this.magnets, () => this.moved(), (sentence) => ($('said').textContent = sentence));
    this.recorder = new Recorder(this.magnets);
    this.score = new Score($('score'));
    this.spectrum = new Spectrum($('spectrum'));
    this.started = false;
    this.makeControls();
    this.place();
  }

  makeControls() {
    const { facts } = this;
    this.voices = new Choice($('voices'), (voice) => this.choose(voice, this.scene.mapping));
    this.mappings = new Choice($('mappings'), (mapping) => this.choose(this.scene.voice, mapping));
    this.modes = new Choice($('modes'), (mode) => this.send('/mode', 's', mode));
    this.scenes = new Choice($('scenes'), (index) => this.send('/scene', 'i', index));
    this.knobs = new Knobs($('knobs'), (name, value) => this.send(`/knob/${name}`, 'f', value));
    const voices = new Map(facts.scenes.map((scene) => [scene.voice, scene.summary]));
    this.voices.offer([...voices].map(([value, title]) => ({ value, label: value, title })));
    this.mappings.offer(Object.entries(facts.mappings).map(([value, title]) => ({ value, label: value, title })));
    this.modes.offer(MODES);
    this.modes.mark('onboard');
    this.showScene();
    this.makeBox();
    $('start').onclick = () => this.start();
    $('mute').onclick = () => this.send('/mute', 'i', this.status?.muted ? 0 : 1);
    $('rest').onclick = () => this.send('/rest');
    $('record').onclick = () => this.record();
    $('loop').onclick = () => this.loop();
    $('keep').onclick = () => download('page.gesture.toml', this.recorder.toml());
    $('theme').onclick = () => {
      const root = document.documentElement;
      const isLight = getComputedStyle(root).colorScheme === 'light';
      root.dataset.theme = isLight ? 'dark' : 'light';
    };
    for (const kind of ['pointerup', 'keydown']) $('pieces').addEventListener(kind, () => this.start());
  }

  // Which magnets lie on the board.
  makeBox() {
    $('box').replaceChildren(
      ...this.magnets.list.map((magnet) => {
        const label = document.createElement('label');
        const input = Object.assign(document.createElement('input'), { type: 'checkbox', checked: magnet.out });
        input.onchange = () => {
          magnet.out = input.checked;
          this.moved();
        };
        const span = document.createElement('span');
        span.textContent = magnet.flat ? magnet.piece.name : `${magnet.piece.diameter_mm} mm`;
        input.setAttribute('aria-label', magnet.piece.name);
        label.append(input, span);
        return label;
      }),
    );
  }

  choose(voice, mapping) {
    const index = this.facts.scenes.findIndex((scene) => scene.voice === voice && scene.mapping === mapping);
    this.send('/scene', 'i', index);
    if (!this.started) this.showScene(this.facts.scenes[index]);
  }

  send(address, tags, ...values) {
    this.instrument.send(encode(address, tags, ...values));
  }

  async start() {
    if (this.started || !this.prepared) return;
    this.started = true;
    $('start').disabled = true;
    $('pieces').classList.remove('waits');
    const first = this.facts.scenes.indexOf(this.scene);
    await this.instrument.start();
    this.place();
    if (first > 0) this.send('/scene', 'i', first);
    for (const [name, value] of this.knobs.values) this.send(`/knob/${name}`, 'f', value);
    $('start').hidden = true;
    this.showState();
  }

  // By a hand: sensors feel it at once, not with the next picture.
  moved() {
    this.magnets.wake();
    this.dirty = true;
    this.place();
  }

  place() {
    const out = this.magnets.out;
    this.instrument.place(this.magnets.field.atSensors(out), out);
  }

  hear(block) {
    for (const packet of packetsOf(block)) {
      const message = decode(packet);
      if (message?.address === '/touch') this.touch = Float32Array.from(message.values);
      else if (message?.address === '/latent') this.hearLatent(message.values);
      else if (message?.address === '/status') this.hearStatus(message.values);
      ++this.packets;
    }
  }

  hearLatent(values) {
    this.latent = values.map((value, z) => {
      const about = this.scene.latents[z];
      return about ? Math.max(-1.2, Math.min(1.2, (value - about.mean) / (SPREADS * about.std))) : 0;
    });
    this.score.keep(performance.now(), this.latent);
  }

  hearStatus(values) {
    const [asked, sounding, scene, name, , , underruns, frames] = values;
    this.status = { asked, sounding, scene, name, underruns, frames, muted: values[13] !== 0, version: values[15], trouble: values[16] };
    const found = this.facts.scenes.find((entry) => entry.name === name);
    if (found && found !== this.scene) this.showScene(found);
    this.modes.mark(asked);
    $('mute').setAttribute('aria-pressed', String(this.status.muted));
    this.showState();
  }

  showScene(scene = this.scene) {
    this.scene = scene;
    this.voices.mark(scene.voice);
    this.mappings.mark(scene.mapping);
    this.knobs.offer(scene.knobs);
    $('names').replaceChildren(
      ...scene.latents.map(({ words }) => Object.assign(document.createElement('li'), { textContent: words })),
    );
  }

  // What the player should know now, in one large sentence.
  showState() {
    const { status, instrument } = this;
    const audio = instrument.audio;
    let [large, small] = ['Move a marble.', 'Drag it, throw it, or use the arrow keys.'];
    if (audio && audio.state !== 'running') [large, small] = ['The browser holds the sound.', 'Click anywhere on the page.'];
    else if (status?.trouble) [large, small] = [status.trouble, ''];
    else if (status?.muted) [large, small] = ['Muted.', ''];
    else if (status && status.asked !== status.sounding) [large, small] = ['No host answers.', 'The board goes on.'];
    else if (status) [large, small] = ['Ready.', this.scene.summary];
    if (this.warned && performance.now() < this.warned.until) [large, small] = [this.warned.sentence, ''];
    set($('verdict'), large);
    $('verdict').classList.toggle('long', large.length > 30);
    set($('more'), small);
    if (!status) return;
    const delay = audio ? ` · ${Math.round(1000 * (audio.baseLatency + (audio.outputLatency || 0)))} ms of this computer` : '';
    set($('figures'), `${Math.round(status.frames)} frames/s · ${status.underruns} underruns${delay} · ${status.version}`);
  }

  trouble(sentence) {
    this.warned = { sentence, until: performance.now() + 8000 };
    this.showState();
    setTimeout(() => this.showState(), 8100);
  }

  showLink(up, reason) {
    this.linked = up;
    if (!up) this.trouble(reason || 'The bridge is away. It is asked again every second.');
  }

  hearBridge(words) {
    if (words.trouble) this.trouble(words.trouble);
  }

  record() {
    const now = performance.now();
    if (this.recorder.state === 'recording') this.recorder.stop(now);
    else {
      this.recorder.rest();
      this.recorder.start(now);
    }
    this.showRecorder();
  }

  loop() {
    if (this.recorder.state === 'looping') this.recorder.rest();
    else this.recorder.loop(performance.now());
    this.moved();
    this.showRecorder();
  }

  showRecorder() {
    const { state } = this.recorder;
    $('record').textContent = state === 'recording' ? 'Stop' : 'Record';
    $('record').setAttribute('aria-pressed', String(state === 'recording'));
    $('loop').disabled = $('keep').disabled = state === 'empty' || state === 'recording';
    $('loop').setAttribute('aria-pressed', String(state === 'looping'));
  }

  // How far the attractors hear, in mm: the knob itself where the mapping has a radius, else where a marble is half a touch.
  get ringMm() {
    const radius = this.knobs.values.get('radius');
    if (radius !== undefined) return radius;
    const { reach_mt: reach, radius_mm: radii } = this.facts.reach;
    const value = this.knobs.values.get('reach') ?? reach[0];
    const i = Math.max(1, reach.findIndex((mt) => mt >= value));
    return radii[i - 1] + ((value - reach[i - 1]) / (reach[i] - reach[i - 1])) * (radii[i] - radii[i - 1]);
  }

  picture(now) {
    const looped = this.recorder.tick(now);
    if (looped) this.magnets.wake();
    const moved = this.magnets.advance((now - this.before) / 1000) || looped;
    this.before = now;
    if (moved) this.place();
    if (moved || this.dirty) this.pieces.draw();
    const latents = this.latent.length ? this.latent : this.scene.latents.map(() => 0);
    this.board.draw({ touch: this.touch, latents, ringMm: this.ringMm, moved: moved || this.dirty });
    this.dirty = false;
    this.score.draw(now, this.scene.latents.length);
    this.spectrum.draw(this.instrument.meter);
  }

  run() {
    this.before = performance.now();
    this.packets = 0;
    const frame = (now) => {
      this.picture(now);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function download(name, text) {
  const link = Object.assign(document.createElement('a'), { download: name, href: URL.createObjectURL(new Blob([text])) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function bridgeAddress() {
  const asked = new URLSearchParams(location.search);
  if (!asked.has('board')) return null;
  const token = asked.get('token');
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/play${token ? `?token=${encodeURIComponent(token)}` : ''}`;
}

async function open() {
  $('start').disabled = true;
  const page = new Page(await loadJson('facts.json'), bridgeAddress());
  window.lodestone = page; // for tests, and for who opens the console
  page.run();
  await page.instrument.prepare();
  page.prepared = true;
  $('start').disabled = false;
  $('pieces').classList.add('waits');
  performance.mark('lodestone-ready');
  const resume = () => page.instrument.audio?.state === 'suspended' && page.instrument.audio.resume();
  for (const kind of ['pointerup', 'keydown']) addEventListener(kind, resume);
}

open().catch((error) => {
  $('verdict').textContent = error.message;
  $('verdict').classList.add('long');
});
