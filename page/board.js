// The board from above: wood and filings below, rings, touch arcs and the crown of latents above. Everything in mm; the page
// keeps the magnets themselves, which hands and screen readers take hold of (pieces.js).
import { look, onLook } from './look.js';
import { Filings, woodGrain } from './wood.js';

const HALF_MM = 150; // from the middle to the edge of the picture
const FILINGS_RADIUS_MM = 138;
const SPACINGS_MM = [8.4, 10.6, 13.5]; // of filings, by level of effort
const CROWN_MM = 145.5;
const FIRST_ARC_MM = 9;
const ARC_STEP_MM = 4.1;
const ARC_WIDTH_MM = 2.7;
const TURN = 2 * Math.PI;
const SLOW_MS = 21; // pictures further apart than this on average are drawn with less
const LATE_MS = 50; // a picture so late is seen to be
const MOST_LATE = 3; // of them in a row of RECENT pictures
const RECENT = 120;
const AWAY_MS = 400; // a page that was hidden says nothing of its speed

export class Board {
  constructor(canvases, field, magnets) {
    this.still = canvases.still.getContext('2d');
    this.live = canvases.live.getContext('2d');
    this.field = field;
    this.magnets = magnets;
    this.effort = 0;
    this.gap = 0; // ms from picture to picture, on average
    this.late = 0; // how many of the recent pictures came too late; each is forgotten after RECENT others
    this.turn = 0;
    this.dirty = true;
    this.touch = new Float32Array(12);
    this.latent = [];
    this.makeFilings();
    this.dress();
    onLook(() => this.dress());
    new ResizeObserver(() => (this.dirty = true)).observe(canvases.still);
  }

  makeFilings() {
    this.filings = new Filings(this.field, SPACINGS_MM[this.effort], FILINGS_RADIUS_MM);
  }

  dress() {
    this.look = look();
    this.grain = woodGrain(this.look);
    this.sized = null;
    this.dirty = true;
  }

  // Sizes a canvas to its place and sets millimetres; the ratio of a phone is more than the eye needs here.
  canvas(g) {
    const side = Math.round(g.canvas.clientWidth * Math.min(devicePixelRatio, 2));
    if (g.canvas.width !== side) g.canvas.width = g.canvas.height = side;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, side, side);
    const scale = side / (2 * HALF_MM);
    return () => g.setTransform(scale, 0, 0, scale, side / 2, side / 2);
  }

  // state: { touch, latents: [-1..1], ringMm, moved }. `now` is the time of the picture.
  draw(now, state) {
    this.pace(now);
    this.dirty ||= state.moved;
    // With the least effort filings follow every other picture; rings and arcs follow all.
    if (this.dirty && (this.effort < SPACINGS_MM.length - 1 || (this.turn ^= 1))) {
      this.drawStill();
      this.dirty = false;
    }
    this.drawLive(state);
  }

  // Fewer filings where pictures come too late.
  pace(now) {
    const gap = now - (this.before ?? now);
    this.before = now;
    if (gap > AWAY_MS || gap < 0) return;
    this.gap += 0.02 * (gap - this.gap);
    this.late = Math.max(0, this.late - 1 / RECENT) + (gap > LATE_MS ? 1 : 0);
    if ((this.gap < SLOW_MS && this.late < MOST_LATE) || this.effort >= SPACINGS_MM.length - 1) return;
    ++this.effort;
    this.gap = this.late = 0;
    this.makeFilings();
    this.dirty = true;
  }

  // The wood at the size of the picture: scaling it costs as much as all filings.
  sizedGrain(side) {
    if (this.sized?.width !== side) {
      this.sized = Object.assign(document.createElement('canvas'), { width: side, height: side });
      this.sized.getContext('2d').drawImage(this.grain, 0, 0, side, side);
    }
    return this.sized;
  }

  drawStill() {
    const g = this.still;
    const inMm = this.canvas(g);
    g.drawImage(this.sizedGrain(g.canvas.width), 0, 0);
    inMm();
    this.filings.draw(g, this.magnets.out, this.look);
  }

  drawLive({ touch, latents, ringMm }) {
    const g = this.live;
    this.canvas(g)();
    this.field.board.attractors_mm.forEach(([x, y], sensor) => {
      const three = touch.slice(3 * sensor, 3 * sensor + 3);
      this.drawRing(g, x, -y, ringMm, Math.min(1, Math.hypot(...three)));
    });
    this.field.board.attractors_mm.forEach(([x, y], sensor) => {
      this.drawArcs(g, x, -y, touch.slice(3 * sensor, 3 * sensor + 3));
      this.drawNumber(g, x, -y, sensor + 1);
    });
    this.drawCrown(g, latents);
  }

  drawRing(g, x, y, radius, strength) {
    const { ring } = this.look;
    g.beginPath();
    g.arc(x, y, radius, 0, TURN);
    g.fillStyle = `rgba(${ring},${0.025 + 0.085 * strength})`;
    g.fill();
    g.lineWidth = 0.45 + 1.1 * strength;
    g.strokeStyle = `rgba(${ring},${0.25 + 0.6 * strength})`;
    g.stroke();
  }

  // x, y and z of one attractor from inside out; a half turn is 1, to the right where positive.
  drawArcs(g, x, y, values) {
    g.lineWidth = ARC_WIDTH_MM;
    g.lineCap = 'butt';
    values.forEach((value, axis) => {
      const radius = FIRST_ARC_MM + ARC_STEP_MM * axis;
      g.strokeStyle = this.look.dim;
      g.beginPath();
      g.arc(x, y, radius, 0, TURN);
      g.stroke();
      const turn = Math.max(-1, Math.min(1, value)) * Math.PI;
      g.strokeStyle = Math.abs(value) > 0.9 ? this.look.full : this.look.axes[axis];
      g.beginPath();
      g.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + turn, turn < 0);
      g.stroke();
    });
    g.beginPath();
    g.arc(x, y, 4.2, 0, TURN);
    g.fillStyle = this.look.centre;
    g.fill();
    g.lineWidth = 0.5;
    g.strokeStyle = this.look.centreRim;
    g.stroke();
  }

  drawNumber(g, x, y, number) {
    g.fillStyle = this.look.number;
    g.font = '5px system-ui, sans-serif';
    g.textAlign = 'center';
    g.textBaseline = 'middle';
    g.fillText(String(number), x, y + 0.3);
  }

  // A span for each latent around the board, from its middle to the left or right.
  drawCrown(g, latents) {
    const share = TURN / latents.length;
    g.lineWidth = 3;
    latents.forEach((value, z) => {
      const from = -Math.PI / 2 + z * share;
      const middle = from + share / 2;
      const half = share * 0.45;
      g.strokeStyle = this.look.dim;
      g.beginPath();
      g.arc(0, 0, CROWN_MM, from + 0.02, from + share - 0.02);
      g.stroke();
      const to = Math.max(-1, Math.min(1, value)) * half;
      g.strokeStyle = this.look.latents[z % this.look.latents.length];
      g.beginPath();
      g.arc(0, 0, CROWN_MM, middle + Math.min(to, 0) - 0.012, middle + Math.max(to, 0) + 0.012);
      g.stroke();
    });
  }
}
