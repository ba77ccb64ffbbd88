const NOT_BEFORE = '(?<![\\p{L}\\p{N}])';
const NOT_AFTER = '(?![\\p{L}\\p{N}])';
const anyWord = (words: string): RegExp => new RegExp(`${NOT_BEFORE}(?:${words})${NOT_AFTER}`, 'iu');
/** What stands directly behind one of some words. */
const behind = (before: string, words: string): RegExp =>
  new RegExp(
    `${NOT_BEFORE}(?:${before}) (?:the |der |den |dem |el |la |il |o |a )?(?:${words.replaceAll(/\n\s+/g, '')})${NOT_AFTER}(?! (?-i:\\p{Lu}\\p{L}))`,
    'iu',
  );
/** What follows ends the sentence or the clause: "in the game industry" is a place to work. */
const atEnd = (words: string): RegExp => new RegExp(`${NOT_BEFORE}(?:${words})(?=\\s*(?:[.,;:!…)]|$))`, 'iu');

/** Where what is said is only played, shown or dreamt, in any language. */
const SETTINGS = [
  atEnd(
    '(?:in|on) (?:the|this|that|my|a|our) (?:\\p{L}+ )?(?:game|series|show|film|movie|simulation|scenario|play|dream|novel|story|campaign|scene|act|sketch)',
  ),
  atEnd(
    'i(?:m|n) (?:de[mr]|diese[mr]|meine[mr]|einem|einer)? ?(?:\\p{L}+ )?(?:(?:video|rollen)?spiel|serie|film|traum|roman|szenario)',
  ),
  atEnd('dans (?:le|la|ce|cette|mon|ma|un|une) (?:jeu(?: vidéo)?|série|film|rêve|roman|scénario|histoire)'),
  atEnd('en (?:el|la|este|esta|mi|un|una) (?:(?:video)?juego|serie|película|sueño|novela|historia)'),
  atEnd(
    '(?:nel(?:la)?|in (?:questo|questa|un|una)|nel mio|nella mia) (?:\\p{L}+ )?(?:gioco|videogioco|serie|film|sogno|romanzo|storia|scena|atto|commedia)',
  ),
  atEnd('n(?:o|a|um|uma|este|esta|o meu|a minha) (?:jogo|série|filme|sonho|romance|novela|história)'),
  atEnd('in (?:het|de|dit|deze|mijn|een) (?:spel|game|serie|film|droom|roman|verhaal)'),
  atEnd('в (?:этой |этом |моей |моём )?(?:игре|сериале|фильме|сне|романе|истории)'),
  /(?:游戏|电视?剧|电影|小说|梦|故事)(?:里|中)|(?:ゲーム|ドラマ|映画|小説|夢|物語|劇)(?:の中)?で/u,
];

/** Whose work is to make them. */
const MAKES = anyWord(
  '(?:work\\p{L}*|arbeit\\p{L}*|travaill\\p{L}*|trabaj\\p{L}*|lavor\\p{L}*|trabalh\\p{L}*|werk\\p{L}*|работа\\p{L}+) (?:as|als|comme|como|come|da|de) (?:\\p{L}+ ){0,3}?(?:actor|actress|writer|author|editor|producer|director|composer|autor(?:in|a)?|schauspieler(?:in)?|regisseur(?:in)?|acteur|actrice|auteure?|scénariste|act(?:or|riz)|guionista|attore|attrice|sceneggiat(?:ore|rice)|atriz|ator|roteirista|schrijver)',
);
const WORKS_ON =
  /(?<!\p{L})work(?:s|ing)? (?:\p{L}+ ){0,5}on (?:an?|the|this|that|my|our) (?:\p{L}+ )?\p{L}+[.!…\s]*$/iu;

const GAME = /game|spiel|jeu|juego|gioco|jogo|spel|игр/iu;
const isMade = (sentence: string): boolean => WORKS_ON.test(sentence) || (MAKES.test(sentence) && !GAME.test(sentence));

/** What stands for others of its kind: "My name is John Doe, for example." */
const EXAMPLE =
  '(?:for example|for instance|e\\.g\\.|zum beispiel|z\\. ?b\\.|par exemple|por ejemplo|per esempio|ad esempio|por exemplo|bijvoorbeeld|например|例如|比如|例えば|たとえば)';
const IS_EXAMPLE = new RegExp(
  `^${EXAMPLE}${NOT_AFTER}|${NOT_BEFORE}${EXAMPLE}[.!…。)\\s]*$|^(?:例如|比如|例えば|たとえば)`,
  'iu',
);

