import { type Lexicon, NAME, OBJECT, sentence, words } from './lexicon.ts';
import { substance } from './substance.ts';

const ALLERGENS = substance(
  'it',
  'lavoro|fatica|responsabilità|sciocchezze|stupidità|stupidaggini|drammi|gente|persone|uomini|donne|bambini|idioti|riunioni|te|voi|lui|lei|loro|tutto|niente|nulla|questo|quello|questa|quella|tuo|tua|tuoi|tue|mio|mia|suo|sua|il|lo|la|i|gli|le|un|una|bugie|bugiardi|ipocrisia|ingiustizia|scuse|battute|critiche|silenzio',
);
const MORE = '(?:,? (?:come|e|da|dal|ma|con|perché|dove|che|ora|adesso)(?= ).*)?';
const JOBS =
  '(?:infermier[ea]|professore|professoressa|insegnante|maestr[oa]|medico|chirurgo|dentista|veterinari[oa]|avvocat[oa]|ingegnere|sviluppat(?:ore|rice)|programmat(?:ore|rice)|architett[oa]|commercialista|panettier[ea]|cuoc[oa]|camerier[ea]|giornalista|tradutt(?:ore|rice)|studente|studentessa|pensionat[oa]|farmacista|ostetrica|fotograf[oa]|musicista|elettricista|idraulico|parrucchier[ea]|giardinier[ea])';

