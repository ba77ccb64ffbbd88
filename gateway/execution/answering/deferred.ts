import { type GraphQLCompositeType, type GraphQLFormattedError, type GraphQLSchema, isObjectType, Kind } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Coerced, Variables } from '#platform/base/graphql/coercion.ts';
import { fragmentsOf } from '#platform/base/graphql/fragments.ts';
import { parseObject } from '#platform/base/json/objects.ts';
import { compileStep } from '../fetching/fetch.ts';
import type { Execute, FetchScope } from '../fetching/fetch-scope.ts';
import { createBrings, divideSteps, leavesOf } from '../fetching/late-steps.ts';
import type { Plan, Step } from '../planning/plan.ts';
import { type Data, own } from '../prepare/data.ts';
import { alone, type Deferral, withoutFragments } from '../prepare/defers.ts';
import type { Introspected } from '../prepare/introspection.ts';
import { compileIntrospection } from '../prepare/introspection.ts';
import { type ClientName, clientVariable } from '../prepare/names.ts';
import type { AnswerPart, OperationAnswer, OperationRequest, PartsSink } from '../prepare/operation.ts';
import type { CompileInput } from '../prepare/operations.ts';
import { fieldsOf, responseName, selectionsOf } from '../run/client-place.ts';
import type { ExecutionObserver } from '../run/observer.ts';
import { isOneOf, locateObjects, type ResponsePath } from '../run/paths.ts';
import { type Noted, Run } from '../run/run.ts';
import { explainedBy } from '../writer/explained.ts';
import { compileWriter, type Writer } from '../writer/writer.ts';
import { refuse, writeAnswer } from './answer.ts';

export interface DeferredParts {
  readonly api: GraphQLSchema;
  readonly input: Pick<CompileInput, 'document' | 'operation'>;
  readonly deferrals: readonly Deferral[];
  readonly clientName: ClientName;
  readonly scope: FetchScope;
  readonly observer: ExecutionObserver;
  readonly limits: { readonly timeoutMs: number; readonly answerCharacters: number };
  readonly coerce: (given: Variables) => Coerced;
  /** Plans the operation so that what may come later is asked for by itself. */
  readonly plan: () => Promise<Pick<FetchScope, 'literals'> & { readonly plan: Plan }>;
  /** Answers in one piece. */
  readonly whole: (request: OperationRequest) => Promise<OperationAnswer>;
}

/** What runs of an operation before and after its first part, for some of its fragments. */
interface Layout {
  readonly now: Execute | undefined;
  readonly chains: readonly { readonly execute: Execute; readonly serves: readonly Later[] }[];
  readonly writer: Writer;
  readonly introspect: ((values: Variables) => Introspected) | undefined;
  /** Whether a place is one of the first part. */
  readonly isFirst: (path: ResponsePath) => boolean;
  readonly later: readonly Later[];
}

/** A fragment that comes later, and how its parts are written: by the type of the object. */
interface Later {
  readonly deferral: Deferral;
  readonly writerOf: (
    type: string,
  ) => { readonly writer: Writer; readonly introspect: Layout['introspect'] } | undefined;
}

/** An object that a part is of. */
interface Pending {
  readonly id: number;
  readonly object: Data;
  readonly type: GraphQLCompositeType;
  /** In the data of the plan, and in the client's answer. */
  readonly path: ResponsePath;
  readonly place: ResponsePath;
  readonly label: string | undefined;
}

const NOTHING: Introspected = [];

/** Combinations of conditions that one operation may have; with another one it is answered in one piece. */
const MAX_LAYOUTS = 16;

/**
 * Compiles an operation with fragments that may come later. Its first part is sent when what is needed for it has been
 * fetched, and each fragment when the fetches are done that bring something of it. What needs no fetch of its own comes
 * at once.
 */
export function compileDeferred(parts: DeferredParts): (request: OperationRequest, sink: PartsSink) => Promise<void> {
  const layouts = new Map<string, Promise<Layout | undefined>>();
  return async (request, sink) => {
    const coerced = parts.coerce(request.variables ?? {});
    if (coerced.errors) return sink.first(refuse(coerced.errors), []);
    const active = parts.deferrals.filter(
      ({ condition }) => condition === undefined || own(coerced.values, clientVariable(condition)) === true,
    );
    const key = parts.deferrals.map((one) => Number(active.includes(one))).join('');
    let layout = layouts.get(key);
    if (!layout) {
      if (layouts.size >= MAX_LAYOUTS) return sink.first(await parts.whole(request), []);
      layout = createLayout(parts, active);
      layouts.set(key, layout);
      layout.catch(() => layouts.delete(key));
    }
    const found = await layout.catch(() => undefined);
    if (!found) return sink.first(await parts.whole(request), []);
    const run = new Run(request, coerced.values, parts.observer, parts.scope.clientPlace);
    await run.within(parts.limits.timeoutMs, () => new Parts(parts, found, run, sink).send());
  };
}

