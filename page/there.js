// The instrument elsewhere: a board, or a simulated one, over the bridge's socket (lodestone/page/bridge.py). The same OSC as here.
import { blockOf, encode } from './osc.js';

const AGAIN_MS = 1000;
const AWAY_MM = 900; // above the board: a marble that was put away is felt no more
const CUP_MM = 6; // a ball that is let go so near a known spot lies in its cup, as on the printed sheet
const POLES = { free: 0, up: 1, down: -1 };
const FULL = 1 << 16; // bytes that wait in the socket: more is not added, a place that is old is no place

const wayOf = (magnet) => `${magnet.held ? 'held' : 'free'} ${magnet.mode} ${magnet.out}`;

export class There {
  // tell: as Here's, and link(up). address: of the socket.
  constructor(address, tell) {
    this.address = address;
    this.tell = tell;
    this.meter = null;
    this.audio = null;
    this.underruns = 0;
    this.socket = null;
    this.left = false;
    this.world = false; // a simulated one answers
    this.ways = [];
    this.cup = null;
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
      if (this.left) return;
      this.tell.link(false);
      if (code !== 4401) setTimeout(() => this.connect(), AGAIN_MS);
    };
  }

  // For good.
  leave() {
    this.left = true;
    this.socket?.close();
  }

  // Whether it takes more. Of a link that is too slow the page says so; what a hand does meanwhile is not sent later.
  get open() {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    const full = this.socket.bufferedAmount >= FULL;
    if (full) this.tell.trouble('The link to the bridge is too slow: come nearer, or close other pages.');
    return !full;
  }

  send(packet) {
    if (this.open) this.socket.send(blockOf(packet));
  }

  // Hands move the marbles of a simulated world by OSC, too (`/sim/magnet`); a real board has no such hands. A magnet in a
  // hand is told at every move, one that was let go, turned over or put away once.
  place(field, list) {
    if (!this.world) return;
    list.forEach((magnet, i) => {
      const way = wayOf(magnet);
      const before = this.ways[i] ?? 'free free true';
      if (!magnet.held && way === before) return;
      this.ways[i] = way;
      this.tellPlace(i + 1, magnet);
    });
  }

  // The world itself has told how a magnet lies.
  knows(number, magnet) {
    this.ways[number - 1] = wayOf(magnet);
  }

  tellPlace(number, magnet) {
    const { cup } = this;
    const cupped = cup && !magnet.held && magnet.out && Math.hypot(magnet.x - cup.x, magnet.y - cup.y) < CUP_MM;
    const [x, y] = cupped ? [cup.x, cup.y] : [magnet.x, magnet.y];
    const free = magnet.out && !magnet.held && !cupped;
    this.send(encode('/sim/magnet', 'ifffii', number, x, y, magnet.out ? 0 : AWAY_MM, free ? 1 : 0, POLES[magnet.mode]));
  }

  // Words beside OSC.
  tellWords(words) {
    if (this.open) this.socket.send(JSON.stringify(words));
  }
}
