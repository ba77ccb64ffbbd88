import type { Http2SecureServer, Http2Session, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { guarded } from '../../base/faults/guarded.ts';
import type { Outlet, UnreadAnswers } from './unread-answers.ts';

/** NGHTTP2_ENHANCE_YOUR_CALM and NGHTTP2_CANCEL. Written out: Node's module is not loaded without a certificate. */
const ENHANCE_YOUR_CALM = 11;
export const CANCEL = 8;

/** Ends a session whose client sends too much of something, and says so. */
export const endSession = (session: Http2Session): void =>
  session.destroy(new Error('The client sends too much.'), ENHANCE_YOUR_CALM);

/** The bounds of what a client may do on a connection of HTTP/2 without asking for anything. */
export interface SessionBounds {
  /** How long a session without a stream is kept, in milliseconds. Pings prolong nothing. */
  readonly idleMs: number;
  /** Pings and settings between two looks. Each is answered, and costs no operation. */
  readonly maxControlFrames: number;
}

/** What is known of a session since the last look. */
interface Watched {
  readonly session: ServerHttp2Session;
  readonly streams: Set<ServerHttp2Stream>;
  controlFrames: number;
  /** Since when it has no stream, as `performance.now()` tells. */
  idleSince: number;
}

/** A stream as the watch for unread answers sees it. */
class StreamOutlet implements Outlet {
  readonly #stream: ServerHttp2Stream;
  #drained = 0;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    // A stream does not say what it has sent. When it asks for more, as much as it holds at most is gone.
    stream.on('drain', () => {
      this.#drained += stream.writableHighWaterMark;
    });
  }

  get writableLength(): number {
    return this.#stream.bufferSize;
  }

  get bytesWritten(): number {
    return this.#drained + this.#stream.bufferSize;
  }

  destroy(): void {
    this.#stream.close(CANCEL);
  }
}

/** A watch over the connections of HTTP/2 of a server. */
export class Http2Sessions {
  readonly #bounds: SessionBounds;
  readonly #cut: (reason: 'control_frames') => void;
  readonly #watched = new Set<Watched>();

  /** @param cut is told why a session is ended. */
  constructor(
    server: Http2SecureServer,
    bounds: SessionBounds,
    unread: UnreadAnswers,
    cut: (reason: 'control_frames') => void,
  ) {
    this.#bounds = bounds;
    this.#cut = cut;
    server.on(
      'session',
      guarded({ where: 'http2 session', end: (_, session) => session.destroy() }, (session: ServerHttp2Session) =>
        this.#watch(session, unread),
      ),
    );
  }

  get all(): readonly ServerHttp2Session[] {
    return [...this.#watched].map(({ session }) => session);
  }

  #watch(session: ServerHttp2Session, unread: UnreadAnswers): void {
    const watched: Watched = { session, streams: new Set(), controlFrames: 0, idleSince: performance.now() };
    this.#watched.add(watched);
    session.once('close', () => this.#watched.delete(watched));
    session.on('stream', (stream) => {
      const outlet = new StreamOutlet(stream);
      watched.streams.add(stream);
      unread.add(outlet);
      stream.once('close', () => {
        unread.delete(outlet);
        watched.streams.delete(stream);
        watched.idleSince = performance.now();
      });
    });
    const count = (): void => {
      watched.controlFrames++;
      if (watched.controlFrames > this.#bounds.maxControlFrames) this.#calm(session);
    };
    session.on('ping', count);
    session.on('remoteSettings', count);
  }

  /** Ends the sessions on which nothing has been asked for too long. @param now as `performance.now()` tells. */
  look(now: number): void {
    for (const { session, streams, idleSince } of this.#watched) {
      if (streams.size > 0 || now - idleSince < this.#bounds.idleMs) continue;
      // One whose client does not read does not hear that it ends.
      if (session.closed) session.destroy();
      else session.close();
    }
    for (const watched of this.#watched) watched.controlFrames = 0;
  }

  #calm(session: ServerHttp2Session): void {
    if (session.destroyed) return;
    this.#cut('control_frames');
    endSession(session);
  }
}
