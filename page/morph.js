// Two sets of knobs, and the way from one to the other under one hand: all of them move together.
import { $ } from './text.js';

export class Morph {
  // knobs: of the panel. turn(name, value): as by hand.
  constructor(knobs, turn) {
    Object.assign(this, { knobs, turn, sets: [null, null] });
    ['morph-a', 'morph-b'].forEach((id, i) => ($(id).onclick = () => this.keep(i)));
    $('morph').oninput = () => this.go(+$('morph').value);
  }

  // The knobs as they stand become one end.
  keep(end) {
    this.sets[end] = new Map(this.knobs.values);
    $('morph').value = String(end);
    this.show();
  }

  // Another scene has other knobs: what both ends know of them moves, the rest stays.
  go(share) {
    const [from, to] = this.sets;
    for (const [name, value] of from) {
      if (!to.has(name) || !this.knobs.values.has(name)) continue;
      this.turn(name, value + share * (to.get(name) - value));
    }
  }

  show() {
    ['morph-a', 'morph-b'].forEach((id, i) => $(id).setAttribute('aria-pressed', String(this.sets[i] !== null)));
    $('morph').disabled = this.sets.includes(null);
  }
}
