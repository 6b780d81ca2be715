// The magnets as things one takes hold of: by mouse, by several fingers, by keys; named for screen readers.
import { addShape } from './text.js';

const STEP_MM = 5;
const FINE_MM = 1;
const STALE_MS = 80; // a hand that rested so long does not throw
const FASTEST = 900; // mm/s of a throw
const DOUBLE_MS = 350;
const KEYS_MS = 600; // so long after the last arrow the hand lets go

const GRADIENTS = `
  <radialGradient id="north" cx=".35" cy=".3" r=".8"><stop offset="0" stop-color="#fff4e0"/><stop offset=".35" stop-color="#c9885a"/><stop offset="1" stop-color="#3a1a10"/></radialGradient>
  <radialGradient id="south" cx=".35" cy=".3" r=".8"><stop offset="0" stop-color="#f2fbff"/><stop offset=".35" stop-color="#6f93a6"/><stop offset="1" stop-color="#10202a"/></radialGradient>
  <linearGradient id="flat-up" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#f3d3ac"/><stop offset=".5" stop-color="#b9764a"/><stop offset="1" stop-color="#5a2f1c"/></linearGradient>
  <linearGradient id="flat-down" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#d9ecf5"/><stop offset=".5" stop-color="#6a8ea2"/><stop offset="1" stop-color="#22384a"/></linearGradient>`;

export class Pieces {
  // changed(magnet): by a hand. say(sentence): for who does not see.
  constructor(svg, magnets, changed, say) {
    Object.assign(this, { svg, magnets, changed, say });
    this.renew();
  }

  // After the list of magnets has changed.
  renew() {
    this.svg.replaceChildren();
    addShape(this.svg, 'defs', {}).innerHTML = GRADIENTS;
    this.views = this.magnets.list.map((magnet) => this.make(magnet));
    this.draw();
  }

  make(magnet) {
    const group = addShape(this.svg, 'g', { class: 'piece', tabindex: 0, role: 'button', 'aria-roledescription': 'magnet', 'aria-describedby': 'how-to-move' });
    addShape(group, 'circle', { class: 'halo', r: Math.max(magnet.size + 3, 13) });
    addShape(group, 'circle', { class: 'shade', r: magnet.size + 0.4, cx: 1.2, cy: 1.9 });
    const view = { magnet, group, tapped: 0 };
    if (magnet.flat) this.makeFlat(view);
    else {
      addShape(group, 'circle', { r: magnet.size, fill: 'url(#south)' });
      view.half = addShape(group, 'path', { fill: 'url(#north)' });
    }
    this.listen(view);
    return view;
  }

  makeFlat(view) {
    const { magnet, group } = view;
    const hole = magnet.piece.hole_mm / 2;
    const middle = (magnet.size + hole) / 2;
    view.face = addShape(group, 'circle', { r: middle, fill: 'none', 'stroke-width': magnet.size - hole });
    addShape(group, 'circle', { r: magnet.size - 0.4, fill: 'none', stroke: '#fff', 'stroke-opacity': 0.25, 'stroke-width': 0.6 });
    if (hole > 0) addShape(group, 'circle', { r: hole, fill: 'none', stroke: '#000', 'stroke-opacity': 0.35, 'stroke-width': 0.8 });
  }

  place(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [point.x, -point.y];
  }

  listen(view) {
    const { group } = view;
    group.addEventListener('pointerdown', (event) => this.take(view, event));
    group.addEventListener('pointermove', (event) => this.drag(view, event));
    for (const end of ['pointerup', 'pointercancel']) group.addEventListener(end, () => this.letGo(view));
    group.addEventListener('keydown', (event) => this.key(view, event));
  }

  take(view, event) {
    const { magnet, group } = view;
    if (event.timeStamp - view.tapped < DOUBLE_MS) this.flip(view);
    view.tapped = event.timeStamp;
    group.setPointerCapture(event.pointerId);
    const [x, y] = this.place(event);
    view.hand = magnet.held = { dx: magnet.x - x, dy: magnet.y - y, at: event.timeStamp };
    magnet.vx = magnet.vy = 0;
    group.classList.add('held');
    this.svg.append(group); // above the others
    this.changed(magnet);
  }

