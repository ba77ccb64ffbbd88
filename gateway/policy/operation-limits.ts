import { type DocumentNode, GraphQLError, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import type { Config } from '#platform/base/config/config.ts';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { linesOf, nestingOf } from '#platform/base/graphql/document-nesting.ts';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';
import { hasInfinity, isNestedDeeper } from '#platform/base/json/nesting.ts';

export type ShapeLimits = Pick<
  Config,
  'MAX_DEPTH' | 'MAX_ALIASES' | 'MAX_ROOT_FIELDS' | 'MAX_DIRECTIVES' | 'MAX_VARIABLES'
>;
export type NestingLimits = Pick<Config, 'MAX_DEPTH' | 'MAX_VALUE_DEPTH'>;
export type TextLimits = NestingLimits & Pick<Config, 'MAX_TOKENS'>;

/**
 * Refuses a text whose nesting exceeds a limit, before the parser, which recurses, and all that comes after it. A
 * comment is not a token and a block string is one, but the parser takes a quarter of a microsecond for each of their
 * lines.
 */
export function checkText(text: string, limits: TextLimits): readonly GraphQLError[] {
  const { selections, values } = nestingOf(text);
  const found = [
    exceeded(selections, limits.MAX_DEPTH, 'levels of selections', 'MAX_DEPTH'),
    exceeded(values, limits.MAX_VALUE_DEPTH, 'levels of lists and objects in a value', 'MAX_VALUE_DEPTH'),
    exceeded(linesOf(text), limits.MAX_TOKENS, 'lines', 'MAX_TOKENS'),
  ];
  return found.filter((error) => error !== undefined);
}

/**
 * Refuses values of a client that are nested too deep, as what comes after recurses (coercion, drivers), and numbers
 * that would be null to a subgraph, and to whatever compares values by their text.
 *
 * @param name of what holds them, `variables` or `extensions`.
 * @throws {CodedError} BAD_USER_INPUT naming the value.
 */
export function checkValues(
  name: string,
  values: Readonly<Record<string, unknown>> | null | undefined,
  { MAX_VALUE_DEPTH }: Pick<NestingLimits, 'MAX_VALUE_DEPTH'>,
): void {
  for (const key in values) {
    const value = values[key];
    if (isNestedDeeper(value, MAX_VALUE_DEPTH)) {
      const problem = `has more than ${MAX_VALUE_DEPTH} levels of lists and objects; flatten it.`;
      throw badInput(placeOf(name, key), problem, { limit: 'MAX_VALUE_DEPTH' });
    }
    if (hasInfinity(value)) {
      throw badInput(placeOf(name, key), 'has a number beyond 1.797e308, the largest one; send it as text.');
    }
  }
}

/** Characters of a client's name that a message repeats. */
const MAX_NAME = 100;
const placeOf = (name: string, key: string): string => `${name}.${key.slice(0, MAX_NAME).toWellFormed()}`;

interface Shape {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly fields: number;
}

/** A key that is not a name in JSON but an object's prototype (CVE-2026-32621): nothing honest is called so. */
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
  const fragments = fragmentsOf(document);
  // Other operations of the document are validated with it.
  let variables = 0;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) variables += definition.variableDefinitions?.length ?? 0;
  }
  const tooMany = exceeded(variables, limits.MAX_VARIABLES, 'variables', 'MAX_VARIABLES');
  if (tooMany) return [tooMany];
  const measure = createMeasure(fragments, limits.MAX_DEPTH);
  try {
    refuseNames(operation);
    // Those that the operation does not spread too: validation follows them all.
    for (const { selectionSet } of fragments.values()) measure(selectionSet);
    const shape = measure(operation.selectionSet);
    const directives = shape.directives + (operation.directives?.length ?? 0);
    const rootFields = countRootFields(operation.selectionSet, fragments);
    const found = [
      exceeded(shape.depth, limits.MAX_DEPTH, 'levels deep', 'MAX_DEPTH', 'is'),
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

function exceeded(found: number, limit: number, what: string, name: string, verb = 'has'): CodedError | undefined {
  if (found <= limit) return undefined;
  const message = `The operation ${verb} ${found} ${what}; at most ${limit} are accepted.`;
  return new CodedError('OPERATION_TOO_COMPLEX', message, { limit: name });
}

/** Selections in one set, repeated ones too: validation compares each with each, which takes 150 ms for 900. */
const MAX_SELECTIONS = 256;

/** Totals saturate here: fragments multiply, and 2^64 is no more refused than this. */
const MANY = 1e9;

function createMeasure(fragments: Fragments, maxDepth: number) {
  const known = new Map<string, Shape>();
  const open = new Set<string>();

  function fragmentShape(name: string, level: number): Shape {
    const kept = known.get(name);
    if (kept) return kept;
    const fragment = fragments.get(name);
    if (!fragment) return { depth: 0, aliases: 0, directives: 0, fields: 0 }; // validation names it
    if (open.has(name)) {
      throw new CodedError('OPERATION_TOO_COMPLEX', `Fragment ${JSON.stringify(name)} contains itself.`);
    }
    open.add(name);
    const shape = measure(fragment.selectionSet, level);
    open.delete(name);
    known.set(name, shape);
    return shape;
  }

  /** @param level at which the set stands: what is deeper than allowed is not walked to its end. */
  function measure(selectionSet: SelectionSetNode, level = 1): Shape {
    if (level > maxDepth) {
      throw new CodedError(
        'OPERATION_TOO_COMPLEX',
        `The operation is deeper than the ${maxDepth} levels that are accepted.`,
        {
          limit: 'MAX_DEPTH',
        },
      );
    }
    const count = selectionSet.selections.length;
    if (count > MAX_SELECTIONS) {
      throw new CodedError(
        'OPERATION_TOO_COMPLEX',
        `One selection set has ${count} selections; at most ${MAX_SELECTIONS} are accepted.`,
      );
    }
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
          ? measure(selection.selectionSet, level + 1)
          : { depth: 0, aliases: 0, directives: 0, fields: 0 };
      } else {
        inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? measure(selection.selectionSet, level + 1)
            : fragmentShape(selection.name.value, level + 1);
      }
      depth = Math.max(depth, inner.depth + 1);
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
  fragments: Fragments,
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
