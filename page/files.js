// Where the page's data come from: files beside it, or, in the one file, elements of the page itself. All are packed the same
// way (lodestone/page/pack.py): their bytes by planes of four, then deflate.

const FOUR = 4;

async function inflate(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Bytes that were laid out plane by plane (all first bytes of words, all second ones ...), back in order.
function interleave(planes) {
  const words = Math.floor(planes.length / FOUR);
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < FOUR; ++plane) {
    for (let i = 0, from = plane * words; i < words; ++i) bytes[FOUR * i + plane] = planes[from + i];
  }
  bytes.set(planes.subarray(FOUR * words), FOUR * words);
  return bytes;
}

// In the one file a byte is a character of windows-1252; '=' and a byte 64 higher stand for the few that HTML would not keep.
function bytesOfText(text) {
  const byteOf = new Map();
  const table = new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, i) => i));
  for (let i = 0; i < 256; ++i) byteOf.set(table.charCodeAt(i), i);
  const bytes = new Uint8Array(text.length);
  let at = 0;
  for (let i = 0; i < text.length; ++i) {
    let code = text.charCodeAt(i);
    if (code === 61) bytes[at++] = (text.charCodeAt(++i) - 64) & 255;
    else bytes[at++] = code < 128 ? code : byteOf.get(code);
  }
  return bytes.subarray(0, at);
}

// The bytes of a data file, by name.
export async function load(name) {
  const inside = document.getElementById(`file:${name}`);
  if (inside) return interleave(await inflate(bytesOfText(inside.textContent)));
  const answer = await fetch(`data/${name}.packed`);
  if (!answer.ok) throw new Error(`wanted the file data/${name}.packed beside the page, got ${answer.status}: build the page again with make page`);
  return interleave(await inflate(new Uint8Array(await answer.arrayBuffer())));
}

export async function loadJson(name) {
  return JSON.parse(new TextDecoder().decode(await load(name)));
}

// The address of a script for addModule. A page from the disk may not load files or blobs there, but takes a data: address.
export function scriptAddress(name) {
  const inside = document.getElementById(`script:${name}`);
  return inside ? 'data:text/javascript;charset=utf-8,' + encodeURIComponent(inside.textContent) : name;
}
