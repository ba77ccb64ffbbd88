/** The bytes of one connection; null when it is gone. */
export type Packet = readonly [connection: number, bytes: Uint8Array | null];

/** The packets of many connections as one message: what a message costs is nearly the same whatever it holds. */
export interface Pack {
  readonly connections: readonly number[];
  /** Of each packet; -1 for null. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Packs packets in their order. Those of one connection that follow one another become one. */
export function pack(packets: readonly Packet[]): Pack {
  const bytes = new Uint8Array(packets.reduce((size, [, packet]) => size + (packet?.length ?? 0), 0));
  const connections: number[] = [];
  const lengths: number[] = [];
  let offset = 0;
  for (const [connection, packet] of packets) {
    const last = connections.length - 1;
    if (packet === null || connections[last] !== connection || lengths[last] === -1) {
      connections.push(connection);
      lengths.push(packet?.length ?? -1);
    } else lengths[last]! += packet.length;
    if (packet === null) continue;
    bytes.set(packet, offset);
    offset += packet.length;
  }
  return { connections, lengths, bytes };
}

/** Returns the packets of a message, in their order. They share its memory. */
export function* unpack({ connections, lengths, bytes }: Pack): Generator<Packet> {
  let offset = 0;
  for (const [index, connection] of connections.entries()) {
    const length = lengths[index]!;
    if (length < 0) yield [connection, null];
    else {
      yield [connection, bytes.subarray(offset, offset + length)];
      offset += length;
    }
  }
}
