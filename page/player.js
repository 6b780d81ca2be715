// Joins the board, its magnets and the panel to an instrument, here or elsewhere. It speaks OSC to both.
import { Board } from './board.js';
import { Drop } from './drop.js';
import { Field } from './field.js';
import { Guide } from './guide.js';
import { Here } from './here.js';
import { Magnet, Magnets } from './magnets.js';
import { encode } from './osc.js';
import { Panel } from './panel.js';
import { Pieces } from './pieces.js';
import { Recorder } from './recorder.js';
import { Score, Spectrum } from './score.js';
import { $, download } from './text.js';
import { scenesOf } from './scenes.js';
import { Take } from './take.js';
import { Teach } from './teach.js';
import { There } from './there.js';
import { Told } from './told.js';

const SPREADS = 2.5; // of a latent, in its voice's standard deviations, from the middle to the edge of what is drawn
const LIFTED_MM = 200; // a marble of a simulated world higher than this is not on the board
const RIM_MM = 140;
const OWN_PORT = 7563; // answers come into the page, whatever port is told
const MEASURE_MS = 1000;
const LAID_OUT = [
  { x: -22, y: 76, out: true },
  { x: -34, y: 22, out: true },
  { x: 74, y: -44, pole: 'up', out: true },
  { x: 30, y: 104, pole: 'down', out: false },
  { x: -92, y: -70, pole: 'up', out: false },
];

export class Player {
  // bridge: the address of a socket, or null for the instrument in this page.
  constructor(facts, bridge) {
    this.facts = facts;
    this.touch = new Float32Array(12);
    this.latent = []; // of what is drawn, -1..1
    this.latentRaw = [];
    this.told = new Told(facts.messages);
    this.instrument = bridge ? new There(bridge, this.hearers()) : new Here(facts, this.hearers());
    this.panel = new Panel(facts, (address, tags, ...values) => this.send(address, tags, ...values));
    this.makeBoard(facts);
    this.makeGuide(facts, bridge);
    this.recorder = new Recorder(this.magnets);
    this.take = new Take();
    this.told.tap = (message) => this.take.hear(message);
    setInterval(() => this.take.on && this.measure(), MEASURE_MS);
    this.makeBox();
    this.makeTools();
    this.drop = new Drop(this, bridge && bridge.replace(/^ws/, 'http').replace('/play', '/compile'));
    this.prepared = this.dirty = false;
    this.turn = 0;
    this.starting = null;
    this.place();
  }

  hearers() {
    const hear = {
      '/touch': ({ touch }) => (this.touch = Float32Array.from(touch)),
      '/latent': ({ latent }) => this.hearLatent(latent),
      '/status': (status) => this.panel.hearStatus(status),
      '/model': (model) => this.panel.hearModel(model),
      '/knobs': (knob) => this.panel.hearKnob(knob),
      '/scenes': (scene) => this.panel.hearScene(scene),
      '/error': ({ reason }) => this.panel.warn(reason),
      '/sim/place': (marble) => this.hearMarble(marble),
      '/sim/error': ({ reason }) => this.panel.warn(reason),
    };
    return {
      said: (block) => this.told.hearAll(block, hear),
      trouble: (sentence) => this.panel.warn(sentence),
      state: () => this.panel.tell(),
      link: (up) => this.link(up),
      words: (words) => this.hearWords(words),
    };
  }

  makeBoard(facts) {
    const field = new Field(facts.board);
    this.magnets = new Magnets(field, this.laidOut());
    this.board = new Board({ still: $('still'), live: $('live') }, field, this.magnets);
    this.pieces = new Pieces($('pieces'), this.magnets, () => this.moved(), (sentence) => ($('said').textContent = sentence));
    this.score = new Score($('score'));
    this.spectrum = new Spectrum($('spectrum'));
  }

  laidOut() {
    const { board } = this.facts;
    return board.pieces.map((piece, i) => new Magnet(piece, board, LAID_OUT[i]));
  }

  makeGuide(facts, bridge) {
    this.guide = this.panel.guide = new Guide(facts.board.attractors_mm, {
      tell: (words) => this.instrument.tellWords(words),
      show: () => this.panel.tell(),
      cup: (place) => (this.instrument.cup = place),
    });
    this.teach = new Teach(this.guide, {
      tell: (words) => this.instrument.tellWords(words),
      now: () => ({ scene: this.panel.status?.scene_name, touch: this.touch, latent: this.latentRaw }),
    });
    if (!bridge) this.guide.setHere(facts.calibrated);
  }

