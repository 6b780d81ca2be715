// The instrument elsewhere: a board, or a simulated one, over the bridge's socket (lodestone/page/bridge.py). The same OSC as here.
import { blockOf } from './osc.js';

const AGAIN_MS = 1000;
const FULL = 1 << 16; // bytes that wait in the socket: more is not added, a place that is old is no place

export class There {
  // tell: as Here's, and link(up). address: of the socket.
  constructor(address, tell) {
    this.address = address;
    this.tell = tell;
    this.meter = null;
    this.audio = null;
    this.underruns = 0;
    this.socket = null;
  }

  async prepare() {}

  async start() {
    this.connect();
  }

  connect() {
    const socket = (this.socket = new WebSocket(this.address));
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.tell.link(true);
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.tell.words(JSON.parse(data));
      else this.tell.said(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      this.tell.link(false);
      if (code !== 4401) setTimeout(() => this.connect(), AGAIN_MS);
    };
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN && this.socket.bufferedAmount < FULL;
  }

  send(packet) {
    if (this.open) this.socket.send(blockOf(packet));
  }

  // Words for the bridge itself: magnets of a simulated board, calibration, files.
  ask(words) {
    if (this.open) this.socket.send(JSON.stringify(words));
  }

  place(field, magnets) {
    const now = JSON.stringify({ magnets: magnets.map((m) => [m.piece.kind, m.piece.diameter_mm, m.piece.hole_mm, m.piece.height_mm, m.mode, +m.x.toFixed(2), +m.y.toFixed(2)]) });
    if (now === this.placed || !this.open) return;
    this.placed = now;
    this.socket.send(now);
  }
}