export const italian: Lexicon = {
  language: 'it',
  frequent: words(
    'abito|lavora|lavori|scrivi|in|un|da|dal|dei|alla|al|nel|la|le|vorrei|mi|era|come|questo|quella|cinque|anni|se|più|ci|il|lo|gli|è|sono|mi|mio|mia|miei|una|un|e|di|non|per|con|utente|vivo|vive|che|ho|ha|nel|della|alla|chiamo|lavoro|abito|anche|molto',
  ),
  self: words(
    'io|mi|me|mio|mia|miei|mie|noi|ci|nostr[oaei]|sono|ho|vivo|abito|lavoro|preferisco|odio|amo|parlo|studio|suono|gioco|adoro',
  ),
  subject: words(
    'io|noi|sono|ho|vivo|abito|lavoro|preferisco|odio|amo|parlo|studio|suono|gioco|adoro|mi (?:chiamo|piace|piacciono)',
  ),
  other: words('lui|lei|loro|tu|voi|qualcuno|nessuno|chi|si chiama|vive|abita|lavora|preferisce'),
  possessive: words('(?:il |la |i |le )?(?:mio|mia|miei|mie|nostr[oaei])'),
  attribute:
    /^(?:il |la |i |le |l['’])?(?:mio|mia|miei|mie|nostr[oaei]) (?:(?:vero|nuov[oa]|vecchi[oa]|propri[oa]) )?(?:nome|cognome|soprannome|compleanno|età|professione|lavoro|mestiere|\p{L}+ preferit[oaie]|hobby|dieta|indirizzo|numero|telefono|e-?mail|fuso|pronomi|obiettivo|lingua|nazionalità|altezza|peso|gruppo sanguigno|titolo|allergi[ae]|azienda)/iu,
  negation: words(
    'non|mai|niente|nulla|nessun[oa]?|senza|né|neanche|smesso|lasciato|licenziat[oa]|dimess[oa]|abbandonato|ex|odio|odia|detesto|detesta|evito|evita',
  ),
  noNegation: /\b(?:non solo|non soltanto|senza dubbio|senza problemi|non male)\b/giu,
  hypothetical: words(
    '\\p{L}+(?:erei|erebbe|irei|irebbe)|se|sarei|sarebbe|vivrei|avrei|potrei|dovrei|vorrei|vorrebbe|piacerebbe|forse|magari|immagina|supponiamo|mettiamo|quasi|fossi|avessi|vivessi|sogno di|penso di|sto pensando|sto per|stavo per',
  ),
  fiction: words(
    "(?:scrivi|scrivimi|racconta|raccontami|inventa|componi|crea|genera)(?:mi)? (?:una?|un'|il|la|lo|la mia|il mio) ?(?:\\p{L}+ )?(?:storia|poesia|romanzo|canzone|fiaba|favola|dialogo|scena|personaggio|barzelletta|monologo|lettera|biografia|diario|articolo|esempio|discorso|e-?mail|racconto)|immagina|immaginiamo|fai finta|gioco di ruolo|supponiamo|c'era una volta|nel mio (?:romanzo|libro|sogno|gioco)|nella mia storia|il mio (?:personaggio|protagonista|narratore|eroe)|immaginari[oa]",
  ),
  material: words(
    'traduci|tradurre|traducimi|traduzione|correggi|correggere|correzione|riformula|parafrasa|riassumi|riassunto|grammatica|ortografia|come si dice|come dico|(?:il|la|questo|questa) (?:testo|frase|poesia|canzone|mail) seguente|seguente (?:testo|frase)|questa frase|questo testo|frase di esempio|citazione',
  ),
  reported: words(
    'dice|disse|diceva|dicono|pensano|pensavano|credono|credeva|credevano|sostiene|sostengono|affermano|(?:non è vero|è falso)(?= che)|racconta|ha detto|pensa|pensava|afferma|crede|scrive|scrisse|chiede|chiese|secondo|presumibilmente|nel (?:film|libro|romanzo)|nella canzone',
  ),
  reportedAfter: /^[\s,."”»“]*(?:scrisse|scrive|disse|dice|afferma|canta) (?!(?:io|noi)(?!\p{L}))\p{L}/iu,
  question: /^(?:dove|quando|come|perché|chi|che cosa|cosa|qual[ei]?|quant[oaie]|posso|puoi)(?!\p{L})/iu,
  here: words('quest[oaei]|quell[oaei]|qui|sotto|sopra|seguente|oggi|adesso|stavolta|questa volta'),
  joint: words('ma|e|perché|anche se|mentre|tranne|o|che'),
  rules: [
    {
      pattern: sentence(`(?:mi chiamo|il mio nome è) (?!non)${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    { pattern: sentence(`chiamami ${NAME}`), kind: 'INSTRUCTION', importance: 0.9, slot: 'nickname' },
    {
      pattern: sentence(
        `(?:io )?(?:vivo|abito)(?: ora| adesso| attualmente)? (?:a|in|nel|nella|ad)(?: centro di| città di)? ${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `mi sono (?:appena |da poco |recentemente )?trasferit[oa](?: da poco| recentemente)? (?:da ${NAME} )?(?:a|ad|in) ${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(`(?:io )?lavoro(?: ora| adesso| attualmente)? (?:per|presso|da|alla|in) ${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        `(?:lavoro come [\\p{L}-]+(?: [\\p{L}-]+){0,2}|(?:io )?(?:sono|faccio) (?:una? |un['’]|il |la |l['’])?${JOBS}(?: (?:a|in|di) .*)?)${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence("il mio compleanno è (?:il |l['’])\\d[\\p{L}\\p{N} ]{2,30}"),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(
        `(?:io )?sono (?:molto |anche )?allergic[oa] (?:al |alla |alle |agli |ai |all['’]|allo )((?:${ALLERGENS})(?:(?:,| e| o| ed) (?:al |alla |alle |agli |ai |all['’])?(?:${ALLERGENS})){0,4})${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(`(?:io )?sono (?:diventat[oa] )?(?:vegan[oa]|vegetarian[oa])${MORE}`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(
        `(?:il mio|la mia|i miei|le mie) (\\p{L}+) preferit[oaie] (?:è|sono) (?!non|quando|che)${OBJECT}(?: \\p{L}+){0,2}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(
        "(?:adoro|amo|odio|preferisco) (?!te|quest[oaei]|quando|come|che|il tuo|la tua|tutto|quell[oaei])(?:il |la |lo |i |gli |le |l['’])?" +
          OBJECT,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        '(?:per favore,? )?(?:rispondi|scrivi|usa|parla|rispondimi)(?:mi)? sempre\\b.{2,200}|non (?:rispondere|usare|scrivere) mai .{2,200}',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(`non sono più allergic[oa] (?:al |alla |alle |agli |ai |all['’])(${ALLERGENS})`),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `(?:non lavoro più (?:per|presso|da|in|alla) (${NAME})|ho lasciato (?:il mio lavoro (?:a|in|da|presso|alla) )?(${NAME})|mi sono licenziat[oa] da (${NAME}))`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    {
      pattern: sentence(`non (?:vivo|abito) più (?:a|in|ad) (${NAME})`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
      ends: true,
    },
    {
      pattern: sentence('non sono più (?:vegan[oa]|vegetarian[oa])'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
      ends: true,
    },
    {
      pattern: sentence(
        '(?:ricorda(?:ti)?|non dimenticare)(?: che |: ?)(?=(?:io|il|la|mi|i|le|vivo|sono|ho|nostr)).{4,250}',
      ),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
