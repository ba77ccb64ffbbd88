import type { SubgraphResponse } from '#platform/net/transport/transport.ts';
import type { Lookup } from '../../cache/fetch-cache.ts';
import { joinFetches, pickGroup } from '../planning/combine.ts';
import type { EntityFetch, EntityGroup } from '../planning/plan.ts';
import type { Data } from '../prepare/data.ts';
import { stringify } from '../prepare/json.ts';
import { type AskedFields, readAskedFields } from '../run/asked-fields.ts';
import { collectHeld, contextValue } from '../run/context.ts';
import { collectObjects } from '../run/paths.ts';
import { renamedFields } from '../run/rewrites.ts';
import type { Run } from '../run/run.ts';
import { answerOf } from '../run/subgraph-answer.ts';
import { createIsAsked } from './asked.ts';
import { type Batch, type CompiledGroup, createEntityAnswers } from './entity-answers.ts';
import { asCoded, type Execute, type FetchScope } from './fetch-scope.ts';
import { answersOf, type Division, divide } from './kept-entities.ts';
import { createKeptFetch, noteKnown, refresh } from './kept-fetch.ts';
import { compileRepresenter } from './representation.ts';
import { type Added, type AddedVariable, RequestText } from './request-text.ts';

/**
 * Runs a fetch for given objects.
 *
 * @param objectsOf the objects of a group; default: those at its targets.
 * @param added further variables.
 */
type EntityRun = (
  run: Run,
  objectsOf?: (group: number) => readonly Data[],
  added?: Readonly<Record<string, AddedVariable>>,
) => Promise<void> | undefined;

/**
 * Returns a fetch of entity fields: gathers the keys of the objects that the data of the run has by now, asks once (by
 * `send` of run/run.ts) for all groups of them, each entity once, and merges what is answered into those objects
 * (entity-answers.ts).
 */
export function compileEntityFetch(fetch: EntityFetch, scope: FetchScope): Execute {
  const [group] = fetch.groups;
  if (group && group.context.length > 0) return compileContextFetch(fetch, group, scope);
  const execute = compileEntities(fetch, scope);
  return (run) => execute(run);
}

/** Values of @fromContext that one request may have side by side. */
const MAX_CONTEXTS = 32;

/** Objects whose context is the same are asked for together, all of them in one request. */
function compileContextFetch(fetch: EntityFetch, { targets, context }: EntityGroup, scope: FetchScope): Execute {
  const { satisfies } = scope;
  const variants = new Map<number, { fetch: EntityFetch; execute: EntityRun }>();
  const variantOf = (copies: number): { fetch: EntityFetch; execute: EntityRun } => {
    let variant = variants.get(copies);
    if (!variant) {
      const joined = joinFetches(new Array<EntityFetch>(copies).fill(fetch));
      variant = { fetch: joined, execute: compileEntities(joined, scope) };
      variants.set(copies, variant);
    }
    return variant;
  };
  return (run) => {
    const byContext = new Map<string, { values: string[]; objects: Data[] }>();
    for (const held of targets.flatMap((target) => collectHeld(run.data, target, satisfies))) {
      const values = context.map((argument) => stringify(contextValue(held, argument, satisfies)));
      const known = byContext.get(values.join());
      if (known) known.objects.push(held.object);
      else byContext.set(values.join(), { values, objects: [held.object] });
    }
    const all = [...byContext.values()];
    const running: (Promise<void> | undefined)[] = [];
    for (let i = 0; i < all.length; i += MAX_CONTEXTS) {
      const part = all.slice(i, i + MAX_CONTEXTS);
      const variant = variantOf(part.length);
      const added: Record<string, AddedVariable> = {};
      for (const [n, { values }] of part.entries()) {
        for (const [k, argument] of variant.fetch.groups[n]!.context.entries()) {
          const text = values[k]!;
          added[argument.variable] = { json: () => text, value: () => JSON.parse(text) as unknown };
        }
      }
      running.push(variant.execute(run, (n) => part[n]!.objects, added));
    }
    return running.length > 0 ? Promise.all(running).then(() => undefined) : undefined;
  };
}

