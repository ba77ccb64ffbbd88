import type { SubgraphResponse } from '#platform/net/transport/transport.ts';
import { joinFetches, pickGroup } from '../planning/combine.ts';
import type { EntityFetch, EntityGroup } from '../planning/plan.ts';
import type { Data } from '../prepare/data.ts';
import { stringify } from '../prepare/json.ts';
import { createIsAsked } from './asked.ts';
import { collectHeld, contextValue } from './context.ts';
import { type Batch, type CompiledGroup, createEntityAnswers } from './entity-answers.ts';
import { type Added, type AddedVariable, asCoded, type Execute, type FetchScope, RequestText } from './fetch.ts';
import { collectObjects } from './paths.ts';
import { compileRepresenter } from './representation.ts';
import { renamedFields } from './rewrites.ts';
import type { Run } from './run.ts';

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

/** Returns a fetch of entity fields: one request for all groups. */
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
  const groups: CompiledGroup[] = fetch.groups.map((group) => ({
    ...group,
    representer: compileRepresenter(group.requires, group.inputRewrites, satisfies),
    renamed: renamedFields(group.outputRewrites),
    isAsked: createIsAsked(fetch, group, scope.full),
  }));
  const answers = createEntityAnswers(fetch, scope);
  /** Requests for one group each; made when a joined request has failed for one of them. */
  const single = new Map<CompiledGroup, RequestText>();
  const singleOf = (group: CompiledGroup): RequestText => {
    const known = single.get(group) ?? new RequestText(pickGroup(fetch, group), scope.literals);
    single.set(group, known);
    return known;
  };

  function gather(run: Run, group: CompiledGroup, given: readonly Data[] | undefined): Batch {
    const texts: string[] = [];
    const distinct: Data[] = [];
    const objects: Data[] = [];
    const slots: number[] = [];
    if (group.isAsked && !group.isAsked(run)) return { group, texts, distinct, objects, slots };
    const known = new Map<string, number>();
    const { targets } = group;
    const found =
      given ??
      (targets.length === 1
        ? collectObjects(run.data, targets[0]!, satisfies)
        : targets.flatMap((target) => collectObjects(run.data, target, satisfies)));
    for (const object of found) {
      const json = group.representer.json(object);
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
    return { group, texts, distinct, objects, slots };
  }

  async function ask(run: Run, batches: readonly Batch[], request: RequestText, added: Added): Promise<void> {
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
    const variables: Record<string, AddedVariable> = { ...added };
    for (const { group, texts, distinct } of batches) {
      variables[group.variable] = {
        json: () => `[${texts.join(',')}]`,
        value: () => distinct.map(group.representer.value),
      };
    }
    return ask(run, batches, text, variables);
  };
}

/** Those of the variables that one group uses. */
const addedTo = ({ variable, context }: CompiledGroup, added: Added): Added =>
  Object.fromEntries([variable, ...context.map((argument) => argument.variable)].map((name) => [name, added[name]!]));