/** @returns undefined where nothing of it comes later. */
async function createLayout(parts: DeferredParts, active: readonly Deferral[]): Promise<Layout | undefined> {
  const { input, api, clientName } = parts;
  const { plan, literals } = await parts.plan();
  if (!plan.root || plan.specialize) return undefined;
  const scope = { ...parts.scope, literals, passable: undefined };
  const without = (nodes: readonly Deferral[]) => {
    const document = withoutFragments(input.document, new Set(nodes.map(({ node }) => node)));
    const at = input.document.definitions.indexOf(input.operation);
    return { operation: document.definitions[at] as CompileInput['operation'], fragments: fragmentsOf(document) };
  };
  const least = without(active);
  const divided = divideSteps(plan.root, createBrings(least.operation, least.fragments, scope.full));
  const fragments = fragmentsOf(input.document);
  const servedBy = new Map<Step, Deferral[]>();
  for (const step of divided.later) {
    const leaves = leavesOf(step);
    const serves = active.filter((deferral) => {
      const operation = { ...input.operation, selectionSet: joined(deferral) };
      return leaves.some(createBrings(operation, fragments, scope.full));
    });
    servedBy.set(step, serves);
  }
  const late = active.filter((deferral) => [...servedBy.values()].some((serves) => serves.includes(deferral)));
  if (late.length === 0) return undefined;
  const later = late.map((deferral): Later => ({ deferral, writerOf: createWriterOf(deferral, parts) }));
  const first = without(late);
  const writer = compileWriter(api, first.operation, first.fragments, clientName);
  return {
    now: divided.now && compileStep(divided.now, scope),
    chains: divided.later.map((step) => ({
      execute: compileStep(step, scope),
      serves: later.filter(({ deferral }) => servedBy.get(step)!.includes(deferral)),
    })),
    writer,
    introspect: compileIntrospection(api, first.operation, first.fragments, writer.introspections),
    isFirst: createHolds(first.operation.selectionSet, first.fragments),
    later,
  };
}

const joined = (deferral: Deferral) => ({
  kind: Kind.SELECTION_SET as const,
  selections: alone(deferral).flatMap(({ selections }) => selections),
});

function createWriterOf({ selection }: Deferral, { api, input, clientName }: DeferredParts): Later['writerOf'] {
  const fragments = fragmentsOf(input.document);
  const writers = new Map<string, ReturnType<Later['writerOf']>>();
  return (name) => {
    if (!writers.has(name)) {
      const type = api.getType(name);
      if (!isObjectType(type)) return undefined;
      const operation = { ...input.operation, selectionSet: selection };
      const writer = compileWriter(api, operation, fragments, clientName, undefined, type);
      const introspect = compileIntrospection(api, operation, fragments, writer.introspections);
      writers.set(name, { writer, introspect });
    }
    return writers.get(name);
  };
}

/** Returns what tells whether a place is one that a selection asks for. */
function createHolds(set: CompileInput['operation']['selectionSet'], fragments: ReturnType<typeof fragmentsOf>) {
  return (path: ResponsePath): boolean => {
    let sets = [set];
    for (const part of path) {
      if (typeof part === 'number') continue;
      const found = fieldsOf(sets, fragments).filter((field) => responseName(field) === part);
      if (found.length === 0) return false;
      sets = selectionsOf(found);
    }
    return true;
  };
}

/** One answer in parts. */
class Parts {
  readonly #parts: DeferredParts;
  readonly #layout: Layout;
  readonly #run: Run;
  readonly #sink: PartsSink;
  readonly #told = new Set<Noted>();
  #written = 0;
  #ids = 0;

  constructor(parts: DeferredParts, layout: Layout, run: Run, sink: PartsSink) {
    this.#parts = parts;
    this.#layout = layout;
    this.#run = run;
    this.#sink = sink;
  }

