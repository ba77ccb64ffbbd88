import type { GraphQLSchema } from 'graphql';
import type { DoorOperation } from '../doors/operations.ts';
import type { Schema } from '../doors/schemas.ts';
import type { Visit } from '../doors/visit.ts';

/** A call of a tool. */
export interface ToolCall {
  readonly visit: Visit;
  readonly schema: GraphQLSchema;
  readonly given: Readonly<Record<string, unknown>>;
  /** Tells the client what has come so far; does nothing where it did not ask to hear. */
  readonly progress: (message: string) => void;
}

/** A tool as the protocol describes it, and what answers it. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly hints: Readonly<Record<string, boolean>>;
  /** The scope without which the tool is not shown. */
  readonly scope?: string;
  /** The operations that a call runs; absent where the caller brings its own. */
  readonly operations?: readonly DoorOperation[];
  input(schema: GraphQLSchema): Schema;
  output(schema: GraphQLSchema): Schema;
  /** @throws {GraphQLError} why not. */
  call(call: ToolCall): Promise<Readonly<Record<string, unknown>>>;
}
