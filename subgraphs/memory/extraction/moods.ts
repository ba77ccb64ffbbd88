/** Returns a pattern of whole words of scripts with spaces, and of runs of others. */
export const anyOf = (latin: string, joined: string): RegExp =>
  new RegExp(
    `(?<![\\p{Script=Latin}\\p{Script=Cyrillic}\\p{N}])(?:${latin.replaceAll(/\n\s+/g, '')})(?![\\p{Script=Latin}\\p{Script=Cyrillic}\\p{N}])|${joined}`,
    'iu',
  );

/** What is wanted, planned or hoped for, by the speaker or, in a claim, by the user; and by others of the speaker. */
const WISH = anyOf(
  `wants?(?! to (?:say|add|tell|mention|note))|wanted|wanna|wishes|hopes?|plans? to|planning to|intends?|aspires?|dreams?(?: of)?|
  would like|('d|would) love to|going to|möchte[nt]?|wollte[nt]?|will|plan[et]|vor,|wünscht?e?|träum[et]|hofft?e?|veu[xt]|voudrai[st]|aimerai[st]|
  souhait\\p{L}+|rêv\\p{L}+|esp[èé]r\\p{L}+|compte|quier[oe]|quisiera|gustaría|planeo|planea|espero|espera|sueñ[oa]|voglio|vuole|vorre\\p{L}+|
  piacerebbe|sper[oa]|sogn[oa]|quero|quer|queria|gostaria|pretend[oe](?= \\p{L}+[aei]r)|sonh[oa]|wil|wou|zou graag|hoopt?|van plan|
  хочу|хочет|хотел\\p{L}*|мечта\\p{L}+|планиру\\p{L}+|наде\\p{L}+`,
  '想(?![到起念法])|希望|打算|计划|たい|つもり|予定',
);

/** What only seems so, or is feared, doubted or pretended to others. */
const UNSURE = anyOf(
  `as if|(?:feels?|felt|sounds?|seems?|looks?|it's) like i|afraid that i|(?:worr(?:y|ied)|fear|scared)(?: that)? i|doubt(?: that)?|
  not sure|unsure|wonder|supposedly|allegedly|on paper(?: only|(?=[.!…]*$))|angeblich|vermeintlich|auf dem papier|prétendument|soi-disant|sur le papier|
  supuestamente|presuntamente|sobre el papel|presumibilmente|sulla carta|figurati|supostamente|alegadamente|no papel(?=[.!…]*$)|zogenaamd|op papier|якобы|на бумаге|i (?:once |always |even |just )?(?:told(?! you)|lied|claimed|pretended|faked|bluffed)|
  (?:don't|do not|doesn't|never) (?:really |actually )?(?:hate|dislike|avoid|detest|loathe)|ne déteste pas|no odio|non odio|não odeio|не ненавижу|
  als ob|als wenn|kommt mir vor|fühlt sich an|angst, dass|befürchte|fürchte(?!, (?:ich|mein))|zweifle|frage mich|nicht sicher|gelogen|vorgemacht|comme si|peur (?:que|d['’])|
  crains|doute|demande si|fait croire|menti|como si|(?<!me )temo|miedo de|dudo|pregunto si|mentí|fingí|come se|ho paura|dubito|chiedo se|mentito|finto|
  como se|medo de|receio|duvido|menti|fingi|alsof|bang dat|vrees|twijfel|gelogen|как будто|будто|словно|боюсь(?!,? (?:я|у меня|мне|мо[йяеё]))|сомневаюсь|соврал\\p{L}*|притворя\\p{L}+`,
  '好像|仿佛|据称|名义上|表向き|害怕|担心|怀疑|骗.{0,6}说|かもしれ|気がする|心配|嘘をつ',
);

/** What takes back what came before it. */
const TAKEN_BACK = anyOf(
  `(?:which|that|it)(?: is|'s| was) (?:a lie|not true|untrue|false)|c'est faux|das stimmt (?:aber )?nicht|das ist (?:falsch|gelogen)|
  es mentira|es falso|è falso|non è vero|é mentira|é falso|is niet waar|это (?:неправда|ложь)|
  i (?:just |only )?(?:lied|claimed|pretended|faked|bluffed|told (?:my|him|her|them))|gelogen|vorgemacht|fait croire|menti|mentí|fingí|mentito|fingi|соврал\\p{L}*|
  (?:as if|not (?:really |so |quite )?sure|i (?:doubt it|wonder)|nicht sicher|pas sûre?|no estoy segur[oa]|non sono sicur[oa]|
  não tenho certeza|niet zeker|не уверена?)(?=[.!… ]*$)`,
  '不是真的|是假的|骗.{0,6}的|嘘です',
);

/** Others want it of the speaker. */
const VOLITION = anyOf(
  `want(?:s|ed)? me|expect(?:s|ed)? me|ask(?:s|ed)? me|(?:will|wollte|wollten|möchte|verlangt|wünscht\\p{L}*)(?: sich)?,? dass|veu(?:t|lent) que|voudrait que|
  quieren? que|quería que|vuole che|voleva che|vogliono che|quer que|queria que|wil dat|wilde dat|(?:хочет|хотела?|хотят),? чтобы`,
  '(?:要|让|希望|逼)我|てほしい|て欲しい',
);

/** What begins a sentence that means the contrary of what it says of a taste; a plain yes does not. */
const IRONY =
  /^(?:(?:oh |ah |well |na |ja |ну |哦，?)?(?:great|fantastic|wonderful|lovely|brilliant|perfect|yay|toll|super|klasse|prima|génial|bravo|genial|qué bien|fantastico|ottimo|que bom|ótimo|geweldig|fijn|отлично|太好了|真棒|最高)|(?:oh|ah|ja|ну|ой|o),? (?:sure|right|of course|klar|bien sûr|oui|claro|certo|да|конечно))[,，、]/iu;
const DENIAL =
  /^(?:oh |yeah |ja |sí |sì )?(?:yeah,? right|as if|sure,? sure|in my dreams|schön wär'?s|schön wäre es|von wegen|c'est ça, oui|ya,? claro|sì,? certo|até parece|ja hoor)(?!\p{L})/iu;

/** Returns whether a text speaks of what is wanted, and not of what is so. */
export const isWish = (text: string): boolean => WISH.test(text);

/** Returns whether a clause, or what comes before it, leaves open that it is so. */
export const isUnsure = (text: string): boolean => UNSURE.test(text) || VOLITION.test(text);

/** Returns whether a sentence begins as one that means the contrary of all that it says. */
export const isDenial = (sentence: string): boolean => DENIAL.test(sentence);

/** Returns whether what comes after some words says that they are not true. */
export const isTakenBack = (after: string): boolean => TAKEN_BACK.test(after);

/** Returns whether a sentence begins as irony does. */
export const isIronic = (sentence: string): boolean => IRONY.test(sentence);