  // What the bridge says beside OSC.
  hearWords({ trouble, offers, calibration, teaching }) {
    if (trouble) this.panel.warn(trouble);
    if (offers) for (const part of [this.guide, this.teach]) part.offer(offers);
    if (calibration) this.guide.hear(calibration);
    if (teaching) this.teach.hear(teaching);
  }

  // Which magnets lie on the board.
  makeBox() {
    const labels = this.magnets.list.map((magnet) => {
      const label = document.createElement('label');
      const input = Object.assign(document.createElement('input'), { type: 'checkbox', checked: magnet.out });
      input.onchange = () => {
        magnet.out = input.checked;
        magnet.asked = true; // until the world has followed
        this.moved();
      };
      const span = document.createElement('span');
      span.textContent = magnet.flat ? magnet.piece.name : `${magnet.piece.diameter_mm} mm`;
      input.setAttribute('aria-label', `${magnet.piece.name}, ${span.textContent}`);
      label.append(input, span);
      return label;
    });
    $('box').replaceChildren(...labels);
  }

  makeTools() {
    $('start').onclick = () => this.start();
    for (const kind of ['pointerup', 'keydown']) $('pieces').addEventListener(kind, () => this.start());
    $('record').onclick = () => this.record();
    $('loop').onclick = () => this.loop();
    $('keep').onclick = async () => download('page.take', await this.takeFile());
    $('gesture').onclick = () => download('page.gesture.toml', this.recorder.toml());
    $('theme').onclick = () => {
      const root = document.documentElement;
      root.dataset.theme = getComputedStyle(root).colorScheme === 'light' ? 'dark' : 'light';
    };
  }

  send(address, tags, ...values) {
    this.instrument.send(encode(address, tags, ...values));
  }

  start() {
    if (!this.prepared) return Promise.resolve();
    return (this.starting ??= this.begin());
  }

  async begin() {
    $('start').disabled = true;
    $('pieces').classList.remove('waits');
    const { scene, knobs } = this.panel;
    const turned = [...knobs.values];
    await this.instrument.start();
    this.panel.audio = this.instrument.audio;
    $('start').hidden = true;
    this.place();
    if (!this.instrument.audio) return; // elsewhere, the board's own settings are in force
    if (scene !== this.facts.scenes[0]) this.send('/scene', 's', scene.name);
    for (const [name, value] of turned) this.send(`/knob/${name}`, 'f', value);
    this.ask();
    this.panel.tell();
  }

  ask() {
    this.send('/scenes', '');
    this.send('/knobs', '');
  }

  // The bridge has come or gone.
  link(up) {
    if (!up) {
      this.panel.warn('The bridge is away. It is asked again every second.');
      this.guide.lost();
    } else {
      this.panel.warning = null;
      this.panel.tell();
      this.ask();
      this.place();
    }
  }

  // By a hand: sensors feel it at once, not with the next picture.
  moved() {
    this.magnets.wake();
    this.dirty = true;
    this.place();
  }

  place() {
    this.instrument.place(this.magnets.field.atSensors(this.magnets.out), this.magnets.list);
  }

  hearLatent(values) {
    const about = this.panel.scene.latents;
    this.latentRaw = values;
    this.latent = values.slice(0, about.length).map((value, z) => Math.max(-1.2, Math.min(1.2, (value - about[z].mean) / (SPREADS * about[z].std))));
    this.score.keep(performance.now(), this.latent);
  }

  // A marble of a simulated world, which has its own physics. One in a hand is where the hand is.
  hearMarble({ number, x, y, z, diameter, pole }) {
    if (!this.instrument.world) {
      this.instrument.world = this.magnets.led = true;
      this.magnets.list.length = 0;
    }
    if (!this.magnets.list[number - 1] || this.magnets.list[number - 1].unknown) this.addMarble(number, diameter);
    const magnet = this.magnets.list[number - 1];
    const share = Math.min(1, RIM_MM / (Math.hypot(x, y) || 1)); // its board is larger than the picture: nothing is out of reach
    if (!magnet.held) Object.assign(magnet, { x: x * share, y: y * share, pole: [...pole] });
    const out = z < LIFTED_MM;
    if (out === magnet.out) magnet.asked = false;
    else if (!magnet.asked) this.followOut(number, magnet, out);
    this.dirty = true;
  }

