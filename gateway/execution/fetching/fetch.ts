import { type DocumentNode, type GraphQLSchema, type OperationDefinitionNode, parse } from 'graphql';
import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { SubgraphRequest, SubgraphResponse } from '#platform/net/transport/transport.ts';
import type { FetchCache, Lookup } from '../../cache/fetch-cache.ts';
import type { RootFetch } from '../planning/plan.ts';
import type { Data } from '../prepare/data.ts';
import { quote, stringify } from '../prepare/json.ts';
import type { Literal } from '../prepare/literal-values.ts';
import { clientVariable } from '../prepare/names.ts';
import type { ClientPlace } from '../run/client-place.ts';
import { reportMissing, reportSubgraphError, visibleFields } from '../run/errors.ts';
import { merge } from '../run/merge.ts';
import { collectObjects, locateObjects, type ResponsePath } from '../run/paths.ts';
import { applyRewrites, renamedFields } from '../run/rewrites.ts';
import type { Run } from '../run/run.ts';
import { answerOf } from '../run/subgraph-answer.ts';
import type { Satisfies } from '../run/types.ts';
import { isPlainData } from '../writer/passthrough.ts';
import { createKeptFetch, noteKept, noteKnown, refresh } from './kept-fetch.ts';

/** A compiled step of a plan. It never rejects: what fails is in the run's errors. */
export type Execute = (run: Run) => Promise<void> | undefined;

/** The facts that compiling a fetch needs to know of its operation. */
export interface FetchScope {
  /** With the response names of the plan. */
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  /** Of places in what subgraphs answer. */
  readonly clientPlace: ClientPlace;
  readonly satisfies: Satisfies;
  /** The whole graph. */
  readonly full: GraphQLSchema;
  /** Values of the variables that stand for the operation's literals in the plan. */
  readonly literals: ReadonlyMap<string, Literal>;
  /** The fetch whose bytes can be the client's answer as they are. */
  readonly passable?: RootFetch | undefined;
  /** Undefined where nothing that is fetched is kept. */
  readonly cache?: FetchCache | undefined;
}

/** A variable that the gateway adds, made in the form that the transport asks for. */
export interface AddedVariable {
  json(): string;
  value(): unknown;
}

/** The variables that the gateway adds, by name. */
export type Added = Readonly<Record<string, AddedVariable>>;

/** The request text of a fetch, escaped once: what varies are the variables. */
export class RequestText {
  readonly query: string;
  readonly operationName: string | undefined;
  /** Of the client. */
  readonly variables: readonly { readonly name: string; readonly clientName: string; readonly key: string }[];
  /** Values of the operation itself. */
  readonly literals: readonly { readonly name: string; readonly key: string; readonly literal: Literal }[];
  /** The body as far as it is always the same. */
  readonly prefix: string;
  /** The variables that are always the same, as JSON without braces. */
  readonly constants: string;
  #document: DocumentNode | undefined;

  constructor(
    fetch: { text: string; operationName: string | undefined; variables: readonly string[] },
    literals: ReadonlyMap<string, Literal>,
  ) {
    this.query = fetch.text;
    this.operationName = fetch.operationName;
    const variables = fetch.variables.map((name) => {
      return { name, clientName: clientVariable(name), key: `${quote(name)}:`, literal: literals.get(name) };
    });
    this.variables = variables.filter(({ literal }) => literal === undefined);
    this.literals = variables.flatMap(({ literal, ...rest }) => (literal ? [{ ...rest, literal }] : []));
    const name = fetch.operationName === undefined ? '' : `,"operationName":${quote(fetch.operationName)}`;
    this.prefix = `{"query":${JSON.stringify(fetch.text)}${name}`;
    const constants = this.literals.filter(({ literal }) => literal.constant !== undefined);
    this.constants = constants.map(({ key, literal }) => `,${key}${literal.constant}`).join('');
  }

  get document(): DocumentNode {
    this.#document ??= parse(this.query, { noLocation: true });
    return this.#document;
  }

  /** The variables of a run as JSON without braces, each with a comma before it. */
  variablesOf(run: Run): string {
    let variables = this.constants;
    for (const { clientName, key } of this.variables) {
      const value = run.variable(clientName);
      if (value !== undefined) variables += `,${key}${stringify(value)}`;
    }
    for (const { key, literal } of this.literals) {
      if (literal.constant !== undefined) continue;
      variables += `,${key}${literal.json((one) => run.variable(clientVariable(one)))}`;
    }
    return variables;
  }

  /** @param added variables beside the client's. */
  request(run: Run, added?: Added): SubgraphRequest {
    return new FetchRequest(this, run, added);
  }
}

/** One request of a run. A transport takes the body or the variables, so each is made when it is asked for. */
class FetchRequest implements SubgraphRequest {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly identity: Identity;
  readonly client: ClientInfo | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly signal: CancelSignal;
  readonly #text: RequestText;
  readonly #run: Run;
  readonly #added: Added | undefined;

  constructor(text: RequestText, run: Run, added: Added | undefined) {
    const { request } = run;
    this.query = text.query;
    this.operationName = text.operationName;
    this.identity = request.identity;
    this.client = request.client;
    this.headers = request.headers;
    this.requestId = request.requestId;
    this.traceparent = request.traceparent;
    this.signal = run.cancellation;
    this.#text = text;
    this.#run = run;
    this.#added = added;
  }

  get document(): DocumentNode {
    return this.#text.document;
  }

  get variables(): Data {
    const values: Data = {};
    for (const name in this.#added) values[name] = this.#added[name]!.value();
    for (const { name, clientName } of this.#text.variables) {
      const value = this.#run.variable(clientName);
      if (value !== undefined) values[name] = value;
    }
    for (const { name, literal } of this.#text.literals) {
      values[name] = literal.value((one) => this.#run.variable(clientVariable(one)));
    }
    return values;
  }

  body(): string {
    let variables = this.#text.variablesOf(this.#run);
    for (const name in this.#added) variables += `,${quote(name)}:${this.#added[name]!.json()}`;
    const { prefix } = this.#text;
    return variables === '' ? `${prefix}}` : `${prefix},"variables":{${variables.slice(1)}}}`;
  }
}

/** Returns a fetch of root fields. */
export function compileRootFetch(fetch: RootFetch, scope: FetchScope): Execute {
  const { subgraph, target, outputRewrites, operation } = fetch;
  const text = new RequestText(fetch, scope.literals);
  const observed = { subgraph, operation, entities: undefined };
  const renamed = renamedFields(outputRewrites);
  let fields: string[] | undefined;

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
    for (const object of objects) merge(object, result.data, scope.satisfies, objects.length === 1);
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
    refresh(run, async (own) => {
      keep(own, lookup, await own.send(observed, text.request(own)));
      own.keep();
    });
  }

  function keep(run: Run, lookup: Lookup, response: SubgraphResponse): void {
    const { data, errors } = answerOf(response);
    const policy = lookup.policyOf(response.head);
    if (!data || errors.length > 0 || policy.maxAge === 0) return;
    noteKept(run, lookup, policy, [0]);
    // As it is now: merging makes its parts those of the answer.
    const json = JSON.stringify(data);
    run.later = [...(run.later ?? []), () => lookup.keep(0, json, policy)];
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

/** Failures that are not coded are the subgraph's or our own fault; the observer gets them, the client does not. */
export function asCoded(error: unknown, run: Run, subgraph: string): CodedError {
  if (error instanceof CodedError) return error;
  run.observer.failed?.(subgraph, error, run.request);
  return new CodedError('SUBGRAPH_UNAVAILABLE', 'This part of the graph gave an answer that cannot be used.');
}
