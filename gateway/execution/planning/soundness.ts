import { buildSchema, Kind, parse, type SelectionSetNode, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { Plan, Step } from './plan.ts';
import { readRequirements } from './requirements.ts';

/**
 * Checks that no fetch asks for a field with @requires where it cannot be answered: below another field, where the
 * subgraph has not been sent what the field needs. Planners do that now and then, and the subgraph computes from
 * nothing.
 */
export function createSoundness(sdl: string): (plan: Plan) => boolean {
  const { requires, provided } = readRequirements(sdl);
  if (requires.size === 0) return () => true;
  const schema = buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });

  /** Where a subgraph provides what a field needs on some way, the planner knows on which. */
  function mayBeThere(subgraph: string, { selections }: SelectionSetNode): boolean {
    return selections.every((node) => node.kind === Kind.FIELD && provided.has(`${subgraph} ${node.name.value}`));
  }

  function isSoundFetch(subgraph: string, text: string, isOfEntities: boolean): boolean {
    const types = new TypeInfo(schema);
    let isSound = true;
    let depth = 0;
    const visitor = visitWithTypeInfo(types, {
      Field: {
        enter({ name }) {
          // Under `_entities`, which is one field deep, what is asked for was sent with the representations.
          const isSent = isOfEntities && depth === 1;
          depth++;
          const needed = requires.get(`${subgraph} ${types.getParentType()?.name}.${name.value}`);
          if (needed && !isSent && !mayBeThere(subgraph, needed)) isSound = false;
        },
        leave() {
          depth--;
        },
      },
    });
    visit(parse(text, { noLocation: true }), visitor);
    return isSound;
  }

  function isSoundStep(step: Step): boolean {
    switch (step.kind) {
      case 'root':
        return isSoundFetch(step.subgraph, step.text, false);
      case 'entities':
        return isSoundFetch(step.subgraph, step.text, true);
      case 'condition':
        return [step.whenTrue, step.whenFalse].every((child) => !child || isSoundStep(child));
      default:
        return step.steps.every(isSoundStep);
    }
  }

  return ({ root, primary }) => [primary, root].every((step) => !step || isSoundStep(step));
}
