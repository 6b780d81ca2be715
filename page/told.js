// What the instrument has told, by the names of definitions/osc.toml (facts.json carries that table).
import { decode, packetsOf } from './osc.js';

export class Told {
  // table: { address: [[field, count], ...] }; count 0 is as many as there are.
  constructor(table) {
    this.table = table;
    this.packets = 0;
    this.tap = () => {}; // hears every message as it came: { address, values }
  }

  // The fields of a message by name, with its address; null for what is not in the table.
  name(message) {
    const fields = this.table[message.address];
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
      const message = decode(packet);
      if (!message) continue;
      this.tap(message);
      const named = this.name(message);
      if (named) hear[named.address]?.(named);
    }
  }
}
