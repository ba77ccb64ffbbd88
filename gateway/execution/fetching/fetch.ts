import type { CodedError } from '#platform/base/errors/errors.ts';
import type { SubgraphResponse } from '#platform/net/transport/transport.ts';
import type { Lookup } from '../../cache/fetch-cache.ts';
import type { RootFetch, Step } from '../planning/plan.ts';
import { type Data, own } from '../prepare/data.ts';
import { clientVariable } from '../prepare/names.ts';
import { type AskedFields, readAskedFields } from '../run/asked-fields.ts';
import { reportMissing, reportSubgraphError, visibleFields } from '../run/errors.ts';
import { merge } from '../run/merge.ts';
import { collectObjects, locateObjects, type ResponsePath } from '../run/paths.ts';
import { applyRewrites, renamedFields } from '../run/rewrites.ts';
import type { Run } from '../run/run.ts';
import { answerOf } from '../run/subgraph-answer.ts';
import { isPlainData } from '../writer/passthrough.ts';
import { compileEntityFetch } from './entities.ts';
import { asCoded, type Execute, type FetchScope } from './fetch-scope.ts';
import { createKeptFetch, noteKept, noteKnown, refresh } from './kept-fetch.ts';
import { RequestText } from './request-text.ts';

/**
 * Compiles a plan into functions: what runs beside what, and what after what. Root fields are fetched here, entities by
 * entities.ts; both ask by `send` of run/run.ts. A fetch with nothing to ask for returns undefined, so that no tick
 * is lost to it; a sequence always returns a promise.
 */
export function compileStep(step: Step, scope: FetchScope): Execute {
  switch (step.kind) {
    case 'root':
      return compileRootFetch(step, scope);
    case 'entities':
      return compileEntityFetch(step, scope);
    case 'condition': {
      const whenTrue = step.whenTrue && compileStep(step.whenTrue, scope);
      const whenFalse = step.whenFalse && compileStep(step.whenFalse, scope);
      const variable = clientVariable(step.variable);
      return (run) => (own(run.values, variable) === true ? whenTrue : whenFalse)?.(run);
    }
    case 'parallel': {
      const steps = step.steps.map((child) => compileStep(child, scope));
      return (run) => {
        const running = steps.map((execute) => execute(run)).filter((promise) => promise !== undefined);
        if (running.length === 0) return undefined;
        return running.length === 1 ? running[0] : Promise.all(running).then(nothing);
      };
    }
    case 'sequence': {
      const steps = step.steps.map((child) => compileStep(child, scope));
      return async (run) => {
        for (const execute of steps) {
          // After a stop every fetch fails at once; the steps still run, so that each reports its missing fields.
          const running = execute(run);
          if (running) await running;
        }
      };
    }
  }
}

const nothing = (): void => undefined;

/** Returns a fetch of root fields: the request to one subgraph, and its answer merged into the data of the run. */
function compileRootFetch(fetch: RootFetch, scope: FetchScope): Execute {
  const { subgraph, target, outputRewrites, operation } = fetch;
  const text = new RequestText(fetch, scope.literals);
  const observed = { subgraph, operation, entities: undefined };
  const renamed = renamedFields(outputRewrites);
  let fields: string[] | undefined;
  let asked: AskedFields | undefined;

  const placesOf = (run: Run): ResponsePath[] =>
    target.length === 0 ? [[]] : [...locateObjects(run.data, target, scope.satisfies).values()].flat();

  const isPassable = scope.passable === fetch;

  function receive(run: Run, objects: readonly Data[], response: SubgraphResponse): void {
    const { errors, extensions } = run.request;
    if (isPassable && response.bytes && !errors?.length && !extensions && isPlainData(response.bytes)) {
      run.bytes = response.bytes;
      return;
    }
    const result = answerOf(response);
    for (const error of result.errors) {
      const path = error.path?.map((part) => renamed.get(String(part)) ?? part);
      for (const place of path && target.length > 0 ? placesOf(run) : [[]]) {
        reportSubgraphError(run, subgraph, error, path && [...place, ...path]);
      }
    }
    if (!result.data) return;
    if (outputRewrites.length > 0) applyRewrites(outputRewrites, result.data, scope.satisfies);
    asked ??= readAskedFields(fetch.text, renamed);
    for (const object of objects) merge(object, result.data, scope.satisfies, objects.length === 1, asked);
  }

  function reportFailure(run: Run, error: CodedError): void {
    fields ??= visibleFields(fetch.text, renamed, target, scope.operation, scope.fragments);
    reportMissing(run, error, placesOf(run), fields);
  }

  const kept = operation === 'query' ? createKeptFetch(scope.cache, fetch, undefined) : undefined;

  /** Uses what is kept, or asks and keeps. */
  async function askKept(run: Run, objects: readonly Data[], looking: Promise<Lookup>): Promise<void> {
    const lookup = await looking;
    const [known] = lookup.known;
    if (!known) return ask(run, objects, lookup);
    noteKnown(run, subgraph, lookup);
    try {
      receive(run, objects, { result: { data: known.data } });
    } catch (error) {
      reportFailure(run, asCoded(error, run, subgraph));
    }
    if (!known.isToRefresh) return;
    refresh(run, async (detached) => {
      keep(detached, lookup, await detached.send(observed, text.request(detached)));
      detached.keep();
    });
  }

  function keep(run: Run, lookup: Lookup, response: SubgraphResponse): void {
    const { data, errors } = answerOf(response);
    const policy = lookup.policyOf(response.head);
    if (!data || errors.length > 0 || policy.maxAge === 0) return;
    noteKept(run, lookup, policy, [0]);
    // As it is now: merging makes its parts those of the answer.
    const json = JSON.stringify(data);
    run.later = [...(run.later ?? []), () => lookup.keep(0, json, policy, response.head)];
  }

  async function ask(run: Run, objects: readonly Data[], lookup?: Lookup): Promise<void> {
    let response: SubgraphResponse;
    try {
      response = await run.send(observed, text.request(run));
    } catch (error) {
      reportFailure(run, run.unreachable(subgraph, error));
      return;
    }
    try {
      if (lookup) keep(run, lookup, response);
      receive(run, objects, response);
    } catch (error) {
      reportFailure(run, asCoded(error, run, subgraph));
    }
  }

  return (run) => {
    const objects = target.length === 0 ? [run.data] : collectObjects(run.data, target, scope.satisfies);
    if (objects.length === 0) return undefined;
    const looking = kept?.look(
      run,
      () => text.variablesOf(run),
      () => [{ text: '', asked: text.request(run).variables! }],
    );
    return looking ? askKept(run, objects, looking) : ask(run, objects);
  };
}
