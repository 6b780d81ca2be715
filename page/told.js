// What the instrument has told, by the names of definitions/osc.toml (facts.json carries that table).
import { decode, packetsOf } from './osc.js';

export class Told {
  // table: { address: [[field, count], ...] }; count 0 is as many as there are.
  constructor(table) {
    this.table = table;
    this.packets = 0;
  }

  // The fields of a packet by name, with its address; null for what is no message of the table.
  read(packet) {
    const message = decode(packet);
    const fields = message && this.table[message.address];
    if (!fields) return null;
    const named = { address: message.address };
    let at = 0;
    for (const [name, count] of fields) {
      const end = count === 0 ? message.values.length : at + count;
      const values = message.values.slice(at, end);
      named[name] = count === 1 ? values[0] : values;
      at = end;
    }
    return named;
  }

  // Calls hear[address](fields) for each message of a block that somebody listens to.
  hearAll(block, hear) {
    for (const packet of packetsOf(block)) {
      ++this.packets;
      const named = this.read(packet);
      if (named) hear[named.address]?.(named);
    }
  }
}
