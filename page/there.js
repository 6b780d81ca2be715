// The instrument elsewhere: a board, or a simulated one, over the bridge's socket (lodestone/page/bridge.py). The same OSC as here.
import { blockOf, encode } from './osc.js';

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
    this.world = false; // a simulated one answers
    this.ways = [];
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

  // Hands move the marbles of a simulated world by OSC, too (`/sim/magnet`); a real board has no such hands. A magnet in a
  // hand is told at every move, one that was let go or put away once.
  place(field, list) {
    if (!this.world) return;
    list.forEach((magnet, i) => {
      const way = magnet.held ? 'held' : 'free';
      if (way === 'free' && this.ways[i] !== 'held') return;
      this.ways[i] = way;
      this.send(encode('/sim/magnet', 'ifffi', i + 1, magnet.x, magnet.y, 0, way === 'free' ? 1 : 0));
    });
  }
}
