// Scenes for a voice that did not come with the page.

const LONGEST = 24; // characters of a name

// [{ fact, spread }], one for each mapping. card: of the voice's plan. Throws what keeps it from playing.
export function scenesOf(title, card, facts) {
  if (card.kind !== 'voice') throw new Error(`wanted a plan of a voice, got one of a ${card.kind ?? 'graph without a card'}: drop the one that ends in .voice.plan`);
  const count = card.latents;
  const mean = card.latent?.mean ?? Array(count).fill(0);
  const std = card.latent?.std ?? Array(count).fill(1);
  const voice = freeName(title, facts.scenes.map((scene) => scene.voice));
  const latents = mean.map((m, z) => ({ words: `latent ${z + 1}`, mean: m, std: std[z] }));
  return Object.keys(facts.mappings).map((mapping, i) => {
    const { touch, knobs } = touchFor(count, mapping, facts.touches);
    const name = i === 0 ? voice : `${voice}-${mapping}`;
    const fact = { name, voice, hop: card.hop, delay: card.delay_samples, latents, knobs, mapping, touch, summary: `${title}, a voice of yours.` };
    return { fact, spread: [...mean, ...std] };
  });
}

// The smallest touch that has a value for each latent, else the largest.
function touchFor(count, mapping, touches) {
  const fit = touches.filter((touch) => touch.mapping === mapping).sort((a, b) => a.latents - b.latents);
  return fit.find(({ latents }) => latents >= count) ?? fit[fit.length - 1];
}

// OSC names of scenes are ASCII.
function freeName(title, taken) {
  const plain = title.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, LONGEST) || 'voice';
  let name = plain;
  for (let i = 2; taken.includes(name); ++i) name = `${plain}-${i}`;
  return name;
}