  async send(): Promise<void> {
    const { now, writer, introspect, isFirst, chains, later } = this.#layout;
    const run = this.#run;
    if (now) await now(run);
    run.shows = (path) => isFirst(path);
    const limit = this.#parts.limits.answerCharacters;
    const first = writeAnswer(run, writer, introspect?.(run.values) ?? NOTHING, limit);
    for (const noted of run.noted()) if (noted.path === undefined || isFirst(noted.path)) this.#told.add(noted);
    run.shows = undefined;
    const pending = new Map(later.map((one) => [one, this.#pendingOf(one, String(first.json))]));
    const all = [...pending.values()].flat();
    const headers = run.headers?.finish(false);
    this.#sink.first(headers ? { ...first, headers } : first, all);
    if (all.length === 0) return;
    this.#written = first.json.length;
    const left = new Map(later.map((one) => [one, chains.filter(({ serves }) => serves.includes(one)).length]));
    let open = all.length;
    await Promise.all(
      chains.map(async ({ execute, serves }) => {
        await execute(run);
        for (const one of serves) {
          left.set(one, left.get(one)! - 1);
          const ready = left.get(one) === 0 ? pending.get(one)! : [];
          if (ready.length === 0) continue;
          open -= ready.length;
          this.#sink.next(this.#write(one, ready, open === 0));
        }
      }),
    );
    run.keep();
  }

  /** The objects that the first part has, and that the fragment is of. */
  #pendingOf({ deferral }: Later, first: string): Pending[] {
    const { scope, clientName } = this.#parts;
    const run = this.#run;
    const data = parseObject(first)?.['data'];
    return deferral.places.flatMap(({ path, type }) =>
      [...locateObjects(run.data, path, scope.satisfies)].flatMap(([object, places]) =>
        places.flatMap((one) => {
          const place = one.map((part) => (typeof part === 'string' ? clientName(part) : part));
          if (!isThere(data, place)) return [];
          const condition = conditionOf(deferral, this.#parts);
          const isOther =
            condition !== undefined &&
            typeof own(object, '__typename') === 'string' &&
            !isOneOf(object, [condition], scope.satisfies);
          if (isOther) return [];
          return [{ id: this.#ids++, object, type, path: one, place, label: deferral.label }];
        }),
      ),
    );
  }

  /** Writes the parts of one fragment. What failed and belongs nowhere else is told with the last. */
  #write(later: Later, ready: readonly Pending[], isLast: boolean): AnswerPart[] {
    const selects = createHolds(joined(later.deferral), fragmentsOf(this.#parts.input.document));
    const parts = ready.map((pending, n): AnswerPart => {
      const isOwn = ({ path }: Noted): boolean =>
        path !== undefined && startsWith(path, pending.path) && (selects(path) || path.length === pending.path.length);
      const rest = isLast && n === ready.length - 1;
      const errors = this.#take((noted) => rest || isOwn(noted));
      return this.#part(later, pending, errors);
    });
    return parts;
  }

  #take(isWanted: (noted: Noted) => boolean): GraphQLFormattedError[] {
    const wanted = this.#run.noted().filter((noted) => !this.#told.has(noted) && isWanted(noted));
    for (const noted of wanted) this.#told.add(noted);
    return wanted.flatMap((noted) => this.#run.told(noted) ?? []);
  }

  #part({ writerOf }: Later, pending: Pending, errors: GraphQLFormattedError[]): AnswerPart {
    const { id, object, type, place, label } = pending;
    const run = this.#run;
    const told = own(object, '__typename');
    const found = writerOf(typeof told === 'string' ? told : type.name);
    const unwritten = (error: GraphQLFormattedError): AnswerPart => ({
      ...{ id, place, label },
      data: 'null',
      errors: [...errors, error],
    });
    if (!found) {
      const message = 'Invalid __typename found for the object of a deferred fragment.';
      return unwritten({ message, path: place, extensions: { code: 'SUBGRAPH_INVALID_ANSWER' } });
    }
    const introspected = found.introspect?.(run.values) ?? NOTHING;
    const { text, misfits, absences } = found.writer.write(object, run.values, introspected);
    this.#written += text.length;
    if (this.#written > this.#parts.limits.answerCharacters) {
      const { message, extensions } = new CodedError(
        'OPERATION_TOO_COMPLEX',
        'The answer is too large; ask for less at once.',
      );
      return unwritten({ message, path: place, extensions });
    }
    const isAbsenceTold = run.lacksEntities || errors.length > 0;
    if (misfits || (absences && !isAbsenceTold)) {
      const isExplained = explainedBy(errors);
      const tracked = found.writer.track(object, run.values, introspected, (path) => isExplained([...place, ...path]));
      for (const misfit of isAbsenceTold ? tracked.misfits : [...tracked.misfits, ...tracked.absences]) {
        run.isInvalid = true;
        const path = [...place, ...misfit.path];
        errors.push({ ...misfit, path, extensions: { code: 'SUBGRAPH_INVALID_ANSWER' } });
      }
    }
    return { id, place, label, data: text, errors };
  }
}

function conditionOf({ node }: Deferral, { input }: DeferredParts): string | undefined {
  const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragmentsOf(input.document).get(node.name.value) : node;
  return fragment?.typeCondition?.name.value;
}

const startsWith = (path: ResponsePath, start: ResponsePath): boolean => start.every((part, i) => path[i] === part);

function isThere(data: unknown, place: ResponsePath): boolean {
  let value = data;
  for (const part of place) {
    if (typeof value !== 'object' || value === null) return false;
    value = own(value as Data, String(part));
  }
  return typeof value === 'object' && value !== null;
}
