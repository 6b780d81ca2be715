// Guided calibration: what to do now in one large sentence, how far it is, what is missing, where the ball must go and where
// it is, the verdict in words. The procedure itself is Python's, behind the bridge (lodestone/page/guide.py).
import { element } from './controls.js';
import { $, addShape, setText } from './text.js';

const SIDES = 8;
const SIDE_MM = 28; // from an attractor to the dots round it
const LABELS = { go: 'Go on', repeat: 'Once more', skip: 'Skip', stop: 'Give up' };
const USUAL_BALL_MM = 15;

export class Guide {
  // tell(words): to the bridge. show(): the panel's sentences have changed. cup(place): where a simulated ball finds hold.
  constructor(attractors, { tell, show, cup }) {
    Object.assign(this, { attractors, tell, show, cup, sentences: null, offered: false });
    $('calibrate').onclick = () => this.open();
  }

  // The one file has no Python: it says so, and what it plays with.
  setHere(calibrated) {
    this.calibrated = calibrated;
    $('calibrate').hidden = false;
  }

  offer(offers) {
    this.offered = offers.includes('calibrate');
    $('calibrate').hidden = !this.offered;
  }

  // Takes the place of the panel; `from` is the button that gets the focus back.
  stage(from) {
    this.from = from;
    document.body.classList.add('guided');
    $('guide').hidden = false;
    this.clear();
  }

  open() {
    this.stage($('calibrate'));
    if (this.calibrated) {
      this.say(`This page plays ${this.calibrated}, with a calibration of its own.`, 'A board, or lodestone live, is calibrated by the same page: lodestone page --board ADDRESS, or --live.');
      this.buttons([['Close', () => this.close()]]);
      return;
    }
    this.say('Calibrate the board?', 'The empty board, then free play: a minute and a half. Known spots need one ball, and make all sensors alike; without them one ball on one spot is offered.');
    this.ball = element('input', { type: 'number', min: '3', max: '40', step: '0.5', value: String(USUAL_BALL_MM) });
    $('guide-list').replaceChildren(element('li', {}, element('label', {}, 'Ball for known spots, mm ', this.ball)));
    this.buttons([
      ['Begin', () => this.begin(false)],
      ['With known spots', () => this.begin(true)],
      ['Undo', () => this.wish('undo')],
      ['Redo', () => this.wish('redo')],
      ['Close', () => this.close()],
    ]);
  }

  close() {
    document.body.classList.remove('guided');
    $('guide').hidden = true;
    this.clear();
    this.sentences = null;
    this.show();
    this.from.focus();
  }

  // The bridge went away: so has the calibration.
  lost() {
    if (!this.sentences || this.calibrated) return;
    this.clear();
    this.say('The calibration has ended.', 'The old one stays in force.');
    this.buttons([['Close', () => this.close()]]);
  }

  begin(spots) {
    this.clear();
    this.tell({ calibrate: 'start', spots, ball_mm: this.ball.valueAsNumber });
  }

  wish(wish) {
    this.buttons([]);
    this.tell({ calibrate: wish });
  }

  clear() {
    this.step = null;
    $('guide-list').replaceChildren();
    $('goals').replaceChildren();
    setText($('guide-advice'), '');
    $('guide-part').value = 0;
    this.cup(null);
  }

  say(large, small) {
    this.sentences = [large, small];
    this.show();
  }

  // Pairs of words and what they do. Who was on a button is on the first of the new ones.
  buttons(pairs) {
    const box = $('guide-buttons');
    const inside = box.contains(document.activeElement) || document.activeElement === this.from || document.activeElement === document.body;
    box.hidden = pairs.length === 0;
    box.replaceChildren(...pairs.map(([words, act]) => {
      const button = element('button', { type: 'button' }, words);
      button.onclick = act;
      return button;
    }));
    if (inside) box.querySelector('button')?.focus();
  }

  // What the bridge says of the calibration.
  hear(words) {
    if (words.step) this.hearStep(words.step);
    if (words.part !== undefined) this.hearPart(words);
    if (words.done) setText($('guide-advice'), words.done);
    if (words.refused) this.say('Not yet.', `Wanted ${words.refused.wanted}, got ${words.refused.got}: ${words.refused.do}.`);
    if (words.offer) this.hearOffer(words.offer);
    if (words.wait) this.offerAnswers(words.wait, words.step);
    if (words.verdict) this.hearVerdict(words.verdict);
    if (words.sent) this.end('Done.', words.sent);
    if (words.trouble) this.end('The old calibration stays in force.', [words.trouble]);
    if (words.busy) this.end('Somebody else calibrates.', [words.busy]);
  }

  hearStep(step) {
    this.clear();
    this.step = step;
    this.say(step.say, step.name);
    if (step.place) this.showGoal(step.place, step.mark_up);
  }

  // What free play left open, and ten seconds with one ball would tell.
  hearOffer(why) {
    this.clear();
    this.say('One ball on one spot?', why);
  }

  hearPart({ say, part, advice, balls, cells }) {
    $('guide-part').value = part;
    this.say(say, this.step.name);
    setText($('guide-advice'), advice);
    $('goals').replaceChildren(...$('goals').querySelectorAll('.goal'));
    for (const [x, y] of balls) this.circle('ball-seen', x, y, 9);
    cells.forEach((sides, sensor) => sides.forEach((seen, side) => this.dot(sensor, side, seen)));
  }

  circle(kind, x, y, r) {
    addShape($('goals'), 'circle', { class: kind, cx: x, cy: -y, r });
  }

  // One of eight sides of an attractor: 0, 1 or 2 of near and far were visited.
  dot(sensor, side, seen) {
    const [x, y] = this.attractors[sensor];
    const angle = ((side + 0.5) / SIDES) * 2 * Math.PI - Math.PI;
    this.circle(`side seen-${seen}`, x + SIDE_MM * Math.cos(angle), y + SIDE_MM * Math.sin(angle), 2.2);
  }

  showGoal([x, y], up) {
    this.circle('goal', x, y, 11);
    this.circle(`goal mark ${up ? 'up' : 'down'}`, x, y, 2);
    this.cup({ x, y });
  }

  offerAnswers(wait, step) {
    const answers = wait.map((answer) => [answer === 'go' && step ? 'Ready' : LABELS[answer], () => this.answer(answer)]);
    this.buttons(answers.length ? answers : [[LABELS.stop, () => this.answer('stop')]]);
  }

  answer(answer) {
    this.tell({ calibrate: answer });
    this.buttons(answer === 'stop' ? [] : [[LABELS.stop, () => this.answer('stop')]]);
  }

  hearVerdict({ level, words, findings, unchecked, changed, file }) {
    this.clear();
    this.say(`${level[0].toUpperCase()}${level.slice(1)}.`, findings.length ? '' : words);
    this.list([...findings.map(({ cause, remedy }) => `${cause}: ${remedy}`), ...(unchecked ? [`not checked: ${unchecked}`] : []), ...changed.map((line) => `since the last calibration: ${line}`), `kept as ${file}`]);
    this.buttons([
      ['Send to the board', () => this.wish('send')],
      ['Undo', () => this.wish('undo')],
      ['Close', () => this.close()],
    ]);
  }

  end(large, lines) {
    this.clear();
    this.say(large, '');
    this.list(lines);
    this.buttons([
      ['Again', () => this.open()],
      ['Undo', () => this.wish('undo')],
      ['Close', () => this.close()],
    ]);
  }

  list(lines) {
    $('guide-list').replaceChildren(...lines.map((line) => element('li', {}, line)));
  }
}
