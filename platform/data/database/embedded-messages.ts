/** The bytes of one connection; null when it is gone. */
export type Piece = readonly [connection: number, bytes: Uint8Array | null];

/** The pieces of many connections as one message: what a message costs is nearly the same whatever it holds. */
export interface Pack {
  readonly connections: readonly number[];
  /** Of each piece; -1 for null. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Packs pieces in their order. Those of one connection that follow one another become one. */
export function pack(pieces: readonly Piece[]): Pack {
  const bytes = new Uint8Array(pieces.reduce((size, [, piece]) => size + (piece?.length ?? 0), 0));
  const connections: number[] = [];
  const lengths: number[] = [];
  let offset = 0;
  for (const [connection, piece] of pieces) {
    const last = connections.length - 1;
    if (piece === null || connections[last] !== connection || lengths[last] === -1) {
      connections.push(connection);
      lengths.push(piece?.length ?? -1);
    } else lengths[last]! += piece.length;
    if (piece === null) continue;
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return { connections, lengths, bytes };
}

/** Returns the pieces of a message, in their order. They share its memory. */
export function* unpack({ connections, lengths, bytes }: Pack): Generator<Piece> {
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
