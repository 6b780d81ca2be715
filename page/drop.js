// Voices of the player's own: a file dropped on the page, or chosen, plays under every mapping, beside those that ship.
// Plans are read here; an .onnx or .ts is compiled by the bridge that served the page, where there is one.
import { $ } from './text.js';

const LARGEST = 64e6; // bytes; the largest voices that a laptop plays come to a third of it
const COMPILED = /\.(onnx|ts)$/i;

const trouble = (wanted, got, what) => new Error(`wanted ${wanted}, got ${got}: ${what}`);

export class Drop {
  // player: has `addVoice(name, bytes)` and `panel`. compiler: the address of the bridge's, or null.
  constructor(player, compiler) {
    this.player = player;
    this.compiler = compiler;
    addEventListener('dragover', (event) => event.preventDefault());
    addEventListener('drop', (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) this.take(event.dataTransfer.files[0]);
    });
    const chooser = $('voice-file');
    chooser.onchange = () => {
      if (chooser.files.length) this.take(chooser.files[0]);
      chooser.value = '';
    };
    $('open').onclick = () => chooser.click();
  }

  // What cannot play is told in one sentence, and what sounds goes on.
  async take(file) {
    try {
      const plan = await this.plan(file);
      await this.player.addVoice(file.name.replace(/\.[^.]*$/, ''), plan);
    } catch (error) {
      this.player.panel.warn(error.message);
    }
  }

  async plan(file) {
    if (file.size > LARGEST) throw trouble(`a voice of at most ${LARGEST / 1e6} MB`, `${Math.ceil(file.size / 1e6)} MB`, 'quantize it');
    if (/\.plan$/i.test(file.name)) return new Uint8Array(await file.arrayBuffer());
    if (!COMPILED.test(file.name)) throw trouble('a voice, .plan (or, over the bridge, .onnx or .ts)', file.name, 'drop another file');
    if (!this.compiler) {
      const make = /\.ts$/i.test(file.name) ? `lodestone export ${file.name} -o voice.onnx, then lodestone compile voice.onnx` : `lodestone compile ${file.name}`;
      throw trouble('a .plan', file.name, `make one with ${make}, or drop it on the page of lodestone page`);
    }
    return this.compile(file);
  }

  async compile(file) {
    this.player.panel.warn(`${file.name} is being compiled.`);
    const address = new URL(this.compiler);
    address.searchParams.set('name', file.name);
    const answer = await fetch(address, { method: 'POST', body: file }).catch(() => null);
    if (!answer) throw trouble('the bridge that served this page', 'no answer', 'start lodestone page again');
    if (!answer.ok) throw new Error(await answer.text());
    this.player.panel.forget();
    return new Uint8Array(await answer.arrayBuffer());
  }
}
