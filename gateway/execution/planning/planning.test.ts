import { getOperationAST, parse, print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import { fragmentsOf } from '#platform/base/graphql/fragments.ts';
import { loadSupergraph } from '../../supergraph/supergraph.ts';
import { startTestGateway } from '../../testing/test-gateway.ts';
import { createCompiler } from '../engine/compile.ts';
import { createEngine } from '../engine/engine.ts';
import { normalize } from '../prepare/normalize.ts';
import { isPrepared } from '../prepare/operation.ts';
import { createOperations } from '../prepare/operations.ts';
import { manyPlansQuery, manyPlansSdl } from '../testing/many-plans.ts';
import { createNativePlanner } from './native-planner.ts';
import type { Planner, PlanRequest } from './planner.ts';
import { type PlannerPlace, Planning } from './planning.ts';

const sdl = manyPlansSdl();
const supergraph = await loadSupergraph({ sdl });
const QUICK = '{ node { id } }';
/**
 * Apollo's planner needs ten seconds for the first and minutes for the second; the native one seconds for the second.
 */
const SLOW = manyPlansQuery(3, 4);
const HOPELESS = manyPlansQuery(5, 4);
const LONG_MS = 600_000;

function asked(query: string, client = 'a'): PlanRequest {
  const document = parse(query);
  const normalized = normalize(getOperationAST(document)!, fragmentsOf(document), supergraph.apiSchema)!;
  return { ...normalized, text: print(normalized.document), client };
}

const QUICK_TEXT = asked(QUICK).text;

const settled: Promise<'settled'> = new Promise(() => undefined);
/** Whether a promise is settled by now. */
const isPending = async (promise: Promise<unknown>): Promise<boolean> =>
  (await Promise.race([
    promise.then(
      () => 'settled',
      () => 'settled',
    ),
    turn().then(() => 'pending'),
    settled,
  ])) === 'pending';
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const code = (error: { extensions: { code: string } }) => error.extensions.code;

/** A place whose planner knows quick operations at once, and works on others until it is ended. */
function quickOrNever(): PlannerPlace {
  const working = new Set<(error: Error) => void>();
  const plan = ({ text }: { text: string }) =>
    text === QUICK_TEXT
      ? Promise.resolve({ plan: { root: { kind: 'root' } }, isDoubted: false })
      : new Promise((_, reject) => working.add(reject));
  return {
    start() {},
    call: (async (method: string, given: { text: string }) => (method === 'plan' ? plan(given) : undefined)) as never,
    cpuMs: async () => performance.now(),
    kill() {
      for (const end of working) end(new CodedError('SERVICE_UNAVAILABLE', 'It has ended.'));
      working.clear();
    },
  } as PlannerPlace;
}

describe('planning', { timeout: 120_000 }, () => {
  it('never holds the loop, and ends after its time with advice', async () => {
    const planning = new Planning({ sdl, timeoutMs: 1_000, slowMs: 50 });
    const plan = planning.plan(asked(HOPELESS));
    let turns = 0;
    while (await isPending(plan)) turns++;
    expect(turns).toBeGreaterThan(10);
    await expect(plan).rejects.toMatchObject({
      message: expect.stringContaining('within 1000 ms. Nest it less deeply'),
      extensions: { code: 'OPERATION_TOO_COMPLEX', limit: 'PLANNING_TIMEOUT_MS' },
    });
  });

  it('takes the native planner’s answer where Apollo’s takes long', async () => {
    const planning = new Planning({ sdl, timeoutMs: LONG_MS, slowMs: 50 });
    const native = await createNativePlanner(sdl);
    expect(await planning.plan(asked(SLOW))).toEqual(await native.plan(asked(SLOW)));
  });

  it('of one client’s slow operations does not hold up what others ask, even several clients’', async () => {
    const planning = new Planning({ sdl, choice: 'apollo', timeoutMs: LONG_MS, slowMs: 20, open: quickOrNever });
    const slow = ['a', 'b', 'c'].map((client, i) => planning.plan(asked(manyPlansQuery(5, 4, i), client)));
    const failed = Promise.all(slow.map((one) => one.catch(() => undefined)));
    const plan = await planning.plan(asked(QUICK, 'd'));
    expect(plan.root).toMatchObject({ kind: 'root' });
    for (const one of slow) expect(await isPending(one)).toBe(true);
    void failed;
  });

  it('of the next operation of such a client waits in the slow lane, as many as fit', async () => {
    const planning = new Planning({ sdl, choice: 'apollo', timeoutMs: LONG_MS, slowMs: 20, open: quickOrNever });
    planning.plan(asked(HOPELESS, 'a')).catch(() => undefined);
    // Until it is known to be slow: then the next one of its client is not planned before another's.
    await planning.plan(asked(QUICK, 'c'));
    const more = Array.from({ length: 6 }, (_, i) => planning.plan(asked(`{ node { f${i} } }`, 'a')));
    for (const one of more) one.catch(() => undefined);
    await expect(more[5]).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfter: 5 } });
    await planning.plan(asked(QUICK, 'b'));
    expect(await isPending(more[0]!)).toBe(true);
  });

  it('tells what became of each operation, and how long it took', async () => {
    const told: [string, number, string][] = [];
    const planned = (...one: [string, number, string]): void => void told.push(one);
    // The quick one has all the time that a loaded machine may need.
    await new Planning({ sdl, timeoutMs: LONG_MS, slowMs: 0, planned }).plan(asked(QUICK));
    const hurried = new Planning({ sdl, choice: 'apollo', timeoutMs: 500, slowMs: LONG_MS, planned });
    await hurried.plan(asked(HOPELESS)).catch(() => undefined);
    expect(told.map(([outcome, , text]) => [outcome, text])).toEqual([
      ['slow', asked(QUICK).text],
      ['refused', asked(HOPELESS).text],
    ]);
    for (const [, ms] of told) expect(ms).toBeGreaterThan(0);
    const patient = new Planning({ sdl, timeoutMs: LONG_MS, slowMs: LONG_MS, planned });
    await patient.plan(asked(QUICK));
    expect(told[2]?.[0]).toBe('planned');
  });

  it('goes on after a thread has been ended', async () => {
    const planning = new Planning({ sdl, choice: 'apollo', timeoutMs: 2_000, slowMs: 50 });
    await expect(planning.plan(asked(HOPELESS))).rejects.toThrow('No plan');
    // Of the same client, so by the thread that has been ended.
    await planning.plan(asked(QUICK));
  });
});

