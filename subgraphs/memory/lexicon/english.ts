import { type Lexicon, NAME, OBJECT, sentence, words } from './lexicon.ts';
import { substance } from './substance.ts';

const ALLERGENS = substance(
  'en',
  '(?!herrings?)\\p{L}+ing|work|effort|responsibility|commitment|bullshit|nonsense|stupid(?:ity)?|drama|fun|people|humans|men|women|children|kids|idiots|fools|crowds|meetings?|small|mornings?|you|your|my|his|her|their|our|this|that|these|those|it|him|them|us|me|the|any(?:thing|one)|every(?:thing|one)|some(?:thing|one)|nothing|how|what|when|where|who|why|(?:\\p{L}+ )?(?:jokes?|puns?|lies|liars|excuses|hypocrisy|injustice|criticism|silence|spreadsheets|small talk)',
);
const ALLERGY = `${ALLERGENS}(?:(?:,| and| or|, and|, or) ${ALLERGENS}){0,5}`;
const JOBS =
  '(?:software |web |data |mechanical |electrical |civil |primary school |high school |school |truck |bus |train |taxi |graphic |freelance |retired |trainee |junior |senior )*(?:nurse|teacher|doctor|physician|surgeon|dentist|vet|lawyer|engineer|developer|programmer|designer|architect|accountant|carpenter|plumber|electrician|farmer|baker|chef|cook|waiter|waitress|journalist|writer|translator|librarian|student|researcher|scientist|physicist|chemist|biologist|pharmacist|midwife|therapist|psychologist|photographer|musician|pilot|driver|firefighter|paramedic|mechanic|gardener|hairdresser|cashier|pensioner|manager|consultant|economist|salesperson)';
const MORE =
  '(?:,? (?:and|as|since|for|but|now|with|near|because|where|which|at the moment|these days|not)(?= ).*|,? (?:now|these days|too|as well))?';
const NOT_A_PLACE =
  '(?!(?:Excel|Python|Vim|Emacs|Neovim|Word|Outlook|Slack|Figma|Photoshop|Java|JavaScript|Linux|Jira|Teams|Zoom|VS Code|Git|GitHub|Discord|Narnia|Neverland|Hogwarts|Gotham|Mordor|Hell|Heaven|Hope|Fear|Denial|Sin|Pain|Peace)\\b)';

