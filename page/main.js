// Opens the page.
import { loadJson } from './files.js';
import { Player } from './player.js';
import { $ } from './text.js';

// `?board` joins the page to a board over the bridge that served it; `&token=` opens a bridge that is shared.
function bridgeAddress() {
  const asked = new URLSearchParams(location.search);
  if (!asked.has('board')) return null;
  const token = asked.get('token');
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}/play${token ? `?token=${encodeURIComponent(token)}` : ''}`;
}

async function open() {
  $('start').disabled = true;
  const bridge = bridgeAddress();
  const player = new Player(await loadJson('facts.json'), bridge);
  window.lodestone = player; // for tests, and for who opens the console
  player.run();
  await player.instrument.prepare();
  player.prepared = true;
  $('start').disabled = false;
  $('pieces').classList.add('waits');
  performance.mark('lodestone-ready');
  const resume = () => player.instrument.audio?.state === 'suspended' && player.instrument.audio.resume();
  for (const kind of ['pointerup', 'keydown']) addEventListener(kind, resume);
  if (bridge) player.start(); // a board sounds by itself: there is nothing to wait for
}

open().catch((error) => {
  $('verdict').textContent = error.message;
  $('verdict').classList.add('long');
});
