import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '#platform/base/config/config.ts';
import { Breaker } from '#platform/base/faults/breaker.ts';
import { LastCalls } from '#platform/base/faults/call-windows.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import type { PolicyCaller, PolicyEvaluator } from './policies.ts';

const MAX_CACHED = 50_000;
/** After so many failures in a row the hook is left alone for a while, and callers are refused at once. */
const FAILURES = 5;
const REST_MS = 1_000;
const circuit = () => ({
  window: new LastCalls(FAILURES, { threshold: (FAILURES - 0.5) / FAILURES, least: FAILURES }),
  openMs: REST_MS,
  maxOpenMs: REST_MS,
});

const hookAnswer = z.object({ granted: z.array(z.string()) });

/**
 * Asks an HTTP server which policies are granted: POST `{policies, identity, headers, requestId}`, answered by
 * `{"granted": […]}`. Each decision is kept for POLICY_CACHE_MS, by everything that the hook is told of a caller; equal
 * questions at the same time are one request. It fails closed: whatever is wrong with the hook rejects.
 *
 * @param url user and password in it are sent as basic authorization.
 */
export function createPolicyHook(
  url: string,
  config: Pick<Config, 'POLICY_TIMEOUT_MS' | 'POLICY_CACHE_MS'>,
  log: Logger,
): PolicyEvaluator {
  const decisions = recentlyUsed<boolean>(MAX_CACHED, { ttl: Math.max(1, config.POLICY_CACHE_MS) });
  const asking = new Map<string, Promise<ReadonlySet<string>>>();
  const breaker = new Breaker(circuit(), (isOpen) => {
    if (isOpen) log.error({ restMs: REST_MS }, 'the policy hook does not answer: fields with @policy are refused');
    else log.info('the policy hook answers again');
  });

  const target = new URL(url);
  const { username } = target;
  const credentials = Buffer.from(`${decoded(username)}:${decoded(target.password)}`).toString('base64');
  const ownHeaders = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(username !== '' && { authorization: `Basic ${credentials}` }),
  };
  target.username = '';
  target.password = '';

  async function call(policies: readonly string[], caller: PolicyCaller): Promise<ReadonlySet<string>> {
    const { identity, headers, requestId } = caller;
    const response = await fetch(target, {
      method: 'POST',
      headers: { ...ownHeaders, 'x-request-id': requestId },
      body: JSON.stringify({ policies, identity, headers: headers ?? {}, requestId }),
      redirect: 'error',
      signal: AbortSignal.timeout(config.POLICY_TIMEOUT_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`POLICY_URL answered ${response.status}.`);
    }
    const answer = hookAnswer.safeParse(await response.json());
    if (!answer.success) throw new Error('POLICY_URL did not answer {"granted": […]} with names of policies.');
    return new Set(answer.data.granted);
  }

  async function ask(policies: readonly string[], caller: PolicyCaller): Promise<ReadonlySet<string>> {
    // These refusals are many, and the breaker has said why.
    if (!breaker.enter()) throw new Error('POLICY_URL does not answer.');
    try {
      const granted = await call(policies, caller);
      breaker.succeeded();
      return granted;
    } catch (error) {
      breaker.failed();
      log.warn({ err: error, requestId: caller.requestId }, 'the policy hook could not be asked');
      throw error;
    }
  }

  return async (policies, caller) => {
    const who = digestOf(caller);
    const keyOf = (policy: string): string => `${who} ${policy}`;
    const unknown = policies.filter((policy) => decisions.get(keyOf(policy)) === undefined);
    const known = policies.filter((policy) => decisions.get(keyOf(policy)) === true);
    if (unknown.length === 0) return known;
    const question = keyOf(JSON.stringify(unknown));
    let answer = asking.get(question);
    if (!answer) {
      answer = ask(unknown, caller).finally(() => asking.delete(question));
      asking.set(question, answer);
    }
    const granted = await answer;
    if (config.POLICY_CACHE_MS > 0) {
      for (const policy of unknown) decisions.set(keyOf(policy), granted.has(policy));
    }
    return [...known, ...unknown.filter((policy) => granted.has(policy))];
  };
}

/** Equal for callers of whom the hook is told the same; no credentials are kept. */
const digestOf = ({ identity, headers }: PolicyCaller): string =>
  createHash('sha256')
    .update(JSON.stringify([identity, headers]))
    .digest('base64url');

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that stands for itself
  }
}
