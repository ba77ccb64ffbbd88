import type { GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Fragments } from '../fragments.ts';
import type { Introspected } from '../introspection.ts';
import type { Data } from '../merge.ts';
import type { Variables } from '../variables.ts';
import { generateWriter, type Visible } from './generate.ts';
import { type Misfit, Support } from './support.ts';

type Write = (data: Data, variables: Variables, introspected: Introspected) => string | undefined;

/** Writes the `data` of one operation's answers. */
export interface Writer {
  /** JSON text of the data; `misfits` says whether there were values that do not fit the schema and became null. */
  write(data: Data, variables: Variables, introspected: Introspected): { text: string; misfits: boolean };
  /** The values that do not fit, for the same arguments. Slower, and compiled at its first use. */
  misfits(data: Data, variables: Variables, introspected: Introspected): Misfit[];
}

/**
 * @param visible what may be shown of the operation; the rest is null, whatever the data holds. Default: all.
 */
export function compileWriter(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  visible?: Visible,
): Writer {
  const compile = (track: boolean): { support: Support; write: Write } => {
    const support = new Support();
    // Nothing of a client gets into the source but names that are GraphQL names, as string literals or properties.
    const make = new Function('h', generateWriter(schema, operation, fragments, track, visible).source);
    return { support, write: make(support) as Write };
  };
  const fast = compile(false);
  let tracking: ReturnType<typeof compile> | undefined;
  return {
    write(data, variables, introspected) {
      fast.support.reset();
      const text = fast.write(data, variables, introspected) ?? 'null';
      return { text, misfits: fast.support.count > 0 };
    },
    misfits(data, variables, introspected) {
      tracking ??= compile(true);
      tracking.support.reset();
      tracking.write(data, variables, introspected);
      return tracking.support.list;
    },
  };
}
