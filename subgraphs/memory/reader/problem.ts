/** What can go wrong with a document: the enum DocumentProblemCode of the schema. */
export const PROBLEM_CODES = [
  'TYPE_MISMATCH',
  'UNSUPPORTED_TYPE',
  'PASSWORD_PROTECTED',
  'DAMAGED',
  'NO_TEXT',
  'TOO_LARGE',
  'TOO_EXPENSIVE',
  'FAILED',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** The document itself is the reason that it cannot be read: trying again would end in the same way. */
export class DocumentProblem extends Error {
  override name = 'DocumentProblem';
  readonly code: ProblemCode;

  /** @param message for the user who uploaded the document: what is wrong and what to do. */
  constructor(code: ProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}
