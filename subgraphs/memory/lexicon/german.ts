import { type Lexicon, NAME, OBJECT, sentence, words } from './lexicon.ts';
import { substance } from './substance.ts';

const ALLERGENS = substance(
  'de',
  'Arbeit|Anstrengung|Verantwortung|Unsinn|Blödsinn|Quatsch|Dummheit|Drama|Spaß|Menschen|Leute|Männer|Frauen|Kinder|Idioten|Besprechungen|Meetings?|Small|dich|euch|ihn|ihr|sie|dein\\p{L}*|mein\\p{L}*|sein\\p{L}*|euer|eure\\p{L}*|dies\\p{L}*|das|den|die|alles|etwas|nichts|was|wie|wenn|(?:\\p{L}+ )?(?:Witze?|Wortspiele|Lügen|Lügner|Ausreden|Heuchelei|Ungerechtigkeit|Kritik|Stille)',
);
const MORE = '(?:,? (?:als|und|seit|aber|jetzt|mit|bei|weil|wo|der|die|das|zurzeit|gerade)(?= ).*)?';
const JOBS =
  '(?:Software|Web|Daten|Grund|Gymnasial|Kranken|Alten|LKW-|Bus|Zug)?-?(?:Lehrer|Ärzt|Arzt|Entwickler|Programmierer|Ingenieur|Anwält|Anwalt|Pfleger|Krankenschwester|Bäcker|Koch|Köchin|Schreiner|Tischler|Elektriker|Architekt|Student|Rentner|Journalist|Übersetzer|Apotheker|Hebamme|Fahrer|Gärtner|Friseur|Musiker|Fotograf|Designer|Buchhalter|Landwirt|Polizist|Physiker|Chemiker|Biologe|Informatiker|Berater|Verkäufer)(?:in)?';