/** The same at the beginning: "In the game I live in a cave." */
const FIRST =
  /(?:^|[,;] (?:(?:but|because|aber|denn|mais|car|pero|porque|ma|perché|mas|maar|want|но) )?)(?:in (?:the|this|my|his|her|their|our|your) (?:game|series|film|movie|simulation|dream|story|novel|play|scene|sketch),? (?=(?:i|my|we)\b)|i(?:m|n der|n (?:meine[mr]|seine[mr]|ihre[mr])) (?:(?:hör|schau|rollen|video)?spiel|film|traum|serie|theaterstück|märchen|roman|szene) |dans le (?:jeu|film|rêve),? (?=j)|en (?:el juego|la serie|el sueño) |nel (?:gioco|film|sogno) |no (?:jogo|filme|sonho) |in het spel |в (?:игре|фильме|сне) )/iu;

/** Returns whether a sentence says itself that it is not about the world. */
export const isMakeBelieve = (sentence: string): boolean =>
  FIRST.test(sentence) ||
  IN_GAME.test(sentence) ||
  IS_EXAMPLE.test(sentence) ||
  (SETTINGS.some((setting) => setting.test(sentence)) && !isMade(sentence));

/** What stands where a name would: a placeholder, or the moment at which to call. */
const NO_NAME = behind(
  "is|it's|call me|ist|heiße|mich|appelle|appelle-moi|est|llamo|llámame|es|chiamo|chiamami|è|chamo|chama-me|é|heet|me|зовут|меня",
  `null|undefined|none|nil|name|your name|firstname|lastname|test|mon(?:day)?|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|
  today|tonight|later|back later|back|soon|now|any ?time|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen|heute|später|demain|
  aujourd'hui|plus tard|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|mañana|hoy|luego|lunes|martes|miércoles|jueves|viernes|
  sábado|domani|oggi|dopo|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|amanhã|hoje|depois|segunda|terça|quarta|quinta|sexta|vandaag|
  maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|завтра|сегодня|потом|позже`,
);
const NO_CJK_NAME = /什么|什麼|啥|谁|明天|今天|后天|改天|以后|稍后|明日|今日|後で|あとで|来週/u;

/** Where people live in games, tales and sayings. */
const GAMES = `minecraft|roblox|fortnite|skyrim|hyrule|azeroth|gta|stardew valley|the sims|animal crossing|westeros|wonderland|wakanda|asgard|
  tatooine|middle[- ]earth|mittelerde|narnia|neverland|nimmerland|hogwarts|poudlard|mordor|gotham|atlantis|babia|las nubes|zamonien|
  schlaraffenland|entenhausen|hause|cloud cuckoo land|la la land`;
const NO_HOME = behind(
  'in|to|nach|à|au|en|dans|a|em|no|na|nel|para|naar|в',
  `${GAMES}|(?-i:paradise|paradis|paraíso|paradiso)`,
);
const IN_GAME = behind('^in', GAMES);
const NO_CJK_HOME = /霍格沃茨|魔戒|仙境|我的世界|原神|ホグワーツ|マインクラフト|ナルニア/u;

/** Whom one works for in sayings alone. */
const NO_EMPLOYER = behind(
  'for|at|chez|pour|para|per|por|für|voor|bei',
  'peanuts|satan|devil|nothing|free|night|moi|rien|soi|nichts|niemanden|nadie|nada|nessuno|ninguém|niemand',
);

/** Another whom one works for: "I work for Siemens at night." */
const EMPLOYER =
  /(?<!\p{L})(?:for|at|with|chez|bei|para|per|presso|alla|na|no|voor|bij) (?!(?:home|(?:the )?moment|least|times|all|now|years|a living|zeit|hause|moi|casa)(?!\p{L}))\p{L}/iu;
const hasNoEmployer = (sentence: string): boolean =>
  NO_EMPLOYER.test(sentence) && !EMPLOYER.test(sentence.replace(new RegExp(NO_EMPLOYER, 'giu'), ' '));

const NO_FAVOURITE = behind('is|are|ist|est|es|è|é', 'nothing|none|nichts|rien|nada|niente|nenhum|niets');

/** Returns whether a sentence has something in the place of a name, a home or an employer that can be none. */
export function isHollow(sentence: string, slot: string | undefined): boolean {
  if (slot === 'name' || slot === 'nickname') return NO_NAME.test(sentence) || NO_CJK_NAME.test(sentence);
  if (slot === 'home') return NO_HOME.test(sentence) || NO_CJK_HOME.test(sentence);
  if (slot?.startsWith('favourite')) return NO_FAVOURITE.test(sentence);
  return slot === 'employer' && hasNoEmployer(sentence);
}
