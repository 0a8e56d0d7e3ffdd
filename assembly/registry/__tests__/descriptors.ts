/** Descriptors of factories (assembly/registry/factory.ts), written piece by piece. */
export class Descriptor {
  bytes: Array<u8> = [];

  constructor(
    name: string,
    flags: i64 = 0,
    aliases: string = "",
    line: string = "",
    relation: string = "none",
    rank: i64 = 0,
  ) {
    this.text(name);
    this.int(rank);
    this.int(flags);
    this.text(aliases);
    this.text(line);
    this.text(relation);
  }

  int(v: i64): Descriptor {
    this.bytes.push(1);
    for (let i = 0; i < 8; i++) this.bytes.push(<u8>(v >> (i * 8)));
    return this;
  }

  text(s: string): Descriptor {
    const data = Uint8Array.wrap(String.UTF8.encode(s));
    this.bytes.push(2);
    for (let i = 0; i < 4; i++) this.bytes.push(<u8>(data.length >> (i * 8)));
    for (let i = 0; i < data.length; i++) this.bytes.push(data[i]);
    return this;
  }

  /** How many pads and properties follow. */
  counts(pads: i64, properties: i64): Descriptor {
    return this.int(pads).int(properties);
  }

  pad(name: string, direction: i64, presence: i64, caps: string, prefer: string = ""): Descriptor {
    return this.text(name).int(direction).int(presence).text(caps).text(prefer);
  }

  /** A property; its values follow. */
  property(
    name: string,
    type: i64,
    initial: string = "",
    low: string = "",
    high: string = "",
    values: i64 = 0,
    flags: i64 = 0,
  ): Descriptor {
    return this.text(name).int(type).int(flags).text(initial).text(low).text(high).int(values);
  }

  value(nick: string, v: i64): Descriptor {
    return this.text(nick).int(v);
  }

  /** The descriptor in memory; the caller keeps it while it is used. */
  data(): StaticArray<u8> {
    return StaticArray.fromArray<u8>(this.bytes);
  }
}
