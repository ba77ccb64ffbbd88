import { type DocumentNode, parse } from 'graphql';
import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { SubgraphRequest } from '#platform/net/transport/transport.ts';
import type { Data } from '../prepare/data.ts';
import { quote, stringify } from '../prepare/json.ts';
import type { Literal } from '../prepare/literal-values.ts';
import { clientVariable } from '../prepare/names.ts';
import type { Run } from '../run/run.ts';

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
