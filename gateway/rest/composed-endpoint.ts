import type { GraphQLSchema } from 'graphql';
import type { DoorOperation } from '../doors/operations.ts';
import type { Named, Schema } from '../doors/schemas.ts';
import type { Described } from './endpoints.ts';
import type { Exchange } from './exchange.ts';

/** A route that takes several operations, one after the other. */
export interface Composed extends Described {
  readonly operations: readonly DoorOperation[];
  /** Whether a form with a file may be sent, too: its body is the answer's to read. */
  readonly takesFile?: boolean;
  answer(exchange: Exchange): Promise<void>;
  /** Returns its part of the OpenAPI document, beside name and summary. */
  describe(schema: GraphQLSchema, named: Named, refusals: Schema): Schema;
}