  // Another hand put it away or laid it down: it is not told back to the world.
  followOut(number, magnet, out) {
    magnet.out = out;
    this.instrument.knows(number, magnet);
    this.makeBox();
  }

  addMarble(number, diameter) {
    const { board } = this.facts;
    const balls = board.pieces.filter(({ kind }) => kind === 'ball');
    const piece = balls.reduce((best, ball) => (Math.abs(ball.diameter_mm - diameter) < Math.abs(best.diameter_mm - diameter) ? ball : best));
    while (this.magnets.list.length < number) {
      // One of which nothing has been told yet.
      this.magnets.list.push(Object.assign(new Magnet(piece, board, { x: 0, y: 0, out: false }), { unknown: true }));
    }
    this.magnets.list[number - 1] = new Magnet(piece, board, { x: 0, y: 0 });
    this.pieces.renew();
    this.makeBox();
  }

  // A voice of the player's: under every mapping, with touches that were made for no voice. Throws what is wrong with it.
  async addVoice(title, plan) {
    if (this.instrument instanceof There) await this.playHere();
    const made = scenesOf(title, this.instrument.card(plan), this.facts);
    await this.start();
    for (const { fact, spread } of made) {
      const trouble = await this.instrument.addScene({ name: fact.name, touch: this.instrument.files.get(fact.touch), voice: plan, spread });
      if (trouble) throw new Error(trouble);
      this.facts.scenes.push(fact);
    }
    this.panel.offerVoices();
    this.send('/scene', 's', made[0].fact.name);
  }

  // A board plays what was flashed on it: other voices play here, from this page's own magnets.
  async playHere() {
    this.instrument.leave();
    this.instrument = new Here(this.facts, this.hearers());
    await this.instrument.prepare();
    this.magnets.led = false;
    this.magnets.list.splice(0, Infinity, ...this.laidOut());
    this.pieces.renew();
    this.makeBox();
    this.guide.setHere(this.facts.calibrated);
    this.teach.offer([]);
    this.panel.begin();
    this.starting = null;
    this.moved();
  }

  record() {
    const now = performance.now();
    if (this.recorder.state === 'recording') {
      this.recorder.stop(now);
      this.take.end(this.instrument);
    } else {
      this.recorder.rest();
      this.recorder.start(now);
      this.take.begin(this.instrument);
      this.send('/hello', 'i', OWN_PORT); // says again which voice it is
      this.measure();
      this.ask();
    }
    this.showRecorder();
  }

  // The instrument in this page tells field and times of its frames as well, while they are kept.
  measure() {
    if (this.instrument.audio) this.send('/measure', 'i', OWN_PORT);
  }

  takeFile() {
    const { status, scene } = this.panel;
    return this.take.file({ board: 'page', firmware: status?.version ?? '', scene: status?.scene_name ?? scene.name, voice: scene.voice });
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
    $('loop').disabled = $('keep').disabled = $('gesture').disabled = state === 'empty' || state === 'recording';
    $('loop').setAttribute('aria-pressed', String(state === 'looping'));
  }

  picture(now) {
    const looped = this.recorder.tick(now);
    if (looped) this.magnets.wake();
    const moved = this.magnets.advance((now - this.before) / 1000) || looped;
    this.before = now;
    if (moved) this.place();
    if (moved || this.dirty) this.pieces.draw();
    const count = this.panel.scene.latents.length;
    const latents = this.latent.length === count ? this.latent : Array(count).fill(0);
    this.board.draw(now, { touch: this.touch, latents, ringMm: this.panel.ringMm, moved: moved || this.dirty });
    this.dirty = false;
    // With less effort score and spectrum take turns.
    this.turn ^= 1;
    if (!this.board.effort || this.turn) this.score.draw(now, count);
    if (!this.board.effort || !this.turn) this.spectrum.draw(this.instrument.meter);
    this.panel.effort = this.board.effort;
  }

  run() {
    this.before = performance.now();
    const frame = (now) => {
      this.picture(now);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
}
