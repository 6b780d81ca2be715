// Teaching: hold a gesture, choose a sound, keep it. The sound is then where the gesture is, and blends with its neighbours.
import { $ } from './text.js';

export class Teach {
  // guide: whose sentences and buttons it uses. tell(words): to the bridge. now(): { scene, touch, latent }, the latents in
  // the voice's own units.
  constructor(guide, { tell, now }) {
    Object.assign(this, { guide, tell, now, touch: null });
    $('teach').onclick = () => this.open();
  }

  offer(offers) {
    $('teach').hidden = !offers.includes('teach');
  }

  open() {
    const { guide } = this;
    guide.stage($('teach'));
    guide.say('Hold a gesture.', 'Then press Hold: a sound will be put there.');
    guide.buttons([
      ['Hold', () => this.hold()],
      ['Forget the last', () => this.wish({ teach: 'forget' })],
      ['Close', () => guide.close()],
    ]);
  }

  hold() {
    this.touch = [...this.now().touch];
    this.guide.say('Now find its sound.', 'Move as you like until you hear it, then press Keep.');
    this.guide.buttons([
      ['Keep', () => this.wish({ teach: 'keep', touch: this.touch, latent: [...this.now().latent] })],
      ['Hold another', () => this.open()],
      ['Close', () => this.guide.close()],
    ]);
  }

  wish(words) {
    this.guide.say('It goes to the board.', 'The sound goes on.');
    this.guide.buttons([]);
    this.tell({ ...words, scene: this.now().scene });
  }

  hear({ sent, pairs, trouble }) {
    this.guide.say(trouble ? 'Not kept.' : pairs ? 'Kept.' : 'Forgotten.', trouble ?? sent.join('; '));
    this.guide.buttons([
      ['Teach another', () => this.open()],
      ['Close', () => this.guide.close()],
    ]);
  }
}