describe('an operation that cannot be planned in time', { timeout: 120_000 }, () => {
  it('is refused at once the next time, with other values as well', async () => {
    const inner = new Planning({ sdl, timeoutMs: 500, slowMs: 50 });
    let plans = 0;
    const planner: Planner = {
      name: 'counting',
      plan(request) {
        plans++;
        return inner.plan(request);
      },
    };
    const operations = createOperations({ supergraph, compile: createCompiler({ supergraph, planner }) });
    const refusal = async (query: string) => {
      const prepared = await operations.prepare({ query });
      return isPrepared(prepared) ? undefined : prepared.map((error) => error.extensions['code']);
    };
    expect(await refusal(HOPELESS)).toEqual(['OPERATION_TOO_COMPLEX']);
    expect(await refusal(HOPELESS)).toEqual(['OPERATION_TOO_COMPLEX']);
    expect(await refusal(`# the same\n${HOPELESS}`)).toEqual(['OPERATION_TOO_COMPLEX']);
    expect(plans).toBe(1);
  });

  it('leaves the gateway healthy meanwhile', async () => {
    await using gateway = await startTestGateway(
      {},
      {
        supergraph: { sdl },
        compile: (loaded) => createEngine({ supergraph: loaded, planningTimeoutMs: 2_000 }),
        transports: new Map(),
      },
    );
    let isOpen = true;
    const answer = fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: HOPELESS }),
    }).then((response) => response.json());
    void answer.finally(() => {
      isOpen = false;
    });
    let healthy = 0;
    while (isOpen) {
      expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
      healthy++;
    }
    expect(healthy).toBeGreaterThan(2);
    expect(((await answer) as { errors: never[] }).errors.map(code)).toEqual(['OPERATION_TOO_COMPLEX']);
  });
});