export const english: Lexicon = {
  language: 'en',
  frequent: words(
    'the|is|are|and|of|my|with|have|has|am|i|you|for|user|not|that|was|it|do|does|at|to|from|lives?|works?|in|on|always|never|please|call|me|answer|quit|moved|remember|we|our|but|what|how|call|dislikes|allergic',
  ),
  self: words("i|i'm|i've|i'd|i'll|im|ive|me|my|mine|myself|we|we're|we've|us|our|ours"),
  subject: words("i|i'm|i've|i'd|i'll|im|ive|we|we're|we've"),
  other: words("he|she|they|he's|she's|they're|it|it's|who|whose|you|your|some(?:one|body)|people|everyone|no(?:body)"),
  possessive: words('my|our'),
  attribute:
    /^(?:my|our) (?:(?:full|first|last|middle|real|birth|current|old|new|native|mother|main|work|job|phone|email|e-mail|home|time|date of|all-time) )*(?:names?|nickname|birthday|birth|birthplace|age|job|occupation|profession|favou?rite|hobb(?:y|ies)|diet|address|number|email|e-mail|timezone|zone|pronouns|goal|tongue|language|nationality|gender|height|weight|blood type|hometown|title|allerg(?:y|ies)|home|employer)/iu,
  negation: words(
    "not|no|never|hardly|scarcely|barely|none|without|neither|nor|n't|\\p{L}+n't|cannot|cant|dont|doesnt|isnt|arent|wont|no longer|any ?more|quit|quits|left|stopped|stops|ended|gave up|used to|former|formerly|ex|resigned|hates?|dislikes?|detests?|loathes?|avoids?|avoiding|refuses?",
  ),
  noNegation:
    /\b(?:not (?:only|just)|no doubt|no wonder|why not|no problem|no,|not bad|left[- ]handed)\b|\bno\.? \d/giu,
  hypothetical: words(
    "if|would|could|should|might|maybe|perhaps|possibly|i'd|we'd|wish|wishes|imagine|suppose|supposing|hypothetically|assume|assuming|unless|whether|pretend|as though|dream of|dreamt|dreamed|hope to|hoping to|thinking of|thinking about|considering|almost|nearly|let's say",
  ),
  fiction: words(
    "(?:write|tell|compose|invent|draft|create|make up|continue|generate) (?:me |us )?(?:an? |the |my |some |this )?(?:\\p{L}+ )?(?:\\p{L}+ )?(?:story|poem|novel|song|lyrics|fairy tale|tale|dialogue|dialog|script|scene|character|limerick|haiku|joke|monologue|cover letter|letter|biography|bio|diary|blog post|post|persona|example|tweet|toast|eulogy|essay|caption|speech|email|e-mail|profile|role)|role-?play|pretend|imagine|act as|you are now|let's play|let's say|suppose|once upon a time|in my (?:novel|story|book|dream|game|play)|my (?:character|protagonist|hero|heroine|narrator)|in character|for the (?:story|novel|game|sake of argument)|the (?:hero|heroine|narrator|protagonist|villain) (?:says|said|is)|fictional|hypothetically|story idea|opening line|first person",
  ),
  material: words(
    'translate|translation|proofread|paraphrase|rephrase|rewrite|reword|summari[sz]e|summary|grammar|spell-?check|correct (?:this|the|my) (?:sentence|text|english|grammar)|fix (?:this|the|my) (?:sentence|text|english|grammar)|is (?:this|it) (?:sentence )?correct|how (?:do|would|can) (?:i|you|one) say|say that in|sound (?:more )?natural|lyrics|quote from|classify|sentiment|the following (?:text|sentence|email|review|dialogue)|this (?:email|review|text|sentence|quote|poem|song)|test sentence|example sentence|dummy data|sample data|placeholder',
  ),
  reported: words(
    'says?|said|saying|tells?|told|thinks?(?! i)|thought|claims?|claimed|suspects?|assumes?|assumed|insists?|insisted|reckons?|(?:(?:is|was|it.s) (?:not true|false|untrue|a lie|a myth)|isn.t true)(?= that)|believes?|believed|writes|wrote|replied|asks|asked|goes(?=:)|according to|supposedly|allegedly|heard that|read that|quoting|quote|in the (?:film|movie|book|song|play|novel)',
  ),
  reportedAfter: /^[\s,."”]*(?:wrote|writes|said|says|claims|claimed|sang|sings) (?!(?:i|we)\b)\p{L}/iu,
  question:
    /^(?:do|does|did|is|are|am|was|were|can|could|should|would|will|have|has|what|who|whom|whose|where|when|why|how|which)\b/iu,
  here: words(
    'this|that|these|those|here|above|below|following|today|now|tonight|it|for now|right now|this time|for once|just once|at the moment',
  ),
  joint: words('but|and|so|because|although|though|while|whereas|since|except|or|then'),
  rules: [
    {
      pattern: sentence(`my (?:full |first |last |real )?name(?: is|'s) ${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    {
      pattern: sentence(`(?:please )?call me ${NAME}(?: please| from now on)?`),
      kind: 'INSTRUCTION',
      importance: 0.9,
      slot: 'nickname',
    },
    {
      pattern: sentence(
        `i(?:'m| am)? (?:now |currently |still )?(?:live|living|based|reside) in (?:the (?:city|town|village) of |(?:an? )?(?:\\p{Ll}+ ){0,3}(?:flat|house|apartment|village|town|suburb|farm) (?:in|of|near) |the |north(?:ern)? |south(?:ern)? |east(?:ern)? |west(?:ern)? |central |downtown )?${NOT_A_PLACE}${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `(?:i|we)(?:'ve| have)? (?:just |recently |now )?moved (?:back |over )?(?:from ${NAME} )?to (?:the )?${NOT_A_PLACE}${NAME}(?: in \\d{4}| last \\p{L}+| this \\p{L}+)?${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `i(?:'m| am)? (?:now |currently )?work(?:ing)? (?:at|for) (?:the |an? (?=bank|school|hospital|university|bakery|hotel|museum|library|law firm|factory|pharmacy|farm|kindergarten|start-?up))?(?:${NAME}|bank|school|hospital|university|bakery|hotel|museum|library|law firm|factory|pharmacy|farm|kindergarten|start-?up)(?: at night)?${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        `i(?:'m| am)? (?:now |currently )?work(?:ing)? as (?:an? |the )(?!team|rule|slave|dog|group|unit|whole)[\\p{L}-]+(?: [\\p{L}-]+){0,3}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence(`i(?:'m| am) (?:an? |the )?${JOBS}${MORE}`),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence(
        "my birthday(?: is|’s|'s) (?:on )?(?:the )?(?=.*\\d|.*(?:january|february|march|april|may|june|july|august|september|october|november|december))[\\p{L}\\p{N}/.,' -]{3,40}",
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(`i(?:'m| am) (?:severely |very |highly |deathly |also )?allergic to (${ALLERGY})${MORE}`),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(`i(?:'m| am)(?: now| also)? (?:an? )?(?:strict )?(?:vegan|vegetarian|pescatarian)${MORE}`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(
        `my (?:all-time )?favou?rite ([\\p{L} ]{1,30}?) (?:is|are) (?!not\\b|your?s?\\b|the (?:one|part)|when\\b|how\\b|what\\b|because\\b|that\\b|this\\b|to\\b|(?-i:none of|up to|up in the air|yet to)\\b|(?-i:still (?:un|open)))${OBJECT}(?: \\p{L}+){0,3}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(
        `i (?:really |absolutely |also |just )?(?:prefer|love|hate|dislike|can't stand) (?!(?:you|your|it|its|this|that|these|those|how|when|what|where|who|why|to|him|her|them|us|my|our|his|their|the|an?|we|i|everything|everyone|everybody|all|nothing|being|having|if|not (?:to|say|saying)|seeing|both|one|some|any|more|and|or)\\b)${OBJECT}(?: (?:to|over|and|or) ${OBJECT})?`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        '(?:please,? )?(?:always|never) (?:answer|reply|respond|write|use|call|address|format|give|explain|speak)\\b.{2,200}',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(
        '(?:please,? )?(?:answer|reply|respond|write|speak)(?: to)?(?: me)? (?:always |only )?in \\p{Lu}\\p{L}+ (?:from now on|always|by default)',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
      slot: 'language of replies',
    },
    {
      pattern: sentence(
        `i(?:'m| am) (?:not (?:at all )?allergic to (${ALLERGENS})(?: any ?more| any longer| after all)|no longer allergic to (${ALLERGENS}))`,
      ),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `i(?:'ve| have)? (?:just |recently )?(?:(?:quit|left) (?:my (?:old )?job(?: (?:at|with) (${NAME}))?|(${NAME}))|resigned from (${NAME})|no longer work (?:at|for) (${NAME})|don't work (?:at|for) (${NAME}) any ?more)(?: (?:last|this) \\p{L}+| yesterday| today)?`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    {
      pattern: sentence(
        `i (?:no longer live in (${NAME})|don't live in (${NAME}) any ?more|(?:'ve |have )?moved (?:away |out )?from (${NAME}))`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
      ends: true,
    },
    {
      pattern: sentence(
        "i(?:'m| am) (?:no longer (?:an? )?(?:vegan|vegetarian|pescatarian)|not (?:an? )?(?:vegan|vegetarian|pescatarian) any ?more)",
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
      ends: true,
    },
    {
      pattern: sentence(
        "(?:please,? )?remember(?: that (?=(?:the|my|i|i'm|i've|we|our|his|her|their)\\b)|: ?).{4,250}",
      ),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
    {
      pattern: sentence(
        "(?:please,? )?(?:note|keep in mind|don't forget)(?: that|:) (?=(?:my|i|i'm|i've|we|our)\\b).{4,250}",
      ),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
