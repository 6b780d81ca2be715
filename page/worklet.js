// The instrument in the browser's audio thread. From the page: { field }, { osc }, { scene }, { capture }, { inputs }. To
// the page: { said }, { underruns }, { trouble }, { captured }, { cameAt, inputs }.
import { Instrument } from './instrument.js';

const TELL_EVERY = 4; // quanta, 12 ms: the page draws no faster

class Lodestone extends AudioWorkletProcessor {
  constructor({ processorOptions: { module, setup } }) {
    super();
    this.instrument = new Instrument(module, setup);
    this.quanta = 0;
    this.rendered = 0; // frames
    this.capture = null;
    this.port.onmessage = ({ data }) => this.obey(data);
    this.port.postMessage({ ready: true, troubles: this.instrument.troubles });
  }

  obey({ field, osc, scene, capture, ping, inputs }) {
    if (inputs !== undefined) this.port.postMessage({ cameAt: this.instrument.frames, inputs: inputs && this.instrument.inputs });
    if (field) this.instrument.setField(field);
    if (ping) this.port.postMessage({ pong: ping });
    if (osc) this.instrument.hear(osc);
    if (scene) this.port.postMessage({ added: scene.name, trouble: this.instrument.addScene(scene) });
    if (capture) this.capture = { sound: new Float32Array(capture), at: 0, from: this.rendered };
  }

  process(_, [[left, right]]) {
    const [first, second] = this.instrument.render(left.length);
    left.set(first);
    right?.set(second);
    if (this.capture) this.keep(first);
    this.rendered += left.length;
    if (++this.quanta % TELL_EVERY === 0) {
      const said = this.instrument.said();
      if (said) this.port.postMessage({ said, underruns: this.instrument.underruns }, [said.buffer]);
    }
    return true;
  }

  // What sounds, sample by sample, for whoever asked for it.
  keep(sound) {
    const { capture } = this;
    capture.sound.set(sound.subarray(0, capture.sound.length - capture.at), capture.at);
    capture.at += sound.length;
    if (capture.at < capture.sound.length) return;
    const captured = { sound: capture.sound, from: capture.from, ...this.instrument.consumed() };
    this.port.postMessage({ captured }, [capture.sound.buffer]);
    this.capture = null;
  }
}

registerProcessor('lodestone', Lodestone);
