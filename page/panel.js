// The side of the page: what can be chosen and turned, and what the instrument says of itself.
import { Choice, Knobs } from './controls.js';
import { Morph } from './morph.js';
import { $, setText } from './text.js';

const MODES = [
  { value: 'onboard', label: 'board', title: 'The voice on the board sounds' },
  { value: 'both', label: 'both', title: 'Board and host sound' },
  { value: 'host', label: 'host', title: 'A host computer sounds; without one the board goes on' },
];
const WARNING_MS = 8000;
// Firefox asks the card for its latency at every look, on the page's own thread, and can wait for its audio thread for ever
// while that waits for the page: there the card's share is left out, and said to be.
const CARD_IS_ASKED = 'mozInnerScreenX' in window;

// What this computer adds, in words.
function ownDelay(audio) {
  if (CARD_IS_ASKED) return `${Math.round(1000 * audio.baseLatency)} ms of this browser, besides the card`;
  return `${Math.round(1000 * (audio.baseLatency + (audio.outputLatency || 0)))} ms of this computer`;
}

export class Panel {
  // send(address, tags, ...values): a command.
  constructor(facts, send) {
    this.facts = facts;
    this.send = send;
    this.status = null;
    this.scene = facts.scenes[0];
    this.told = []; // the instrument's own scenes, once it has named them
    this.warning = null;
    this.guide = null;
    this.effort = 0; // 1, 2: pictures came too late, and are drawn with less
    this.voices = new Choice($('voices'), (voice) => this.choose(voice, this.scene.mapping));
    this.mappings = new Choice($('mappings'), (mapping) => this.choose(this.scene.voice, mapping));
    this.scenes = new Choice($('scenes'), (name) => this.go(name));
    this.modes = new Choice($('modes'), (mode) => send('/mode', 's', mode));
    this.knobs = new Knobs($('knobs'), (name, value) => send(`/knob/${name}`, 'f', value));
    this.morph = new Morph(this.knobs, (name, value) => this.knobs.set(name, value));
    this.mappings.offer(Object.entries(facts.mappings).map(([value, title]) => ({ value, label: value, title })));
    this.modes.offer(MODES);
    this.modes.mark('onboard');
    this.offerVoices();
    this.show(this.scene);
    $('mute').onclick = () => send('/mute', 'i', this.status?.muted ? 0 : 1);
    $('rest').onclick = () => send('/rest', '');
  }

  // After the page's own scenes have changed.
  offerVoices() {
    const voices = new Map(this.facts.scenes.map((scene) => [scene.voice, scene.summary]));
    this.voices.offer([...voices].map(([value, title]) => ({ value, label: value, title })));
    this.voices.mark(this.scene.voice);
  }

  // The instrument has changed for another.
  begin() {
    Object.assign(this, { status: null, told: [], warning: null, scene: this.facts.scenes[0] });
    $('voices').hidden = $('mappings').hidden = false;
    $('scenes').hidden = true;
    this.show(this.scene);
  }

  choose(voice, mapping) {
    const scene = this.facts.scenes.find((entry) => entry.voice === voice && entry.mapping === mapping);
    if (this.status) this.go(scene.name);
    else this.show(scene);
  }

  // To a scene, at once or on a way of some seconds.
  go(name) {
    const seconds = +$('way').value;
    if (seconds > 0) this.send('/scene', 'sf', name, seconds);
    else this.send('/scene', 's', name);
  }

  show(scene) {
    this.scene = scene;
    this.voices.mark(scene.voice);
    this.mappings.mark(scene.mapping);
    if (!this.status) this.knobs.offer(scene.knobs);
    const names = scene.latents.map(({ words }) => Object.assign(document.createElement('li'), { textContent: words }));
    $('names').replaceChildren(...names);
  }

  hearStatus(status) {
    if (typeof status.version !== 'string' || typeof status.scene_name !== 'string' || status.refused === undefined) {
      this.warn(`wanted a board that speaks as this page does, got one of firmware ${status.version ?? 'unknown'}: flash this version with ./deploy.sh`);
      return;
    }
    this.status = status;
    const ours = this.facts.scenes.find((scene) => scene.name === status.scene_name);
    if (ours && ours !== this.scene) this.show(ours);
    this.scenes.mark(status.scene_name);
    this.modes.mark(status.asked);
    $('mute').setAttribute('aria-pressed', String(status.muted === 1));
    $('rest').setAttribute('aria-pressed', String(status.resting === 1));
    this.tell();
  }

