// Magnets that a hand moves: they collide, pull and push one another, snap to attractors, tip over and roll on.
import { dipoleOf } from './field.js';

const STEP_S = 1 / 240;
const MOST_STEPS = 12; // of one picture: a page that was away does not catch up
const EDGE_MM = 139; // nothing leaves the board but by hand
const PULL = 14000; // mm/s² for a slope of 1 mT/mm: a tenth of what it does to neodymium, or nothing would lie still
const MOST_PULL = 5200; // mm/s²
const FRICTION = 1150; // mm/s² on felt: what lies still stays so under a smaller pull
const BOUNCE = 0.35;
const TURN_PER_S = 16; // how fast a free pole follows the field
const SLOW = 1.5; // mm/s: at rest below

export class Magnet {
  constructor(piece, board, { x, y, pole = 'free', out = true }) {
    Object.assign(this, { piece, x, y, out, vx: 0, vy: 0, held: null });
    this.size = piece.diameter_mm / 2;
    this.centre = piece.height_mm / 2;
    this.flat = piece.kind !== 'ball';
    this.mode = this.flat && pole === 'free' ? 'up' : pole;
    this.pole = this.mode === 'down' ? [0, 0, -1] : [0, 0, 1];
    Object.assign(this, dipoleOf(piece, board.remanence_t));
    this.closest = this.radius;
  }

  // To the next of the ways in which it may lie: free, north up, north down; flat ones have two.
  flip() {
    if (this.flat) this.mode = this.mode === 'up' ? 'down' : 'up';
    else this.mode = { free: 'up', up: 'down', down: 'free' }[this.mode];
  }

  get way() {
    return { free: 'turns freely', up: 'north pole up', down: 'north pole down' }[this.mode];
  }
}

export class Magnets {
  constructor(field, list) {
    this.field = field;
    this.list = list;
    this.moving = true;
    this.led = false; // by another simulation
    this.left = 0;
  }

  get out() {
    return this.list.filter((magnet) => magnet.out);
  }

  // Something was changed by hand.
  wake() {
    this.moving = true;
  }

  // Goes on by so many seconds. True when anything moved or turned.
  advance(seconds) {
    if (!this.moving || this.led) return false;
    this.left += Math.min(seconds, MOST_STEPS * STEP_S);
    let moved = false;
    for (; this.left >= STEP_S; this.left -= STEP_S) moved = this.step() || moved;
    this.moving = moved || this.list.some((magnet) => magnet.held);
    return moved;
  }

  step() {
    const magnets = this.out;
    let moved = false;
    for (const magnet of magnets) moved = this.turn(magnet, magnets) || moved;
    for (const magnet of magnets) moved = this.push(magnet, magnets) || moved;
    for (let i = 0; i < magnets.length; ++i) {
      for (let k = i + 1; k < magnets.length; ++k) moved = this.part(magnets[i], magnets[k]) || moved;
    }
    return moved;
  }

  // A free pole follows the field where it lies; one that is set goes to its side.
  turn(magnet, magnets) {
    const aim = magnet.mode === 'free' ? this.field.atMagnet(magnet, magnets) : [0, 0, magnet.mode === 'up' ? 1 : -1];
    const length = Math.hypot(...aim) || 1;
    const { pole } = magnet;
    const along = (pole[0] * aim[0] + pole[1] * aim[1] + pole[2] * aim[2]) / length;
    if (along > 0.99999) return false;
    const share = Math.min(1, TURN_PER_S * STEP_S);
    // Upside down is an equilibrium that nothing real keeps: a nudge to one side.
    const nudge = along < -0.999 ? 0.05 : 0;
    for (let axis = 0; axis < 3; ++axis) pole[axis] += share * (aim[axis] / length - pole[axis]) + (axis === 0 ? nudge : 0);
    const now = Math.hypot(...pole) || 1;
    for (let axis = 0; axis < 3; ++axis) pole[axis] /= now;
    return true;
  }

  // The slope of pole times field, against friction.
  push(magnet, magnets) {
    if (magnet.held) return false;
    const [ax, ay] = this.pull(magnet, magnets);
    const speed = Math.hypot(magnet.vx, magnet.vy);
    const pull = Math.hypot(ax, ay);
    if (speed < SLOW && pull < FRICTION) {
      magnet.vx = magnet.vy = 0;
      return false;
    }
    magnet.vx += ax * STEP_S;
    magnet.vy += ay * STEP_S;
    const faster = Math.hypot(magnet.vx, magnet.vy) || 1;
    const kept = Math.max(0, 1 - (FRICTION * STEP_S) / faster);
    magnet.vx *= kept;
    magnet.vy *= kept;
    this.moveTo(magnet, magnet.x + magnet.vx * STEP_S, magnet.y + magnet.vy * STEP_S);
    return true;
  }

  pull(magnet, magnets) {
    const reach = 0.5;
    const energy = (dx, dy) => {
      const b = this.field.atMagnet(magnet, magnets, dx, dy);
      return b[0] * magnet.pole[0] + b[1] * magnet.pole[1] + b[2] * magnet.pole[2];
    };
    const ax = (PULL * (energy(reach, 0) - energy(-reach, 0))) / (2 * reach);
    const ay = (PULL * (energy(0, reach) - energy(0, -reach))) / (2 * reach);
    const share = Math.min(1, MOST_PULL / (Math.hypot(ax, ay) || 1));
    return [ax * share, ay * share];
  }

  // Two magnets do not share a place: both give way, or the one that no hand holds.
  part(a, b) {
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const distance = Math.hypot(dx, dy) || 1e-6;
    const overlap = a.size + b.size - distance;
    if (overlap <= 0 || (a.held && b.held)) return false;
    const [nx, ny] = [dx / distance, dy / distance];
    const shareA = a.held ? 0 : b.held ? 1 : 0.5;
    this.moveTo(a, a.x - nx * overlap * shareA, a.y - ny * overlap * shareA);
    this.moveTo(b, b.x + nx * overlap * (1 - shareA), b.y + ny * overlap * (1 - shareA));
    const closing = (b.vx - a.vx) * nx + (b.vy - a.vy) * ny;
    if (closing < 0) {
      const change = -(1 + (closing < -60 ? BOUNCE : 0)) * closing;
      a.vx -= nx * change * shareA;
      a.vy -= ny * change * shareA;
      b.vx += nx * change * (1 - shareA);
      b.vy += ny * change * (1 - shareA);
    }
    return overlap > 0.02;
  }

  moveTo(magnet, x, y) {
    const far = Math.hypot(x, y);
    const most = EDGE_MM - magnet.size * 0.5;
    const share = far > most ? most / far : 1;
    magnet.x = x * share;
    magnet.y = y * share;
    if (share === 1) return;
    const [nx, ny] = [x / far, y / far];
    const outward = magnet.vx * nx + magnet.vy * ny;
    if (outward > 0) {
      magnet.vx -= (1 + BOUNCE) * outward * nx;
      magnet.vy -= (1 + BOUNCE) * outward * ny;
    }
  }
}
