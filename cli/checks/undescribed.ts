import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
} from 'graphql';

/**
 * Returns the coordinates of all elements of a schema that have no description, such as `Mutation.login(input:)`:
 * types, fields, arguments, input fields, enum values and directives. What GraphQL itself defines is left out.
 */
export function undescribed(schema: GraphQLSchema): string[] {
  return [...elementsOf(schema)]
    .filter(({ description }) => !description?.trim())
    .map(({ coordinate }) => coordinate)
    .sort();
}

/**
 * Returns the coordinates and words of the descriptions that say nothing by themselves: fewer than three words, or a
 * pronoun at the beginning whose noun stands elsewhere. Tools show one description, not the ones around it.
 */
export function sayingLittle(schema: GraphQLSchema): string[] {
  return [...elementsOf(schema)]
    .filter(
      ({ description }) => description && (description.trim().split(/\s+/).length < 3 || PRONOUN.test(description)),
    )
    .map(({ coordinate, description }) => `${coordinate}: ${description}`)
    .sort();
}

const PRONOUN = /^\s*(?:It|Its|They|Their|Those)\s/;

interface Element {
  readonly coordinate: string;
  readonly description: string | null | undefined;
}

function* elementsOf(schema: GraphQLSchema): Generator<Element> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    yield { coordinate: type.name, description: type.description };
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${type.name}.${field.name}`;
        yield { coordinate, description: field.description };
        for (const { name, description } of field.args) yield { coordinate: `${coordinate}(${name}:)`, description };
      }
    }
    const parts = isInputObjectType(type) ? Object.values(type.getFields()) : isEnumType(type) ? type.getValues() : [];
    for (const { name, description } of parts) yield { coordinate: `${type.name}.${name}`, description };
  }
  for (const directive of schema.getDirectives()) {
    if (isSpecifiedDirective(directive)) continue;
    const coordinate = `@${directive.name}`;
    yield { coordinate, description: directive.description };
    for (const { name, description } of directive.args) yield { coordinate: `${coordinate}(${name}:)`, description };
  }
}