  // A voice that no scene of the page has: its latents have no words and no statistics.
  hearModel({ voice, latents }) {
    if (this.scene.voice === voice && this.scene.latents.length === latents) return;
    const known = this.facts.scenes.find((scene) => scene.voice === voice && scene.latents.length === latents);
    const nameless = Array.from({ length: latents }, (_, z) => ({ words: `latent ${z + 1}`, mean: 0, std: 1 }));
    this.show(known ?? { name: '', voice, mapping: '', summary: voice, latents: nameless, knobs: [] });
  }

  // One knob of several: they come one after another.
  hearKnob(knob) {
    this.coming ??= [];
    this.coming[knob.number] = { name: knob.name, minimum: knob.least, maximum: knob.most, default: knob.initial, unit: knob.unit, value: knob.value };
    const all = this.coming.slice(0, knob.of);
    if (this.coming.length === knob.of && all.every(Boolean)) this.knobs.offer(all.filter(({ name }) => name !== 'rest_capture'));
    if (this.coming.length > knob.of) this.coming = null;
  }

  // Scenes that are not the page's own voices under its mappings are offered by name.
  hearScene({ number, of, name }) {
    this.told[number] = name;
    this.told.length = of;
    if (!this.told.every(Boolean) || this.told.filter(Boolean).length < of) return;
    const own = this.told.length === this.facts.scenes.length && this.told.every((other, i) => other === this.facts.scenes[i].name);
    $('voices').hidden = $('mappings').hidden = !own;
    $('scenes').hidden = own;
    this.scenes.offer(this.told.map((value) => ({ value, label: value })));
    this.scenes.mark(this.status?.scene_name);
  }

  warn(sentence) {
    this.warning = sentence;
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => {
      this.warning = null;
      this.tell();
    }, WARNING_MS);
    this.tell();
  }

  forget() {
    this.warning = null;
    this.tell();
  }

  // What the player should know now: one large sentence, one small.
  sentences() {
    const { status } = this;
    if (this.warning) return [this.warning, ''];
    if (this.guide?.sentences) return this.guide.sentences;
    if (this.audio && this.audio.state !== 'running') return ['The browser holds the sound.', 'Click anywhere on the page; if that does not help, look for a sound card.'];
    if (!status) return ['Move a marble.', 'Drag it, throw it, or use the arrow keys.'];
    if (status.trouble) return [status.trouble, ''];
    if (status.resting) return ['Hands off.', 'The board as it stands becomes the empty one.'];
    if (status.muted) return ['Muted.', ''];
    if (status.asked !== status.sounding) return ['No host answers.', 'The board goes on.'];
    return ['Ready.', this.scene.summary];
  }

  tell() {
    const [large, small] = this.sentences();
    setText($('verdict'), large);
    $('verdict').classList.toggle('long', large.length > 30);
    setText($('more'), small);
    const { status, audio } = this;
    if (!status) return;
    const delay = audio ? ` · ${ownDelay(audio)}` : '';
    setText($('figures'), `${Math.round(status.frames_per_second)} frames/s · ${Math.round(status.delay_ms)} ms to the sound · ${status.underruns} underruns${delay}${this.effort ? ' · drawn with less' : ''} · ${status.version}`);
  }

  // How far the attractors hear, in mm: the knob itself where the mapping has a radius, else where a marble is half a touch.
  get ringMm() {
    const radius = this.knobs.values.get('radius');
    if (radius !== undefined) return radius;
    const { reach_mt: reach, radius_mm: radii } = this.facts.reach;
    const value = Math.max(reach[0], this.knobs.values.get('reach') ?? reach[0]);
    const i = Math.max(1, reach.findIndex((mt) => mt >= value));
    return radii[i - 1] + ((value - reach[i - 1]) / (reach[i] - reach[i - 1])) * (radii[i] - radii[i - 1]);
  }
}
