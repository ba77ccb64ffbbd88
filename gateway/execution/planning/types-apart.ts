import {
  buildSchema,
  type FieldNode,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { joinFetches, pickGroup } from './combine.ts';
import type { EntityFetch, EntityGroup, Path, Plan, Requirement, Step } from './plan.ts';
import type { PlanRequest } from './planner.ts';
import { entityFields, readInputs, selectingPart } from './requirements.ts';

/** A function that gives a plan in which entities are asked for fields of other types only where that does no harm. */
export type SetTypesApart = (plan: Plan, asked: PlanRequest) => Plan;

/**
 * Asks a subgraph that has an interface as an object for each type's own non-null fields apart: planners ask entities
 * of all types for what one of them is asked for, and one that fails takes with it what the others were asked for. One
 * request has both.
 */
export function createTypesApart(sdl: string): SetTypesApart {
  const schema = buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });
  const inputs = readInputs(sdl);

  const isOf = (type: string, condition: string | undefined): boolean => {
    if (condition === undefined || condition === type) return true;
    const [narrow, wide] = [schema.getType(type), schema.getType(condition)];
    if (!isObjectType(narrow)) return false;
    return isInterfaceType(wide)
      ? schema.isSubType(wide, narrow)
      : schema.getPossibleTypes(wide as never).includes(narrow);
  };

  /** The types that representations of a group can be of. */
  function typesSent(requires: readonly Requirement[]): string[] {
    const types = requires.flatMap((node) => {
      const type = node.kind === 'type' ? schema.getType(node.type ?? '') : undefined;
      if (isInterfaceType(type)) return schema.getPossibleTypes(type).map(({ name }) => name);
      return type ? [type.name] : [];
    });
    return [...new Set(types)];
  }

  /** The response names that an object of a type is asked for. */
  function namesOf(sets: readonly SelectionSetNode[], type: string): Set<string> {
    return new Set(fieldsOf(sets, (condition) => isOf(type, condition)).map(responseName));
  }

  function splitGroup(fetch: EntityFetch, group: EntityGroup, asked: PlanRequest): readonly EntityFetch[] {
    const [one = fetch] = fetch.groups.length > 1 ? [pickGroup(fetch, group)] : [];
    const name = group.inputRewrites.find((rewrite) => rewrite.kind === 'set')?.value;
    const type = schema.getType(String(name));
    if (!isInterfaceType(type) || group.context.length > 0) return [one];
    const sets = group.targets.flatMap((target) => setsAt(asked.operation.selectionSet, target));
    const wanting = new Map(typesSent(group.requires).map((sent) => [sent, namesOf(sets, sent)]));
    const apart = new Map<string, { types: string[]; names: Set<string> }>();
    for (const field of entityFields(one.text)) {
      const response = responseName(field);
      const types = [...wanting].flatMap(([sent, names]) => (names.has(response) ? [sent] : []));
      const isWhole = types.length === 0 || types.length === wanting.size;
      const own = type.getFields()[field.name.value];
      if (isWhole || !own || !isNonNullType(own.type) || inputs.has(field.name.value)) continue;
      const known = apart.get(types.join()) ?? { types, names: new Set<string>() };
      apart.set(types.join(), { types, names: known.names.add(response) });
    }
    const moved = new Set([...apart.values()].flatMap(({ names }) => [...names]));
    const rest = selectingPart(one, (field) => !moved.has(responseName(field)));
    const parts = [...apart.values()].flatMap(({ types, names }) => {
      const part = selectingPart(one, (field) => names.has(responseName(field)));
      return part ? [{ ...part, groups: part.groups.map((own) => ofTypes(own, types)) }] : [];
    });
    return rest && parts.length > 0 ? [rest, ...parts] : [one];
  }

  function split(step: Step, asked: PlanRequest): Step {
    switch (step.kind) {
      case 'entities': {
        const parts = step.groups.map((group) => splitGroup(step, group, asked));
        if (parts.every((part) => part.length === 1)) return step;
        return { ...joinFetches(parts.flat()), ...(step.lacks !== undefined && { lacks: step.lacks }) };
      }
      case 'root':
        return step;
      case 'condition':
        return {
          ...step,
          whenTrue: step.whenTrue && split(step.whenTrue, asked),
          whenFalse: step.whenFalse && split(step.whenFalse, asked),
        };
      default:
        return { ...step, steps: step.steps.map((one) => split(one, asked)) };
    }
  }

  return (plan, asked) => (plan.root ? { ...plan, root: split(plan.root, asked) } : plan);
}

const responseName = ({ alias, name }: FieldNode): string => (alias ?? name).value;

const ofTypes = (group: EntityGroup, types: readonly string[]): EntityGroup => ({
  ...group,
  targets: group.targets.map((target) => [...target, { types }]),
});

/** @param applies whether a fragment's type condition counts. */
function fieldsOf(sets: readonly SelectionSetNode[], applies: (condition: string | undefined) => boolean): FieldNode[] {
  const inside = (node: SelectionNode): FieldNode[] => {
    if (node.kind === Kind.FIELD) return [node];
    const isOpened = node.kind === Kind.INLINE_FRAGMENT && applies(node.typeCondition?.name.value);
    return isOpened ? fieldsOf([node.selectionSet], applies) : [];
  };
  return sets.flatMap(({ selections }) => selections.flatMap(inside));
}

/** What a normalized operation selects at a path, whatever the types of the objects on the way are. */
function setsAt(set: SelectionSetNode, path: Path): SelectionSetNode[] {
  let sets = [set];
  for (const step of path) {
    if (typeof step === 'string' || 'types' in step) continue;
    const fields = fieldsOf(sets, () => true).filter((field) => responseName(field) === step.field);
    sets = fields.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
  }
  return sets;
}
