// What lies still: the wooden board, and filings along the field, drawn again only when a magnet has moved.

const GRAIN = 900;
const ROW = Math.sqrt(3) / 2;

function noise(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

// The board's face, once, in the colours of the look.
export function woodGrain(look) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = GRAIN;
  const g = canvas.getContext('2d');
  const half = GRAIN / 2;
  g.beginPath();
  g.arc(half, half, half - 4, 0, 2 * Math.PI);
  g.clip();
  const light = g.createRadialGradient(half * 0.9, half * 0.8, half * 0.1, half, half, half);
  light.addColorStop(0, look.woodLight);
  light.addColorStop(0.68, look.wood);
  light.addColorStop(1, look.woodEdge);
  g.fillStyle = light;
  g.fillRect(0, 0, GRAIN, GRAIN);
  const random = noise(7);
  for (let i = 0; i < 560; ++i) {
    const y = random() * GRAIN;
    const bend = 34 * random();
    const phase = 6 * random();
    g.strokeStyle = random() < 0.5 ? look.grainDark : look.grainLight;
    g.lineWidth = 0.4 + 1.5 * random();
    g.beginPath();
    for (let x = 0; x <= GRAIN; x += 30) g.lineTo(x, y + bend * Math.sin(x / 210 + phase) + 6 * Math.sin(x / 57 + phase));
    g.stroke();
  }
  g.lineWidth = 5;
  g.strokeStyle = look.rim;
  g.beginPath();
  g.arc(half, half, half - 7, 0, 2 * Math.PI);
  g.stroke();
  return canvas;
}

// Places of the filings on a hexagonal grid, with the stacks' field there, which never changes.
export class Filings {
  constructor(field, spacing, radius) {
    this.field = field;
    this.spacing = spacing;
    this.height = field.board.filings_mm;
    this.places = [];
    const rows = Math.ceil(radius / (spacing * ROW));
    for (let row = -rows; row <= rows; ++row) {
      for (let column = -rows - 1; column <= rows + 1; ++column) {
        const x = (column + (row & 1) / 2) * spacing;
        const y = row * spacing * ROW;
        if (x * x + y * y > radius * radius) continue;
        this.places.push({ x, y, still: field.stacks(x, y, this.height) });
      }
    }
  }

  // One stroke each, in three groups by brightness: changing colours costs more than drawing.
  draw(g, magnets, look) {
    const groups = look.filings.map(() => new Path2D());
    const sum = [0, 0, 0];
    for (const { x, y, still } of this.places) {
      sum[0] = still[0];
      sum[1] = still[1];
      for (const magnet of magnets) this.field.addMagnet(sum, magnet, x, y, this.height, magnet.piece.around);
      const strength = Math.hypot(sum[0], sum[1]) || 1e-9;
      const bright = Math.min(0.999, Math.log1p(1.2 * strength) / 4.2);
      const half = (0.13 + 0.27 * bright) * this.spacing;
      const dx = (sum[0] / strength) * half;
      const dy = (-sum[1] / strength) * half;
      const path = groups[Math.floor(bright * groups.length)];
      path.moveTo(x - dx, -y - dy);
      path.lineTo(x + dx, -y + dy);
    }
    g.lineCap = 'round';
    groups.forEach((path, i) => {
      g.strokeStyle = look.filings[i];
      g.lineWidth = 0.34 + (0.5 * i) / groups.length;
      g.stroke(path);
    });
  }
}
