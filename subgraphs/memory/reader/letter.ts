/** An e-mail as it is read, whatever format it came in. */
export interface Letter {
  readonly subject: string | undefined;
  /** Who wrote it to whom and when: what a line of each says, after its name. */
  readonly about: readonly (readonly [name: string, value: string])[];
  readonly text: string;
  readonly html: string;
  readonly attached: readonly Attached[];
}

/** A thing that is attached to an e-mail: a file, or an e-mail. */
export interface Attached {
  readonly name: string | undefined;
  /** The media type, as declared. */
  readonly type: string;
  readonly content: string | Uint8Array;
  /** Reads it, where it is an e-mail that is not a file of its own. */
  readonly letter?: () => Letter;
}

/** Attachments of an e-mail that are looked at. */
export const MAX_ATTACHMENTS = 200;
