import {
  type FieldNode,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** A part of a JSON Schema. */
export type Schema = { [key: string]: unknown };

/** The schemas of input types, by name. Others refer to them. */
export class Named extends Map<string, Schema> {
  readonly #place: string;

  /** @param place where they stand in the document, such as `#/$defs/`. */
  constructor(place: string) {
    super();
    this.#place = place;
  }

  reference(name: string): Schema {
    return { $ref: this.#place + name };
  }
}

const SCALARS: Readonly<Record<string, Schema>> = {
  ID: { type: 'string' },
  String: { type: 'string' },
  Int: { type: 'integer', format: 'int32' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  DateTime: { type: 'string', format: 'date-time' },
  UUID: { type: 'string', format: 'uuid' },
  URL: { type: 'string', format: 'uri' },
  Decimal: { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' },
  JSONObject: { type: 'object' },
};

/**
 * Returns the JSON Schema of what may be sent.
 *
 * @param named gets the schemas of input types, by name; they are referred to.
 */
export function inputSchema(type: GraphQLInputType, named: Named): Schema {
  if (isNonNullType(type)) return valueSchema(type.ofType, named);
  return orNull(valueSchema(type, named));
}

function valueSchema(type: GraphQLInputType, named: Named): Schema {
  if (isNonNullType(type)) return valueSchema(type.ofType, named);
  if (isListType(type)) return { type: 'array', items: inputSchema(type.ofType, named) };
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) };
  if (!isInputObjectType(type)) return { ...SCALARS[type.name] };
  if (!named.has(type.name)) {
    named.set(type.name, {}); // input types may hold themselves
    const fields = Object.values(type.getFields());
    named.set(type.name, {
      type: 'object',
      ...(type.description && { description: type.description }),
      properties: Object.fromEntries(
        fields.map((field) => [field.name, described(inputSchema(field.type, named), field)]),
      ),
      required: fields
        .filter((field) => isNonNullType(field.type) && field.defaultValue === undefined)
        .map(({ name }) => name),
      additionalProperties: false,
    });
  }
  return named.reference(type.name);
}

const described = (
  schema: Schema,
  { description, defaultValue }: { description?: string | null | undefined; defaultValue?: unknown },
): Schema => ({
  ...schema,
  ...(description && { description }),
  ...(defaultValue !== undefined && { default: defaultValue }),
});

function orNull(schema: Schema): Schema {
  if (Array.isArray(schema['enum']))
    return { ...schema, type: [schema['type'], 'null'], enum: [...schema['enum'], null] };
  if (typeof schema['type'] === 'string') return { ...schema, type: [schema['type'], 'null'] };
  return '$ref' in schema ? { anyOf: [schema, { type: 'null' }] } : schema;
}

/**
 * Puts limits on a schema.
 *
 * @param limits by path, such as `parameters.temperature`; `texts[]` is what a list holds.
 * @throws {Error} naming a path that leads nowhere.
 */
export function limit(schema: Schema, limits: Readonly<Record<string, Schema>>, named: ReadonlyMap<string, Schema>) {
  for (const [path, more] of Object.entries(limits)) {
    let place: Schema | undefined = schema;
    for (const step of path.split(/\.|(?=\[\])/)) {
      place = resolved(place, named);
      place = (step === '[]' ? place?.['items'] : (place?.['properties'] as Schema | undefined)?.[step]) as
        | Schema
        | undefined;
    }
    if (!place) throw new Error(`the limits name ${path}, which is not in the body`);
    Object.assign(place, more);
  }
}

function resolved(schema: Schema | undefined, named: ReadonlyMap<string, Schema>): Schema | undefined {
  const [first] = (schema?.['anyOf'] ?? []) as Schema[];
  const reference = (first ?? schema)?.['$ref'];
  return typeof reference === 'string' ? named.get(reference.split('/').at(-1)!) : schema;
}

/** Returns the JSON Schema of what an answer holds of a type, as far as it is asked for. */
export function outputSchema(
  type: GraphQLOutputType,
  selectionSet: SelectionSetNode | undefined,
  schema: GraphQLSchema,
): Schema {
  if (isNonNullType(type)) return heldSchema(type.ofType, selectionSet, schema);
  return orNull(heldSchema(type, selectionSet, schema));
}

function heldSchema(
  type: GraphQLOutputType,
  selectionSet: SelectionSetNode | undefined,
  schema: GraphQLSchema,
): Schema {
  if (isNonNullType(type)) return heldSchema(type.ofType, selectionSet, schema);
  if (isListType(type)) return { type: 'array', items: outputSchema(type.ofType, selectionSet, schema) };
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) };
  if (!isObjectType(type) && !isInterfaceType(type)) return 'name' in type ? { ...SCALARS[type.name] } : {};
  const properties: Record<string, Schema> = {};
  for (const selection of fieldsOf(selectionSet, type.name)) {
    const field = type.getFields()[selection.name.value];
    if (!field) continue;
    properties[(selection.alias ?? selection.name).value] = described(
      outputSchema(field.type, selection.selectionSet, schema),
      { description: field.description },
    );
  }
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** Fragments of other types add fields where a value is of these; the fields of all are what a reader can rely on. */
function fieldsOf(selectionSet: SelectionSetNode | undefined, type: string): FieldNode[] {
  return (selectionSet?.selections ?? []).flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    const isHere = selection.kind === Kind.INLINE_FRAGMENT && selection.typeCondition?.name.value === type;
    return isHere ? fieldsOf(selection.selectionSet, type) : [];
  });
}

/** Returns a body of JSON, with an example where there is one. */
export const json = (schema: Schema, example?: unknown): Schema => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
});
