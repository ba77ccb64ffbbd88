import { type ArgumentNode, GraphQLError, Kind, type ValidationRule } from 'graphql';

/**
 * Refuses labels of `@defer` by which a client could not tell parts apart: one that stands twice in a document, or that
 * is known only with the variables. A rule of the specification of incremental delivery.
 */
export const DeferLabelsRule: ValidationRule = (context) => {
  const known = new Map<string, ArgumentNode>();
  return {
    Directive(node) {
      if (node.name.value !== 'defer') return false;
      const label = node.arguments?.find(({ name }) => name.value === 'label');
      if (label?.value.kind === Kind.VARIABLE) {
        context.reportError(
          new GraphQLError('The argument "label" of @defer must be a text, not a variable.', { nodes: label }),
        );
      }
      if (label?.value.kind !== Kind.STRING) return false;
      const { value } = label.value;
      const earlier = known.get(value);
      if (!earlier) known.set(value, label);
      else {
        const message = `The label "${value.slice(0, MAX_LABEL)}" of @defer must stand only once in a document.`;
        context.reportError(new GraphQLError(message, { nodes: [earlier, label] }));
      }
      return false;
    },
  };
};

/** Characters of a label that a message repeats. */
const MAX_LABEL = 100;
