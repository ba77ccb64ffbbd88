const PARSE = 0x50;
const PARSE_COMPLETE = 0x31;
const ERROR_RESPONSE = 0x45;
/** Postgres' answer to Parse. */
const PARSED = new Uint8Array([PARSE_COMPLETE, 0, 0, 0, 4]);

/** A batch as the session is to run it, with what is answered for it. */
export interface Shared {
  readonly bytes: Uint8Array;
  /** The answer to what is left out, which comes before all others. */
  readonly answer: Uint8Array | undefined;
  /** To be called with each piece of the answer. */
  answered(data: Uint8Array): void;
}

/**
 * The prepared statements of a session that many connections share. Each connection of the driver prepares for itself;
 * the first one's statement serves all, since a name says the same in each (`StatementNames`).
 */
export class SharedStatements {
  readonly #known = new Map<string, Uint8Array>();

  /** Takes a batch, which the driver begins with Parse where it prepares. */
  take(bytes: Uint8Array): Shared {
    const parse = bytes[0] === PARSE ? bytes.subarray(0, 1 + lengthOf(bytes)) : undefined;
    const name = parse && nameOf(parse);
    if (parse === undefined || name === '' || name === undefined)
      return { bytes, answer: undefined, answered: () => {} };
    const known = this.#known.get(name);
    // Another text by this name is refused by Postgres, which says so better.
    if (known && Buffer.compare(known, parse) === 0) {
      return { bytes: bytes.subarray(parse.length), answer: PARSED.slice(), answered: () => {} };
    }
    let isAnswered = false;
    return {
      bytes,
      answer: undefined,
      answered: (data) => {
        if (isAnswered) return;
        const said = saysOf(data);
        isAnswered = said !== undefined;
        if (said === 'parsed') this.#known.set(name, parse.slice());
      },
    };
  }
}

/** Returns whether the statement was prepared; undefined where nothing but notices has come, which go before that. */
function saysOf(data: Uint8Array): 'parsed' | 'refused' | undefined {
  for (let offset = 0; offset + 5 <= data.length; offset += 1 + lengthOf(data.subarray(offset))) {
    if (data[offset] === PARSE_COMPLETE) return 'parsed';
    if (data[offset] === ERROR_RESPONSE) return 'refused';
  }
  return undefined;
}

const lengthOf = (message: Uint8Array): number =>
  new DataView(message.buffer, message.byteOffset, message.length).getInt32(1);

const nameOf = (parse: Uint8Array): string => Buffer.from(parse.subarray(5, parse.indexOf(0, 5))).toString('latin1');