export const german: Lexicon = {
  language: 'de',
  frequent: words(
    'in|arbeite|arbeitet|wohnt|lebt|heißt|gern|als|wenn|von|dem|bei|nach|es|was|schreib|geschichte|im|zwei|haben|ich|und|der|die|das|ist|nicht|bin|mein|meine|ein|eine|einen|habe|hat|mit|für|auf|zu|den|dem|wohne|wohnt|nutzer|benutzer|sie|er|auch|im|vom|wie|wir',
  ),
  self: words('ich|mich|mir|mein\\p{L}{0,2}|wir|uns|unser\\p{L}{0,2}'),
  subject: words('ich|wir'),
  other: words('er|sie|es|man|jemand|niemand|der|die|das|welcher|welche|du|ihr'),
  possessive: words('mein(?:e[rmns]?)?|unser(?:e[rmns]?)?'),
  attribute:
    /^(?:mein|meine|unser|unsere) (?:(?:voller|richtiger|neue[rs]?|alte[rs]?|aktuelle[rs]?) )?(?:vorname|nachname|name|spitzname|geburtstag|geburtsort|alter|beruf|job|lieblings\p{L}+|hobb(?:y|ys)|ernährung|adresse|nummer|telefonnummer|e-?mail|zeitzone|pronomen|ziel|muttersprache|nationalität|größe|gewicht|blutgruppe|heimat\p{L}*|titel|allergien?|arbeitgeber|zuhause)/iu,
  negation: words(
    'nicht|kein\\p{L}{0,2}|nie|niemals|ohne|weder|nichts|nicht mehr|gekündigt|aufgehört|aufgegeben|verlassen|früher|ehemalig\\p{L}*|hasse|hasst|meide|meidet|mag kein\\p{L}*',
  ),
  noNegation: /\b(?:nicht nur|kein problem|keine frage|kein zweifel)\b/giu,
  hypothetical: words(
    'wenn|falls|würde|würden|wäre|wären|hätte|hätten|könnte|könnten|sollte|vielleicht|eventuell|möglicherweise|stell dir vor|angenommen|ob|wünschte|fast|beinahe|möchte gern|überlege|träume',
  ),
  fiction: words(
    '(?:schreib|schreibe|erzähl|erzähle|erfinde|dichte|verfasse|erstelle)(?: mir| uns)?(?: bitte)? (?:eine?n? |den |die |das |meine?n? )?(?:\\p{L}+ )?(?:\\p{L}*geschichte|gedicht|roman|lied|liedtext|märchen|dialog|szene|figur|witz|monolog|brief|anschreiben|lebenslauf|tagebuch\\p{L}*|beitrag|beispiel|rede|e-?mail)|stell dir vor|tu so|spiel(?:e|en)? wir|rollenspiel|angenommen|es war einmal|in meine[rm] (?:roman|geschichte|buch|traum|spiel)|meine (?:figur|romanfigur|heldin)|mein held|der erzähler|fiktiv\\p{L}*|aus der sicht',
  ),
  material: words(
    'übersetz\\p{L}*|übersetzung|korrigier\\p{L}*|korrektur|umformulier\\p{L}*|formulier\\p{L}* um|fasse? .{0,40}zusammen|zusammenfassung|grammatik|rechtschreibung|wie sagt man|folgende[rsn]? (?:text|satz|e-?mail)|diese[rsn]? (?:text|satz|gedicht|lied|e-?mail)|beispielsatz|testsatz|zitat',
  ),
  reported: words(
    'sagt|sagte|sagen|sagten|meint|meinte|meinen(?=,)|behaupten|glauben|glaubte|glaubten|denken|dachte|dachten|vermutet|vermuten|findet(?=,)|finden(?=,)|(?:stimmt nicht|falsch|unwahr|gelogen)(?=,? dass)|behauptet|behauptete|erzählt|erzählte|glaubt|denkt|schreibt|schrieb|fragt|fragte|laut|angeblich|zitat|zitiert|im (?:film|lied|roman|buch)',
  ),
  reportedAfter:
    /^[\s,."”»“]*(?:schrieb|schreibt|sagte|sagt|meinte|meint|behauptet|singt) (?!(?:ich|wir)(?!\p{L}))\p{L}/iu,
  question:
    /^(?:wo|was|wer|wen|wem|wann|warum|wieso|wie|welche[rsn]?|kann|kannst|könnt|darf|soll|muss|habe|hab|bin|ist|sind|wohne|lebe|arbeite) /iu,
  here: words('diese[rsnm]?|dies|hier|oben|unten|folgende[rsn]?|heute|jetzt|gerade|diesmal|es'),
  joint: words('aber|und|denn|weil|obwohl|während|sondern|außer|oder|sodass|dass'),
  rules: [
    {
      pattern: sentence(
        `(?:mein (?:voller |richtiger )?(?:vor|nach)?name ist|ich heiße|ich heisse) (?!(?-i:nicht|anders|so)\\b)${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    {
      pattern: sentence(`(?:bitte )?nenn(?:e)? mich (?:bitte )?${NAME}`),
      kind: 'INSTRUCTION',
      importance: 0.9,
      slot: 'nickname',
    },
    {
      pattern: sentence(
        `ich (?:wohne|lebe)(?: jetzt| zurzeit| derzeit| inzwischen| seit \\d{4}| seit \\p{L}+ \\p{L}+)? in (?:der (?:nähe von |stadt )?|einem \\p{L}+ bei )?(?!Angst|Frieden|Armut|Sorge|Hoffnung|Trennung|Scheidung)${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `ich bin (?:gerade |kürzlich |neulich |vor kurzem |jetzt |letztes jahr |letzten monat |\\d{4} )?(?:von ${NAME} )?nach ${NAME} (?:um)?gezogen`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `ich arbeite(?: jetzt| zurzeit| derzeit)? (?:bei|für) (?:der |dem |einer |einem )?(?!Bedarf|Nacht|Tag)${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        `ich (?:arbeite(?: jetzt)? als (?:ein[e]? )?(?!(?:letzte|einzige)[rsn]?\\b|(?:erste|nächste)[rsn]? (?:im|in|hier)\\b|(?:erstes|zweites|nächstes)\\b|(?:gast|team|gruppe)\\b(?! (?-i:\\p{Lu}))|(?:ob|wenn|wäre)\\b)[\\p{L}-]+(?: [\\p{L}-]+){0,2}|bin (?:(?:eine? |von beruf |gelernte[r]? ))?${JOBS})${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence(
        'mein geburtstag ist (?:am |der )?\\d[\\p{L}\\p{N}. ]{2,30}|ich habe am \\d[\\p{L}\\p{N}. ]{2,30} geburtstag',
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(
        `ich bin (?:stark |sehr |schwer |auch )?(?:allergisch (?:gegen|auf) ((?:${ALLERGENS})(?:(?:,| und| oder) (?:${ALLERGENS})){0,4})${MORE}|gegen ((?:${ALLERGENS})(?:(?:,| und| oder) (?:${ALLERGENS})){0,4}) allergisch)|ich habe eine ((?:${ALLERGENS})-?)allergie`,
      ),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(
        `ich (?:bin (?:jetzt |seit \\p{L}+ )?(?:veganer(?:in)?|vegan|vegetarier(?:in)?)|(?:lebe|ernähre mich) (?:vegan|vegetarisch))${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(`meine? (lieblings[\\p{L}-]+) (?:ist|sind|heißt) (?!nicht|wenn|wie|dass|das,)${OBJECT}`),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(
        `ich (?:liebe|hasse) (?!dich|euch|sie|ihn|es|das|die|den|der|dies\\p{L}*|wie|wenn|dein\\p{L}*|mein\\p{L}*|alles|beide)${OBJECT}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        '(?:bitte )?(?:antworte|schreib|schreibe|sprich|verwende|benutze|nutze)(?: mir)?(?: bitte)? (?:immer|stets|nie|niemals)\\b.{2,200}',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(
        `ich bin (?:nicht mehr|nicht länger) (?:gegen (${ALLERGENS}) allergisch|allergisch (?:gegen|auf) (${ALLERGENS}))`,
      ),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `ich (?:habe (?:meinen job )?bei (${NAME}) (?:gekündigt|aufgehört)|arbeite nicht mehr (?:bei|für) (${NAME}))`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    {
      pattern: sentence(`ich (?:wohne|lebe) nicht mehr in (${NAME})`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
      ends: true,
    },
    {
      pattern: sentence(
        'ich bin (?:kein[e]? (?:veganer(?:in)?|vegetarier(?:in)?) mehr|nicht mehr (?:vegan|vegetarier(?:in)?))',
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
      ends: true,
    },
    {
      pattern: sentence(
        '(?:bitte )?merk(?:e)? dir,? ?(?:bitte)?(?:, dass|:) ?(?=(?:ich|mein\\p{L}*|wir|unser\\p{L}*|der|die|das)\\b).{4,250}',
      ),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