function compileEntities(fetch: EntityFetch, scope: FetchScope): EntityRun {
  const { subgraph } = fetch;
  const { satisfies } = scope;
  const text = new RequestText(fetch, scope.literals);
  const groups: CompiledGroup[] = fetch.groups.map((group) => {
    const renamed = renamedFields(group.outputRewrites);
    let asked: AskedFields | undefined;
    return {
      ...group,
      renamed,
      representer: compileRepresenter(group.requires, group.inputRewrites, satisfies),
      isAsked: createIsAsked(fetch, group, scope.full),
      kept: group.context.length > 0 ? undefined : createKeptFetch(scope.cache, fetch, group.alias),
      // Read at the first answer.
      asked() {
        asked ??= readAskedFields(fetch.text, renamed, group.alias);
        return asked;
      },
    };
  });
  const answers = createEntityAnswers(fetch, scope);
  /** Requests for one group each; made when a joined request has failed for one of them. */
  const single = new Map<CompiledGroup, RequestText>();
  const singleOf = (group: CompiledGroup): RequestText => {
    const known = single.get(group) ?? new RequestText(pickGroup(fetch, group), scope.literals);
    single.set(group, known);
    return known;
  };

  /** Undefined where nothing of one of the groups is kept. */
  function lookFor(run: Run, batches: readonly Batch[]): Looking[] | undefined {
    const looking: Looking[] = [];
    for (const batch of batches) {
      if (batch.texts.length === 0) continue;
      const questions = () => batch.texts.map((one) => ({ text: one, asked: JSON.parse(one) as Data }));
      const lookup = batch.group.kept?.look(run, () => text.variablesOf(run), questions);
      if (!lookup) return undefined;
      looking.push({ batch, lookup });
    }
    return looking;
  }

  function gather(run: Run, group: CompiledGroup, given: readonly Data[] | undefined): Batch {
    const texts: string[] = [];
    const distinct: Data[] = [];
    const objects: Data[] = [];
    const slots: number[] = [];
    const unsayable: Data[] = [];
    if (group.isAsked && !group.isAsked(run)) return { group, texts, distinct, objects, slots };
    const known = new Map<string, number>();
    const { targets } = group;
    const found =
      given ??
      (targets.length === 1
        ? collectObjects(run.data, targets[0]!, satisfies)
        : targets.flatMap((target) => collectObjects(run.data, target, satisfies)));
    for (const object of found) {
      let json: string | undefined;
      try {
        json = group.representer.json(object);
      } catch (error) {
        // The stack is at its end.
        if (!(error instanceof RangeError)) throw error;
        unsayable.push(object);
      }
      if (json === undefined) continue;
      let slot = known.get(json);
      if (slot === undefined) {
        slot = texts.length;
        known.set(json, slot);
        texts.push(json);
        distinct.push(object);
      }
      objects.push(object);
      slots.push(slot);
    }
    if (unsayable.length > 0) {
      const reason = new Error('A value of a scalar that a fetch needs is nested deeper than can be written.');
      answers.fail(run, [{ ...nothingOf(group), objects: unsayable }], asCoded(reason, run, subgraph));
    }
    return { group, texts, distinct, objects, slots };
  }

  /** Uses what is kept, asks for the rest and keeps it. */
  async function askKept(run: Run, looking: readonly Looking[], added: Added): Promise<void> {
    const all = await Promise.all(looking.map(async ({ batch, lookup }) => divide(batch, await lookup)));
    const known = all.filter(({ found }) => found.texts.length > 0);
    for (const { lookup } of known) noteKnown(run, subgraph, lookup);
    if (known.length > 0)
      answers.receive(
        run,
        known.map(({ found }) => found),
        answersOf(known),
      );
    const stale = all.filter(({ stale }) => stale.texts.length > 0);
    if (stale.length > 0) {
      const again = stale.map((one) => ({ ...one, missing: one.stale, questions: one.staleQuestions }));
      refresh(run, async (detached) => {
        const batches = again.map(({ missing }) => missing);
        const entities = batches.reduce((sum, { texts }) => sum + texts.length, 0);
        const sent = text.request(detached, variablesOf(allOf(batches), added));
        keep(detached, again, await detached.send({ subgraph, operation: 'query', entities }, sent));
        detached.keep();
      });
    }
    const missing = all.filter((one) => one.missing.texts.length > 0);
    if (missing.length === 0) return;
    const batches = missing.map((one) => one.missing);
    await ask(run, batches, text, variablesOf(allOf(batches), added), (response) => keep(run, missing, response));
  }

  /** A request for all groups wants a variable of each. */
  const allOf = (batches: readonly Batch[]): Batch[] => [
    ...batches,
    ...groups.filter((group) => !batches.some((batch) => batch.group === group)).map(nothingOf),
  ];

  /** Of an answer without errors, the entities that are there. */
  function keep(run: Run, asked: readonly Division[], response: SubgraphResponse): void {
    const { data, errors } = answerOf(response);
    if (!data || errors.length > 0) return;
    let isWhole = true;
    const later: (() => void)[] = [];
    for (const { lookup, missing, questions } of asked) {
      const entities = data[missing.group.alias];
      const policy = lookup.policyOf(response.head);
      // A list of another length does not tell whose its elements are.
      if (!Array.isArray(entities) || entities.length !== missing.texts.length || policy.maxAge === 0) return;
      for (const [slot, question] of questions.entries()) {
        const entity: unknown = entities[slot];
        if (typeof entity !== 'object' || entity === null) isWhole = false;
        else {
          const json = JSON.stringify(entity);
          later.push(() => lookup.keep(question, json, policy, response.head));
        }
      }
      if (run.keeping) for (const n of questions) run.keeping.add(policy, lookup.namesOf(n), lookup.tokens);
    }
    if (run.keeping && isWhole) run.keeping.kept++;
    run.later = [...(run.later ?? []), ...later];
  }

  async function ask(
    run: Run,
    batches: readonly Batch[],
    request: RequestText,
    added: Added,
    answered?: (response: SubgraphResponse) => void,
  ): Promise<void> {
    let entities = 0;
    for (const batch of batches) entities += batch.texts.length;
    let response: SubgraphResponse;
    try {
      response = await run.send({ subgraph, operation: 'query', entities }, request.request(run, added));
    } catch (error) {
      answers.fail(run, batches, run.unreachable(subgraph, error));
      return;
    }
    try {
      answered?.(response);
      const untold = answers.receive(run, batches, response);
      // One group's failure took the whole answer with it; what the others would have got is asked for again.
      await Promise.all(untold.map((batch) => ask(run, [batch], singleOf(batch.group), addedTo(batch.group, added))));
    } catch (error) {
      answers.fail(run, batches, asCoded(error, run, subgraph));
    }
  }

  return (run, objectsOf, added) => {
    const batches = groups.map((group, n) => gather(run, group, objectsOf?.(n)));
    if (batches.every((batch) => batch.texts.length === 0)) return undefined;
    const looking = scope.cache && lookFor(run, batches);
    if (looking) return askKept(run, looking, added ?? {});
    return ask(run, batches, text, variablesOf(batches, added ?? {}));
  };
}

/** A batch, and what the cache will say of it. */
interface Looking {
  readonly batch: Batch;
  readonly lookup: Promise<Lookup>;
}

/** The variables of a request for batches, beside those that are given. */
function variablesOf(batches: readonly Batch[], added: Added): Added {
  const variables: Record<string, AddedVariable> = { ...added };
  for (const { group, texts, distinct } of batches) {
    variables[group.variable] = {
      json: () => `[${texts.join(',')}]`,
      value: () => distinct.map(group.representer.value),
    };
  }
  return variables;
}

const nothingOf = (group: CompiledGroup): Batch => ({ group, texts: [], distinct: [], objects: [], slots: [] });

/** Those of the variables that one group uses. */
const addedTo = ({ variable, context }: CompiledGroup, added: Added): Added =>
  Object.fromEntries([variable, ...context.map((argument) => argument.variable)].map((name) => [name, added[name]!]));
