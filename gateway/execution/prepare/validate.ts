import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  NoUndefinedVariablesRule,
  NoUnusedVariablesRule,
  OverlappingFieldsCanBeMergedRule,
  specifiedRules,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  VariablesInAllowedPositionRule,
  validate,
} from 'graphql';
import { DeferLabelsRule } from './defer-labels.ts';
import { OverlappingFieldsRule } from './overlapping-fields.ts';

export interface ValidationOptions {
  /** Rules beside those of the specification. */
  readonly rules: readonly ValidationRule[];
  /** Errors that are listed. */
  readonly maxErrors: number;
  /** Whether to leave out what was perhaps meant, which takes long to find out and tells of the schema. */
  readonly hideSuggestions: boolean;
  /** Does one stage of the work, now or later. */
  readonly work: <T>(stage: () => T) => T | Promise<T>;
}

/** Characters of a document whose validation is done in one go. */
const SHORT = 2_000;

/** Those that take most of the time. */
const LONG: readonly (readonly ValidationRule[])[] = [
  [NoUndefinedVariablesRule, NoUnusedVariablesRule, VariablesInAllowedPositionRule],
  [OverlappingFieldsRule],
  [ValuesOfCorrectTypeRule],
];
const RULES = [
  ...specifiedRules.map((rule) => (rule === OverlappingFieldsCanBeMergedRule ? OverlappingFieldsRule : rule)),
  DeferLabelsRule,
];
const QUICK = RULES.filter((rule) => !LONG.some((stage) => stage.includes(rule)));

/** Validates a document: a long one in stages, which ends with the first that finds errors. */
export async function validateInStages(
  schema: GraphQLSchema,
  document: DocumentNode,
  { rules, maxErrors, hideSuggestions, work }: ValidationOptions,
): Promise<readonly GraphQLError[]> {
  const isShort = (document.loc?.end ?? 0) <= SHORT;
  const stages = isShort ? [[...RULES, ...rules]] : [[...QUICK, ...rules], ...LONG];
  for (const stage of stages) {
    const errors = await work(() => validate(schema, document, stage, { maxErrors, hideSuggestions }));
    if (errors.length > 0) return errors;
  }
  return [];
}
