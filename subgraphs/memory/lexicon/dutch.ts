import { type Lexicon, NAME, OBJECT, sentence, words } from './lexicon.ts';
import { substance } from './substance.ts';

const ALLERGENS = substance(
  'nl',
  'werk|inspanning|verantwoordelijkheid|onzin|domheid|drama|plezier|mensen|mannen|vrouwen|kinderen|idioten|vergaderingen|jou|jullie|hem|haar|hun|dit|dat|deze|die|alles|iets|niets|het|de|een|mijn|jouw|zijn|wat|hoe|als|leugens|leugenaars|hypocrisie|onrecht|smoesjes|grappen|kritiek|stilte',
);
const MORE = '(?:,? (?:als|en|sinds|maar|met|omdat|waar|die|nu|op dit moment)(?= ).*)?';

export const dutch: Lexicon = {
  language: 'nl',
  frequent: words(
    'in|woont|werkt|aan|er|maar|als|naar|ons|wel|geen|zij|hebben|schrijf|verhaal|ik|de|het|een|en|is|ben|niet|mijn|met|voor|van|heb|heeft|woon|woont|gebruiker|zijn|op|naar|dat|ook|wij|bij|werk',
  ),
  self: words('ik|mij|me|mijn|wij|we|ons|onze'),
  subject: words('ik|wij|we'),
  other: words('hij|zij|ze|men|iemand|niemand|die|dat|wie|jij|je|u|jullie'),
  possessive: words('mijn|onze|ons'),
  attribute:
    /^(?:mijn|onze|ons) (?:(?:volledige|echte|nieuwe|oude|eigen) )?(?:naam|voornaam|achternaam|bijnaam|verjaardag|leeftijd|beroep|baan|werk|favoriete \p{L}+|lievelings\p{L}+|hobby'?s?|dieet|adres|nummer|telefoonnummer|e-?mail|tijdzone|doel|moedertaal|nationaliteit|lengte|gewicht|bloedgroep|titel|allergie(?:ën)?|werkgever)/iu,
  negation: words(
    'niet|geen|nooit|niemand|niets|zonder|noch|niet meer|geen \\p{L}+ meer|ontslag|gestopt|verlaten|vroeger|voormalige?|ex|haat|vermijd|vermijdt',
  ),
  noNegation: /\b(?:niet alleen|geen probleem|zonder twijfel)\b/giu,
  hypothetical: words(
    'als|indien|zou|zouden|had|hadden|kon|konden|misschien|wellicht|mogelijk|stel|stel je voor|of|bijna|wou|wilde dat|droom ervan|overweeg',
  ),
  fiction: words(
    '(?:schrijf|vertel|verzin|bedenk|maak|dicht)(?: me| mij| ons)? (?:een|het|de|mijn) (?:\\p{L}+ )?(?:verhaal|gedicht|roman|lied|liedje|sprookje|dialoog|scène|personage|mop|grap|monoloog|brief|biografie|dagboek\\p{L}*|artikel|voorbeeld|toespraak|e-?mail)|stel je voor|doe alsof|rollenspel|stel dat|er was eens|in mijn (?:roman|verhaal|boek|droom|spel)|mijn (?:personage|held|heldin|hoofdpersoon)|verzonnen|fictieve?',
  ),
  material: words(
    'vertaal|vertaling|corrigeer|verbeter|herformuleer|herschrijf|vat .{0,40}samen|samenvatting|grammatica|spelling|hoe zeg je|(?:volgende|deze|dit) (?:tekst|zin|gedicht|lied|e-?mail)|voorbeeldzin|citaat',
  ),
  reported: words(
    'zegt|zei|zeggen|zeiden|denken|dachten|vinden|beweren|geloven|(?:niet waar|onwaar)(?=,? dat)|vindt|vertelt|vertelde|denkt|dacht|beweert|beweerde|gelooft|schrijft|schreef|vraagt|vroeg|volgens|zogenaamd|in (?:de film|het boek|het lied)',
  ),
  reportedAfter: /^[\s,."”»“]*(?:schreef|schrijft|zei|zegt|beweert|zingt) (?!(?:ik|wij|we)(?!\p{L}))\p{L}/iu,
  question: /^(?:waar|wat|wie|wanneer|waarom|hoe|welke?|kan|kun|mag|moet|heb|ben|is|woon|werk) /iu,
  here: words('deze|dit|dat|hier|onder|boven|volgende|vandaag|nu|deze keer|het'),
  joint: words('maar|en|want|omdat|hoewel|terwijl|behalve|of|zodat|dat'),
  rules: [
    {
      pattern: sentence(`(?:mijn (?:volledige |echte )?(?:voor|achter)?naam is|ik heet) (?!niet)${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    { pattern: sentence(`noem me (?:maar )?${NAME}`), kind: 'INSTRUCTION', importance: 0.9, slot: 'nickname' },
    {
      pattern: sentence(
        `ik woon(?: nu| tegenwoordig| sinds \\d{4})? in (?:de buurt van |het centrum van )?${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(`ik ben (?:net |onlangs |pas )?(?:van ${NAME} )?naar ${NAME} verhuisd`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(`ik werk(?: nu| tegenwoordig)? (?:bij|voor) (?:de |het )?${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(`ik werk als (?:een )?[\\p{L}-]+(?: [\\p{L}-]+){0,2}${MORE}`),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence('mijn verjaardag is (?:op )?\\d[\\p{L}\\p{N} ]{2,30}'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(
        `ik ben (?:erg |heel |ook )?allergisch voor ((?:${ALLERGENS})(?:(?:,| en| of) (?:${ALLERGENS})){0,4})${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(`ik ben (?:een )?(?:veganist(?:isch)?|vegetari[eë]r|vegetarisch)${MORE}`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(`mijn (favoriete \\p{L}+|lievelings\\p{L}+) (?:is|zijn) (?!niet|als|dat)${OBJECT}`),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(`ik haat (?!jou|je|u|het|dit|dat|als|wanneer|hoe|mijn|alles)${OBJECT}`),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        '(?:antwoord|schrijf|gebruik|spreek)(?: alsjeblieft| alstublieft)? (?:altijd|nooit)\\b.{2,200}',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(`ik ben niet (?:meer|langer) allergisch voor (${ALLERGENS})`),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `ik (?:werk niet meer (?:bij|voor) (${NAME})|heb (?:mijn baan |ontslag genomen )bij (${NAME})(?: opgezegd)?)`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    { pattern: sentence(`ik woon niet meer in (${NAME})`), kind: 'FACT', importance: 0.8, slot: 'home', ends: true },
    {
      pattern: sentence('ik ben geen (?:veganist|vegetari[eë]r) meer'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
      ends: true,
    },
    {
      pattern: sentence('(?:onthoud|vergeet niet)(?: dat |: ?)(?=(?:ik|mijn|wij|we|ons|onze|de|het)).{4,250}'),
      isRequest: true,

      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
