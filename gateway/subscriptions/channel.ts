import type { AnswerError } from '../execution/prepare/operation.ts';

/** The client's end of one operation, whichever protocol carries it. After its end nothing more is written. */
export interface Channel {
  /** Writes one answer. */
  next(json: string | Uint8Array): void;
  /** Ends the operation with errors. */
  error(errors: readonly AnswerError[]): void;
  complete(): void;
  /** Bytes that wait because the client does not read. */
  buffered(): number;
  /** Cuts a client that cannot even be told: WebSocket close code 4411, or the HTTP connection. */
  cut(reason: string): void;
}
