// Records how magnets are moved, plays it again and again, and keeps it as a gesture file for the simulated board
// (docs/gestures.md): `lodestone play --gesture FILE`.

const EVERY_MS = 33;
const MOST_S = 120;

export class Recorder {
  constructor(magnets) {
    this.magnets = magnets;
    this.tracks = null;
    this.began = 0;
    this.length = 0;
    this.state = 'empty'; // empty, recording, kept, looping
  }

  start(now) {
    this.tracks = this.magnets.list.map((magnet) => ({ magnet, out: magnet.out, mode: magnet.mode, points: [] }));
    this.began = now;
    this.last = -Infinity;
    this.state = 'recording';
  }

  stop(now) {
    this.length = (now - this.began) / 1000;
    this.keepPlaces(this.length);
    this.state = 'kept';
  }

  loop(now) {
    this.began = now;
    this.state = 'looping';
  }

  rest() {
    for (const { magnet } of this.tracks ?? []) if (magnet.held === this) magnet.held = null;
    if (this.state === 'looping') this.state = 'kept';
  }

  keepPlaces(seconds) {
    for (const { magnet, points } of this.tracks) points.push({ seconds, x: magnet.x, y: magnet.y, mode: magnet.mode, out: magnet.out });
  }

  // Once a picture. True when it moved a magnet.
  tick(now) {
    if (this.state === 'recording') {
      if (now - this.last >= EVERY_MS) {
        this.keepPlaces((now - this.began) / 1000);
        this.last = now;
      }
      if (now - this.began > MOST_S * 1000) this.stop(now);
    }
    if (this.state !== 'looping') return false;
    const seconds = ((now - this.began) / 1000) % Math.max(this.length, 0.05);
    for (const track of this.tracks) this.place(track, seconds);
    return true;
  }

  // What a hand holds meanwhile stays in that hand.
  place({ magnet, points }, seconds) {
    if (magnet.held && magnet.held !== this) return;
    const next = Math.max(1, points.findIndex((point) => point.seconds > seconds));
    const [a, b] = [points[next - 1], points[next] ?? points[next - 1]];
    const part = b.seconds > a.seconds ? (seconds - a.seconds) / (b.seconds - a.seconds) : 0;
    magnet.held = this;
    magnet.x = a.x + part * (b.x - a.x);
    magnet.y = a.y + part * (b.y - a.y);
    magnet.mode = a.mode;
    magnet.out = a.out;
  }

  // The text of a gesture file. What is off the board lies out of reach.
  toml() {
    const things = this.tracks.filter(({ points }) => points.some((point) => point.out)).map((track) => this.object(track));
    const head = ['# Recorded on the page.', 'format = "lodestone-gesture"', 'version = 1', 'title = "Recorded on the page"', `duration_s = ${Math.max(this.length, 0.1).toFixed(3)}`];
    return [...head, ...things].join('\n') + '\n';
  }

  object({ magnet, points }) {
    const { piece } = magnet;
    const at = (point) => [point.x.toFixed(3), point.y.toFixed(3), point.out ? '0.0' : '400.0'];
    const sizes = { ball: ['diameter_mm'], disc: ['diameter_mm', 'height_mm'], ring: ['diameter_mm', 'hole_mm', 'height_mm'] }[piece.kind];
    const later = points.slice(1).filter((point, i) => point.seconds > points[i].seconds + 1e-3);
    const rows = later.map((point) => `[${[(point.seconds - points[0].seconds).toFixed(3), ...at(point)].join(', ')}]`);
    return [
      '\n[[object]]',
      `name = "${piece.name}"`,
      `kind = "${piece.kind}"`,
      ...sizes.map((size) => `${size} = ${piece[size].toFixed(1)}`),
      `pole = "${points[0].mode === 'free' ? 'field' : points[0].mode}"`,
      `at = [${at(points[0]).join(', ')}]`,
      `moves = [{ do = "trace", t = [0.0, ${Math.max(this.length, 0.1).toFixed(3)}], points = [${rows.join(', ')}] }]`,
    ].join('\n');
  }
}
