/** The words that a model wants before a text, by the use of the text. */
export interface Prefixes {
  readonly query: string;
  readonly passage: string;
}

const NONE: Prefixes = { query: '', passage: '' };

/** Families whose files do not say it, though their cards do. */
const FAMILIES: readonly (readonly [name: RegExp, prefixes: Prefixes])[] = [
  [
    /\be5\b.*instruct/i,
    {
      query: 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ',
      passage: '',
    },
  ],
  [/\be5\b/i, { query: 'query: ', passage: 'passage: ' }],
  [/\bbge-\w+-en\b/i, { query: 'Represent this sentence for searching relevant passages: ', passage: '' }],
  [/\bbge-\w+-zh\b/i, { query: '为这个句子生成表示以用于检索相关文章：', passage: '' }],
  [/\bnomic-embed/i, { query: 'search_query: ', passage: 'search_document: ' }],
];

/**
 * Returns the prefixes of a model: those that its files name, else those of its family.
 *
 * @param prompts of `config_sentence_transformers.json`.
 * @param names by which the family is known: the folder's and the model's.
 */
export function prefixesOf(prompts: unknown, names: string): Prefixes {
  const told = typeof prompts === 'object' && prompts !== null ? (prompts as Record<string, unknown>) : {};
  const text = (...keys: readonly string[]) =>
    keys.map((key) => told[key]).find((value): value is string => typeof value === 'string' && value !== '');
  const query = text('query', 'search_query', 'web_search_query', 's2p_query');
  const passage = text('passage', 'document', 'search_document', 'corpus');
  if (query !== undefined || passage !== undefined) return { query: query ?? '', passage: passage ?? '' };
  // An underscore joins words to \b: folders are named with either.
  const plain = names.replaceAll('_', '-');
  return FAMILIES.find(([name]) => name.test(plain))?.[1] ?? NONE;
}
