/** Texts of which no two have to do with one another, by their languages (ISO 639-1). */
const UNRELATED: Readonly<Record<string, readonly string[]>> = {
  en: [
    'The rent is due on the first of the month.',
    'How do I boil an egg?',
    'Penguins cannot fly.',
    'Her violin has a broken string.',
    'The server restarts every night.',
    'Who won the chess match yesterday?',
    'A liver filters the blood.',
    'The train to the coast leaves from platform nine.',
    'Please water the tomatoes.',
    'Interest rates went up again.',
    'What is the capital of Peru?',
    'He paints fences for a living.',
  ],
  de: ['Der Hund schläft auf dem Sofa.', 'Wie beantrage ich einen Reisepass?'],
  fr: ['Le pain est trop cuit.', 'Quelle heure est-il à Tokyo ?'],
  es: ['Mi hermana estudia derecho.', 'La montaña está cubierta de nieve.'],
  it: ['Il telefono non ha più batteria.'],
  ru: ['Завтра будет дождь.'],
  zh: ['他昨天买了一辆自行车。'],
  ja: ['会議は三時に始まります。'],
};
/** Fewer say little of how alike unrelated texts are. */
const LEAST = 8;

/** Returns such texts, in the languages that a model knows where enough of them are. */
export function unrelatedTexts(languages: readonly string[] | undefined): readonly string[] {
  const known = (languages ?? []).flatMap((language) => UNRELATED[language] ?? []);
  return known.length >= LEAST ? known : Object.values(UNRELATED).flat();
}