  drag(view, event) {
    const { magnet, hand } = view;
    if (!hand || magnet.held !== hand) return; // a pointer that passes by; a gesture or keys may have it
    const [x, y] = this.place(event);
    const seconds = Math.max((event.timeStamp - hand.at) / 1000, 0.004);
    const to = [x + hand.dx, y + hand.dy];
    magnet.vx += 0.4 * ((to[0] - magnet.x) / seconds - magnet.vx);
    magnet.vy += 0.4 * ((to[1] - magnet.y) / seconds - magnet.vy);
    hand.at = event.timeStamp;
    this.magnets.moveTo(magnet, ...to);
    this.changed(magnet);
  }

  letGo(view) {
    const { magnet, group, hand } = view;
    if (!hand || magnet.held !== hand) return;
    if (performance.now() - hand.at > STALE_MS) magnet.vx = magnet.vy = 0;
    const share = Math.min(1, FASTEST / (Math.hypot(magnet.vx, magnet.vy) || 1));
    magnet.vx *= share;
    magnet.vy *= share;
    magnet.held = null;
    group.classList.remove('held');
    this.changed(magnet);
  }

  key(view, event) {
    const { magnet } = view;
    const step = event.shiftKey ? FINE_MM : STEP_MM;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (by) this.carry(view, by);
    else if (['f', ' ', 'Enter'].includes(event.key)) this.flip(view);
    else return;
    event.preventDefault();
    this.changed(magnet);
    this.say(this.words(magnet));
  }

  // Arrows are a hand as well: it lets go a moment after the last of them. A marble in nobody's hand rolls, and one of a
  // world elsewhere lies where that world has it.
  carry(view, [dx, dy]) {
    const { magnet } = view;
    clearTimeout(view.ends);
    if (!magnet.held) view.arrows = magnet.held = {};
    magnet.vx = magnet.vy = 0;
    this.magnets.moveTo(magnet, magnet.x + dx, magnet.y + dy);
    view.ends = setTimeout(() => {
      if (magnet.held !== view.arrows) return;
      magnet.held = null;
      this.changed(magnet);
    }, KEYS_MS);
  }

  flip(view) {
    view.magnet.flip();
    this.changed(view.magnet);
    this.say(this.words(view.magnet));
  }

  words(magnet) {
    const [x, y] = [Math.round(magnet.x), Math.round(magnet.y)];
    const across = x === 0 ? 'in the middle' : `${Math.abs(x)} mm ${x < 0 ? 'left' : 'right'}`;
    const along = y === 0 ? '' : `, ${Math.abs(y)} mm ${y < 0 ? 'near' : 'far'}`;
    return `${magnet.piece.name}, ${across}${along}, ${magnet.way}`;
  }

  draw() {
    for (const { magnet, group, half, face } of this.views) {
      group.style.display = magnet.out ? '' : 'none';
      group.setAttribute('transform', `translate(${magnet.x.toFixed(2)} ${(-magnet.y).toFixed(2)})`);
      if (half) this.drawPoles(magnet, half);
      else face.setAttribute('stroke', magnet.pole[2] > 0 ? 'url(#flat-up)' : 'url(#flat-down)');
      const words = this.words(magnet);
      if (group.ariaLabel !== words) group.setAttribute('aria-label', words);
    }
  }

  // The north half of a ball seen from above: half a disc and half an ellipse, its equator.
  drawPoles(magnet, half) {
    const [px, py, pz] = magnet.pole;
    const r = magnet.size;
    const wide = (r * Math.abs(pz)).toFixed(2);
    half.setAttribute('d', `M0 ${-r}A${r} ${r} 0 0 1 0 ${r}A${wide} ${r} 0 0 ${pz > 0 ? 1 : 0} 0 ${-r}`);
    half.setAttribute('transform', `rotate(${((Math.atan2(-py, px) * 180) / Math.PI).toFixed(1)})`);
  }
}
