// What one chooses and turns: radio groups and knobs, native inputs, so that keys and screen readers know them.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && typeof value !== 'string') made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// A row of choices in a fieldset that has its legend. choose(value) is called for the player's choice only.
export class Choice {
  constructor(fieldset, choose) {
    this.fieldset = fieldset;
    this.choose = choose;
    this.inputs = new Map();
  }

  // options: [{ value, label, title }].
  offer(options) {
    this.fieldset.querySelectorAll('label').forEach((label) => label.remove());
    this.inputs.clear();
    for (const { value, label, title } of options) {
      const input = element('input', { type: 'radio', name: this.fieldset.id, value: String(value) });
      input.onchange = () => this.choose(value);
      this.inputs.set(value, input);
      this.fieldset.append(element('label', title ? { title } : {}, input, element('span', {}, label)));
    }
  }

  // What is in force, whoever chose it.
  mark(value) {
    for (const [other, input] of this.inputs) input.checked = other === value;
  }
}

function written(value, knob) {
  const span = knob.maximum - knob.minimum;
  const text = value.toFixed(span > 20 ? 0 : 2);
  return knob.unit === 'sigma' ? `${text} σ` : knob.unit ? `${text} ${knob.unit}` : text;
}

const WORDS = { reach: 'how strong a field counts as a full touch', range: 'how far the sound is driven', entanglement: 'how many parameters each touch reaches', radius: 'how far the attractors hear' };

const ANSWER_MS = 500;

export class Knobs {
  constructor(box, turn) {
    this.box = box;
    this.turn = turn;
    this.values = new Map();
    this.rows = new Map(); // of what shows each, by name
    this.turned = new Map(); // when a hand last turned each, ms
    this.shown = '';
  }

  // knobs: [{ name, minimum, maximum, default, unit, value? }], in the order of the graph.
  offer(knobs) {
    const shown = JSON.stringify(knobs);
    if (shown === this.shown) return;
    this.shown = shown;
    const kept = this.values;
    this.values = new Map();
    this.rows.clear();
    this.box.replaceChildren(...knobs.map((knob) => this.row(knob, this.standing(knob, kept.get(knob.name)))));
  }

  // Where a knob stands: what the board says, unless a hand has turned it while the answer was on its way.
  standing({ name, value, default: usual }, shown) {
    const fresh = performance.now() - (this.turned.get(name) ?? -Infinity) < ANSWER_MS;
    return (fresh ? shown : value) ?? shown ?? usual;
  }

  // As a hand would turn it.
  set(name, value) {
    this.rows.get(name)(value);
    this.byHand(name, value);
  }

  byHand(name, value) {
    this.turned.set(name, performance.now());
    this.turn(name, value);
  }

  row(knob, value) {
    // Where small values matter most, as with a reach in mT, equal ways of the hand are equal ratios.
    const ratio = knob.minimum > 0 && knob.maximum / knob.minimum > 50;
    const place = (v) => (ratio ? Math.log(v / knob.minimum) / Math.log(knob.maximum / knob.minimum) : (v - knob.minimum) / (knob.maximum - knob.minimum));
    const valueAt = (p) => (ratio ? knob.minimum * (knob.maximum / knob.minimum) ** p : knob.minimum + p * (knob.maximum - knob.minimum));
    const input = element('input', { type: 'range', min: '0', max: '1', step: '0.001', 'aria-label': `${knob.name}: ${WORDS[knob.name] ?? 'a knob of the mapping'}` });
    const output = element('output', {});
    const set = (v) => {
      this.values.set(knob.name, v);
      input.value = String(place(v));
      output.value = written(v, knob);
      input.setAttribute('aria-valuetext', written(v, knob));
    };
    set(value);
    this.rows.set(knob.name, set);
    input.oninput = () => {
      const v = valueAt(+input.value);
      set(v);
      this.byHand(knob.name, v);
    };
    input.ondblclick = () => {
      set(knob.default);
      this.byHand(knob.name, knob.default);
    };
    return element('label', { class: 'knob', title: WORDS[knob.name] ?? '' }, element('span', {}, knob.name), input, output);
  }
}
