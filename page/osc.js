// OSC 1.0, one message a packet; and blocks of packets, as page and instrument exchange them: the length of each packet in
// two bytes, the higher first, then the packet (firmware/browser/page_wire.h, lodestone/page/bridge.py).

const latin = new TextDecoder('latin1');

function padded(text) {
  const bytes = new Uint8Array((text.length & ~3) + 4);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function word(write) {
  const bytes = new Uint8Array(4);
  write(new DataView(bytes.buffer));
  return bytes;
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// One message; `tags` are of i, f and s, one for each value.
export function encode(address, tags = '', ...values) {
  const parts = [padded(address), padded(',' + tags)];
  [...tags].forEach((tag, i) => {
    if (tag === 'f') parts.push(word((view) => view.setFloat32(0, values[i])));
    else if (tag === 'i') parts.push(word((view) => view.setInt32(0, values[i])));
    else parts.push(padded(values[i]));
  });
  return joined(parts);
}

// { address, values } of a message, or null for bytes that are none.
export function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const string = () => {
    let end = at;
    while (end < bytes.length && bytes[end]) ++end;
    if (end >= bytes.length) throw new RangeError('a text without an end');
    const text = latin.decode(bytes.subarray(at, end));
    at = (end & ~3) + 4;
    return text;
  };
  try {
    const address = string();
    const tags = string();
    if (address[0] !== '/' || tags[0] !== ',') return null;
    const values = [...tags.slice(1)].map((tag) => {
      if (tag === 's') return string();
      at += 4;
      if (tag === 'f') return view.getFloat32(at - 4);
      if (tag === 'i') return view.getInt32(at - 4);
      throw new RangeError(`a tag ${tag}`);
    });
    return { address, values };
  } catch {
    return null;
  }
}

// The packets of a block. A length that goes beyond the end ends it.
export function* packetsOf(block) {
  for (let at = 0; at + 2 <= block.length;) {
    const length = (block[at] << 8) | block[at + 1];
    if (at + 2 + length > block.length) return;
    yield block.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
}

export function blockOf(...packets) {
  return joined(packets.flatMap((packet) => [Uint8Array.of(packet.length >> 8, packet.length & 255), packet]));
}
