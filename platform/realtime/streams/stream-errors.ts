/** The log does not hold the stream, or not from the position asked for: the database has it. */
export class StreamUnknownError extends Error {
  override name = 'StreamUnknownError';
  readonly stream: string;
  constructor(stream: string, why: string) {
    super(`Stream ${stream} ${why}.`);
    this.stream = stream;
  }
}

/** The error of a producer whose stream another one has taken: what it appends no longer counts. */
export class StreamFencedError extends Error {
  override name = 'StreamFencedError';
  constructor(stream: string, epoch: number) {
    super(`Stream ${stream} has been taken over; epoch ${epoch} may no longer write to it.`);
  }
}

/** The error of a stream that another producer holds, which is alive. */
export class StreamHeldError extends Error {
  override name = 'StreamHeldError';
  constructor(stream: string) {
    super(`Stream ${stream} has a live producer.`);
  }
}

export class StreamFinishedError extends Error {
  override name = 'StreamFinishedError';
  constructor(stream: string) {
    super(`Stream ${stream} has ended.`);
  }
}

export class StreamLimitError extends Error {
  override name = 'StreamLimitError';
  constructor(stream: string, limit: string) {
    super(`Stream ${stream} has reached its limit of ${limit}; finish it.`);
  }
}
