// The fields of stacks and magnets, as sensors/simulation/magnets.py has them: balls are dipoles, which outside they are;
// stacks, rings and discs are tables by distance that Python made (facts.json). Fields in mT, places in mm, z up, 0 at the board.

const FIELD_AT_SURFACE = 1000 / 3; // mT a tesla of remanence: a ball's dipole field at its own radius, B = Br/3 (r/d)^3 (...)

// A table at a distance, between its values.
function between(values, place) {
  const i = Math.min(Math.floor(place), values.length - 2);
  const part = Math.min(place - i, 1);
  return values[i] + part * (values[i + 1] - values[i]);
}

export class Field {
  constructor(board) {
    this.board = board;
    this.sensors = board.attractors_mm.map(([x, y]) => [x, y, -board.sensor_depth_mm]);
    this.rest = board.rest_mt.flat();
  }

  // Adds a field that has a table { out, up } about (cx, cy) to sum, `sign` times.
  addTable(sum, table, cx, cy, x, y, sign) {
    const dx = x - cx;
    const dy = y - cy;
    const distance = Math.hypot(dx, dy);
    const place = distance / this.board.step_mm;
    const out = sign * between(table.out, place);
    if (distance > 1e-9) {
      sum[0] += (out * dx) / distance;
      sum[1] += (out * dy) / distance;
    }
    sum[2] += sign * between(table.up, place);
    return sum;
  }

  // Of the four stacks at the height of a piece's centre.
  stacks(x, y, height) {
    const table = this.board.stack[String(height)];
    const sum = [0, 0, 0];
    for (const [ax, ay] of this.board.attractors_mm) this.addTable(sum, table, ax, ay, x, y, 1);
    return sum;
  }

  // Adds the dipole field of a magnet at a point.
  addDipole(sum, magnet, x, y, z) {
    const { radius, pole } = magnet;
    const dx = x - magnet.x;
    const dy = y - magnet.y;
    const dz = z - magnet.centre;
    const distance = Math.max(Math.hypot(dx, dy, dz), magnet.closest);
    const ux = dx / distance;
    const uy = dy / distance;
    const uz = dz / distance;
    const along = 3 * (ux * pole[0] + uy * pole[1] + uz * pole[2]);
    const scale = magnet.strength * (radius / distance) ** 3;
    sum[0] += scale * (along * ux - pole[0]);
    sum[1] += scale * (along * uy - pole[1]);
    sum[2] += scale * (along * uz - pole[2]);
    return sum;
  }

  addMagnet(sum, magnet, x, y, z, table) {
    if (table) return this.addTable(sum, table, magnet.x, magnet.y, x, y, Math.sign(magnet.pole[2]) || 1);
    return this.addDipole(sum, magnet, x, y, z);
  }

  // At the four sensors, with all magnets that lie on the board: Float32Array(12).
  atSensors(magnets) {
    const field = Float32Array.from(this.rest);
    const sum = [0, 0, 0];
    this.sensors.forEach(([x, y, z], sensor) => {
      sum.fill(0);
      for (const magnet of magnets) if (magnet.out) this.addMagnet(sum, magnet, x, y, z, magnet.piece.below);
      for (let axis = 0; axis < 3; ++axis) field[3 * sensor + axis] += sum[axis];
    });
    return field;
  }

  // Of all magnets but one, seen by that one at its centre (or beside it by dx, dy).
  atMagnet(magnet, magnets, dx = 0, dy = 0) {
    const x = magnet.x + dx;
    const y = magnet.y + dy;
    const sum = this.stacks(x, y, magnet.centre);
    for (const other of magnets) if (other !== magnet && other.out) this.addDipole(sum, other, x, y, magnet.centre);
    return sum;
  }
}

// The strength of a piece seen as a dipole: that of a ball of the same volume, mT at that ball's own radius.
export function dipoleOf(piece, remanence) {
  const { diameter_mm: outer, hole_mm: hole, height_mm: height, kind } = piece;
  const volume = kind === 'ball' ? (Math.PI / 6) * outer ** 3 : (Math.PI / 4) * (outer ** 2 - hole ** 2) * height;
  return { radius: Math.cbrt((3 * volume) / (4 * Math.PI)), strength: remanence * FIELD_AT_SURFACE };
}
