import { guarded } from '../base/faults/guarded.ts';
import type { Claim, Revocation, RevocationList } from './revocations.ts';

type Ended = (reason: 'expired' | 'revoked') => void;

interface Watcher {
  readonly claim: Claim;
  readonly end: Ended;
}

/** Longest a timer of Node can wait, in ms. */
const MAX_TIMER = 2 ** 31 - 1;

/** The watchers who want to know when an identity ends, found by what a revocation names. */
export class Watchers {
  readonly #bySubject = new Map<string, Set<Watcher>>();

  /**
   * @param expiresAt Unix seconds.
   * @param ended called once, unless the returned function was called before.
   */
  add(claim: Claim, expiresAt: number, ended: Ended): () => void {
    const subjects = subjectsOf(claim);
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      clearTimeout(timer);
      for (const subject of subjects) {
        const watchers = this.#bySubject.get(subject);
        if (watchers?.delete(watcher) && watchers.size === 0) this.#bySubject.delete(subject);
      }
    };
    const watcher: Watcher = {
      claim,
      end(reason) {
        stop();
        ended(reason);
      },
    };
    for (const subject of subjects) {
      const watchers = this.#bySubject.get(subject) ?? new Set();
      watchers.add(watcher);
      this.#bySubject.set(subject, watchers);
    }
    const wait = () => {
      const left = Math.max(expiresAt * 1000 - Date.now(), 0);
      const due = left <= MAX_TIMER ? () => watcher.end('expired') : wait;
      timer = setTimeout(guarded({ where: 'credentials' }, due), Math.min(left, MAX_TIMER));
      timer.unref();
    };
    wait();
    return stop;
  }

  /** Ends those whom the revocation concerns, now or when it takes effect. */
  tell(revocation: Revocation, list: RevocationList): void {
    const wait = revocation.kind === 'api_key' ? (revocation.from ?? 0) - Date.now() : 0;
    if (wait > 0) {
      const tell = guarded({ where: 'credentials' }, () => this.tell(revocation, list));
      setTimeout(tell, Math.min(wait + 1, MAX_TIMER)).unref();
      return;
    }
    const concerned = this.#bySubject.get(`${revocation.kind}:${revocation.id}`) ?? [];
    for (const watcher of [...concerned]) {
      // Each is another client's connection: one that fails must not keep the next one open.
      if (list.has(watcher.claim)) guarded({ where: 'credentials' }, () => watcher.end('revoked'))();
    }
  }
}

const subjectsOf = (claim: Claim): string[] =>
  [
    `user:${claim.userId}`,
    claim.sessionId && `session:${claim.sessionId}`,
    claim.apiKeyId && `api_key:${claim.apiKeyId}`,
    claim.keyId && `signing_key:${claim.keyId}`,
  ].filter((subject) => subject !== undefined && subject !== '') as string[];
