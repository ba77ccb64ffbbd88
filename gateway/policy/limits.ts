import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Config } from '#platform/config/config.ts';
import { CodedError } from '#platform/errors/errors.ts';

export type ShapeLimits = Pick<Config, 'MAX_DEPTH' | 'MAX_ALIASES' | 'MAX_ROOT_FIELDS' | 'MAX_DIRECTIVES'>;

interface Shape {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly fields: number;
}

/** A key that is no name in JSON but an object's prototype (CVE-2026-32621): nothing honest is called so. */
const FORBIDDEN_NAME = '__proto__';

/**
 * Refuses operations whose shape exceeds a limit, before validation and planning, which are worse than linear. Every
 * fragment is measured once however often it is spread, so a fragment bomb costs no more than its text.
 *
 * `__typename` counts as any field: an alias flood of it stalls a planner just as well.
 */
export function checkShape(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: ShapeLimits,
): readonly GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measure = createMeasure(fragments);
  try {
    refuseNames(operation);
    const shape = measure(operation.selectionSet);
    const directives = shape.directives + (operation.directives?.length ?? 0);
    const rootFields = countRootFields(operation.selectionSet, fragments);
    const found = [
      exceeded(shape.depth, limits.MAX_DEPTH, 'levels deep', 'MAX_DEPTH'),
      exceeded(shape.aliases, limits.MAX_ALIASES, 'aliases', 'MAX_ALIASES'),
      exceeded(rootFields, limits.MAX_ROOT_FIELDS, 'root fields', 'MAX_ROOT_FIELDS'),
      exceeded(directives, limits.MAX_DIRECTIVES, 'directives', 'MAX_DIRECTIVES'),
    ];
    return found.filter((error) => error !== undefined);
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

const exceeded = (found: number, limit: number, what: string, name: string): CodedError | undefined =>
  found <= limit
    ? undefined
    : new CodedError('OPERATION_TOO_COMPLEX', `The operation has ${found} ${what}; at most ${limit} are accepted.`, {
        limit: name,
      });

/** Totals saturate here: fragments multiply, and 2^64 is no more refused than this. */
const MANY = 1e9;

function createMeasure(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
  const known = new Map<string, Shape>();
  const open = new Set<string>();

  function fragmentShape(name: string): Shape {
    const kept = known.get(name);
    if (kept) return kept;
    const fragment = fragments.get(name);
    if (!fragment) return { depth: 0, aliases: 0, directives: 0, fields: 0 }; // validation names it
    if (open.has(name)) {
      throw new CodedError('OPERATION_TOO_COMPLEX', `Fragment ${JSON.stringify(name)} contains itself.`);
    }
    open.add(name);
    const shape = measure(fragment.selectionSet);
    open.delete(name);
    known.set(name, shape);
    return shape;
  }

  function measure(selectionSet: SelectionSetNode): Shape {
    let depth = 0;
    let aliases = 0;
    let directives = 0;
    let fields = 0;
    for (const selection of selectionSet.selections) {
      directives += selection.directives?.length ?? 0;
      let inner: Shape;
      if (selection.kind === Kind.FIELD) {
        if (selection.alias) {
          if (selection.alias.value === FORBIDDEN_NAME) throw forbiddenName('alias');
          aliases++;
        }
        fields++;
        inner = selection.selectionSet
          ? measure(selection.selectionSet)
          : { depth: 0, aliases: 0, directives: 0, fields: 0 };
        depth = Math.max(depth, inner.depth + 1);
      } else {
        inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? measure(selection.selectionSet)
            : fragmentShape(selection.name.value);
        depth = Math.max(depth, inner.depth);
      }
      aliases = Math.min(aliases + inner.aliases, MANY);
      directives = Math.min(directives + inner.directives, MANY);
      fields = Math.min(fields + inner.fields, MANY);
    }
    return { depth, aliases, directives, fields };
  }
  return measure;
}

function countRootFields(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  known = new Map<string, number>(),
): number {
  let count = 0;
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) count++;
    else if (selection.kind === Kind.INLINE_FRAGMENT)
      count += countRootFields(selection.selectionSet, fragments, known);
    else {
      const name = selection.name.value;
      const fragment = fragments.get(name);
      if (!known.has(name)) known.set(name, fragment ? countRootFields(fragment.selectionSet, fragments, known) : 0);
      count += known.get(name)!;
    }
    if (count > MANY) return MANY;
  }
  return count;
}

function refuseNames(operation: OperationDefinitionNode): void {
  for (const definition of operation.variableDefinitions ?? []) {
    if (definition.variable.name.value === FORBIDDEN_NAME) throw forbiddenName('variable');
  }
}

const forbiddenName = (what: string): CodedError =>
  new CodedError('BAD_USER_INPUT', `"${FORBIDDEN_NAME}" cannot be the name of a ${what}.`);
