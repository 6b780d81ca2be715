// Latents over the last seconds as lines, one above the other, and the spectrum of the sound.
import { calm, look } from './look.js';

const SECONDS = 8;
const CALM_EVERY_MS = 250;
const BARS = 56;
const LOWEST_HZ = 60;
const HIGHEST_HZ = 16000;
const FLOOR_DB = -95;
const TOP_DB = -22;

function fit(canvas) {
  const ratio = Math.min(devicePixelRatio, 2);
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const g = canvas.getContext('2d');
  g.clearRect(0, 0, width, height);
  return { g, width, height, ratio };
}

export class Score {
  constructor(canvas) {
    this.canvas = canvas;
    this.history = [];
    this.drawn = 0;
  }

  // latents: each -1..1, scaled by the voice's own spread.
  keep(now, latents) {
    this.history.push({ now, latents });
    while (this.history[0].now < now - SECONDS * 1000) this.history.shift();
  }

  draw(now, count) {
    if (calm() && now - this.drawn < CALM_EVERY_MS) return;
    this.drawn = now;
    const { g, width, height, ratio } = fit(this.canvas);
    const colours = look();
    const row = height / Math.max(count, 1);
    for (let z = 0; z < count; ++z) {
      const middle = (z + 0.5) * row;
      g.lineWidth = 1;
      g.strokeStyle = colours.dim;
      g.beginPath();
      g.moveTo(0, middle);
      g.lineTo(width, middle);
      g.stroke();
      g.lineWidth = 1.5 * ratio;
      g.strokeStyle = colours.latents[z % colours.latents.length];
      g.beginPath();
      for (const { now: then, latents } of this.history) {
        g.lineTo(width - ((now - then) / (1000 * SECONDS)) * width, middle - (latents[z] ?? 0) * row * 0.46);
      }
      g.stroke();
    }
  }
}

export class Spectrum {
  constructor(canvas) {
    this.canvas = canvas;
    this.bins = null;
  }

  draw(meter) {
    if (!meter) return;
    this.bins ??= new Float32Array(meter.frequencyBinCount);
    meter.getFloatFrequencyData(this.bins);
    const { g, width, height } = fit(this.canvas);
    const hertz = meter.context.sampleRate / meter.fftSize;
    g.fillStyle = `rgba(${look().ring},.75)`;
    for (let bar = 0; bar < BARS; ++bar) {
      const edge = (i) => LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (i / BARS) / hertz;
      const from = Math.floor(edge(bar));
      const to = Math.max(from + 1, Math.ceil(edge(bar + 1)));
      let level = FLOOR_DB;
      for (let bin = from; bin < to; ++bin) level = Math.max(level, this.bins[bin]);
      const tall = Math.min(1, (level - FLOOR_DB) / (TOP_DB - FLOOR_DB)) * height;
      g.fillRect((bar * width) / BARS, height - tall, width / BARS - 1, tall);
    }
  }
}
