import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  visit,
} from 'graphql';

/**
 * The response names that plans have for those of clients. Plans read keys and inputs of @requires by the names of
 * fields, and planners make aliases of their own. So an alias `x` of a client is `as_x_` in a plan, and a field that
 * plans may need with other arguments is there under an alias, too.
 */
export interface Names {
  /**
   * Gives a document the response names of plans. Selections of introspection, which the gateway answers, keep theirs.
   */
  planned(document: DocumentNode): DocumentNode;
  /** Gives a document of a plan the response names of the client: the inverse of `planned`. */
  restored(document: DocumentNode): DocumentNode;
  readonly clientName: ClientName;
}

/** A function that gives the client's response name for the one that a plan has. */
export type ClientName = (planned: string) => string;

/** Returns where a plan has the client's own response names. */
export const sameName: ClientName = (planned) => planned;

// What planners add to a name (`__alias_0`) ends in something else, so that no name of theirs is a client's.
const SUFFIX = '_';

/**
 * Creates the exchange of a client's names for those of plans.
 *
 * @param supergraph the whole graph, with the directives that its SDL has.
 */
export function createNames(supergraph: GraphQLSchema): Names {
  const { fields, read } = readFields(supergraph);
  let prefix = 'as_';
  const isPlanned = (name: string): boolean => name.startsWith(prefix) && name.endsWith(SUFFIX);
  while (fields.some(isPlanned)) prefix = `_${prefix}`;

  const clientName: ClientName = (planned) =>
    isPlanned(planned) ? planned.slice(prefix.length, -SUFFIX.length) : planned;

  return {
    clientName,
    planned: (document) =>
      renameFields(document, ({ alias, name }) => {
        const responseName = (alias ?? name).value;
        const isOwn = responseName === name.value && !read.has(responseName);
        return isOwn ? responseName : `${prefix}${responseName}${SUFFIX}`;
      }),
    restored: (document) => renameFields(document, ({ alias, name }) => clientName((alias ?? name).value)),
  };
}

/** Returns whether a field is answered by the gateway itself, and all that is below it. */
export const isIntrospection = ({ name }: FieldNode): boolean => name.value === '__schema' || name.value === '__type';

/** The document with the response names that a function gives its fields. */
function renameFields(document: DocumentNode, nameOf: (field: FieldNode) => string): DocumentNode {
  const rename = (set: SelectionSetNode): SelectionSetNode => ({
    ...set,
    selections: set.selections.map((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return { ...selection, selectionSet: rename(selection.selectionSet) };
      const { alias: _, ...field } = selection;
      const value = nameOf(selection);
      const selectionSet = isIntrospection(field)
        ? field.selectionSet
        : field.selectionSet && rename(field.selectionSet);
      return {
        ...field,
        ...(value !== field.name.value && { alias: { kind: Kind.NAME, value } }),
        ...(selectionSet && { selectionSet }),
      };
    }),
  });
  return {
    ...document,
    definitions: document.definitions.map((definition) => {
      const isOfData =
        definition.kind === Kind.OPERATION_DEFINITION ||
        (definition.kind === Kind.FRAGMENT_DEFINITION && !definition.typeCondition.name.value.startsWith('__'));
      return isOfData ? { ...definition, selectionSet: rename(definition.selectionSet) } : definition;
    }),
  };
}

/** Every field's name, and those of fields with arguments that some @requires or @fromContext has plans read. */
function readFields(supergraph: GraphQLSchema): { fields: string[]; read: ReadonlySet<string> } {
  const fields = new Set<string>();
  const withArguments = new Set<string>();
  const mentioned = new Set<string>();
  for (const type of Object.values(supergraph.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const { name, args, astNode } of Object.values(type.getFields())) {
      fields.add(name);
      if (args.length > 0) withArguments.add(name);
      for (const directive of astNode?.directives ?? []) {
        if (directive.name.value !== 'join__field') continue;
        for (const argument of directive.arguments ?? []) {
          if (argument.name.value !== 'requires' && argument.name.value !== 'contextArguments') continue;
          // Every word of the selections; a type's or an argument's name among them does no harm.
          visit(argument.value, {
            StringValue: ({ value }) => {
              for (const [word] of value.matchAll(/\w+/g)) mentioned.add(word);
            },
          });
        }
      }
    }
  }
  return { fields: [...fields], read: new Set([...mentioned].filter((name) => withArguments.has(name))) };
}

/** Variables that planners make, or may: those of the gateway begin with an underscore and do not end in one. */
const RESERVED = /^_|__|^representations|contextualArgument/;

/** Gives variables that could be the gateway's another name, with one more underscore at the end. */
export function withPlannedVariables(document: DocumentNode): DocumentNode {
  return visit(document, {
    Variable: (node) => {
      const { name } = node;
      return RESERVED.test(name.value) ? { ...node, name: { ...name, value: `${name.value}${SUFFIX}` } } : undefined;
    },
  });
}

/** Returns the client's name of a variable that a plan has. */
export const clientVariable = (planned: string): string =>
  RESERVED.test(planned) && planned.endsWith(SUFFIX) ? planned.slice(0, -SUFFIX.length) : planned;
