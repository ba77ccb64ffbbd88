import type { GraphQLObjectType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Variables } from '#platform/base/graphql/coercion.ts';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import type { Entry } from '../prepare/collect.ts';
import type { Data } from '../prepare/data.ts';
import type { Introspected } from '../prepare/introspection.ts';
import type { ClientName } from '../prepare/names.ts';
import type { IsExplained } from './explained.ts';
import { generateWriter, type Visible } from './generate.ts';
import { type Misfit, Support } from './support.ts';

type Write = (data: Data, variables: Variables, introspected: Introspected) => string | undefined;

/** The text of the data, and whether there are nulls in it that the data does not account for. */
export interface Written {
  readonly text: string;
  /** Values that do not fit the schema, and nothing where the schema allows no null. */
  readonly misfits: boolean;
  /** Nullable fields that are not in the data at all, not even as null. */
  readonly absences: boolean;
}

/** The places of those nulls that no error accounts for. */
export interface Unaccounted {
  readonly misfits: readonly Misfit[];
  readonly absences: readonly Misfit[];
}

/** A function that writes the `data` of one operation's answers. */
export interface Writer {
  /** What the operation asks of the schema: `write` is given the answers, in this order. */
  readonly introspections: readonly Entry[];
  write(data: Data, variables: Variables, introspected: Introspected): Written;
  /** What `write` found and no error explains, for the same arguments. Slower, and compiled at its first use. */
  track(data: Data, variables: Variables, introspected: Introspected, isExplained: IsExplained): Unaccounted;
}

/**
 * Compiles the writer of an operation's answers.
 *
 * @param clientName of the response names of `operation`, under which the data holds its values.
 * @param visible what may be shown of the operation; the rest is null, whatever the data holds. Default: all.
 * @param root type of what is written. Default: the operation's own.
 */
export function compileWriter(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  clientName: ClientName,
  visible?: Visible,
  root?: GraphQLObjectType,
): Writer {
  const compile = (track: boolean): { support: Support; write: Write; introspections: readonly Entry[] } => {
    const support = new Support();
    const { source, introspections } = generateWriter(schema, operation, fragments, track, clientName, visible, root);
    // Nothing of a client gets into the source but names that are GraphQL names, as string literals or properties.
    const make = new Function('h', source);
    return { support, write: make(support) as Write, introspections };
  };
  const fast = compile(false);
  let tracking: ReturnType<typeof compile> | undefined;
  return {
    introspections: fast.introspections,
    write(data, variables, introspected) {
      const { support } = fast;
      support.reset();
      const text = fast.write(data, variables, introspected) ?? 'null';
      return { text, misfits: support.count > 0, absences: support.absences > 0 };
    },
    track(data, variables, introspected, isExplained) {
      tracking ??= compile(true);
      const { support } = tracking;
      support.reset();
      support.isExplained = isExplained;
      tracking.write(data, variables, introspected);
      return { misfits: support.misfits, absences: support.absentees };
    },
  };
}
