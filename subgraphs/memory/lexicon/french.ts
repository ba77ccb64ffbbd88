import { type Lexicon, NAME, OBJECT, sentence, words } from './lexicon.ts';
import { substance } from './substance.ts';

const ALLERGENS = substance(
  'fr',
  'travail|effort|responsabilités?|bêtise|conneries?|drame|gens|hommes|femmes|enfants|idiots|réunions?|toi|vous|lui|elle|eux|tout|rien|ça|cela|ce|cette|ces|ton|ta|tes|votre|vos|mon|ma|mes|son|sa|ses|le|la|les|l|un|une|des|mensonges?|menteurs|hypocrisie|injustice|excuses|blagues?|critique|silence',
);
const MORE = '(?:,? (?:comme|et|depuis|mais|avec|car|parce|où|qui|maintenant|en ce moment)(?= ).*)?';
const JOBS =
  '(?:infirmi(?:er|ère)|professeure?|enseignante?|institut(?:eur|rice)|médecin|chirurgien(?:ne)?|dentiste|vétérinaire|avocate?|ingénieure?|développeu(?:r|se)|programmeu(?:r|se)|architecte|comptable|boulang(?:er|ère)|cuisini(?:er|ère)|serveu(?:r|se)|journaliste|traduct(?:eur|rice)|étudiante?|retraitée?|pharmacien(?:ne)?|sage-femme|photographe|musicien(?:ne)?|agricult(?:eur|rice)|électricien(?:ne)?|plombi(?:er|ère)|coiffeu(?:r|se)|jardini(?:er|ère))';

export const french: Lexicon = {
  language: 'fr',
  frequent: words(
    "déteste|travaille|chez|habite|la|un|du|vit|aime|utilisateur|utilisatrice|c'est|ai|ce|qui|en|toujours|ont|d|l|m|j|s|si|je|j'|le|les|des|est|suis|mon|ma|mes|une|et|dans|pas|pour|avec|utilisateur|utilisatrice|vous|nous|que|sur|au|aux|habite|il|elle|ne",
  ),
  self: words('je|j|me|m|moi|mon|ma|mes|nous|notre|nos'),
  subject: words('je|j|nous'),
  other: words("il|elle|ils|elles|on|qui|quelqu'un|personne|tu|vous"),
  possessive: words('mon|ma|mes|notre|nos'),
  attribute:
    /^(?:mon|ma|mes|notre|nos) (?:(?:vrai|nouvelle?|nouveau|ancien(?:ne)?|propre) )?(?:prénom|nom|surnom|anniversaire|âge|métier|travail|profession|emploi|\p{L}+ (?:préférée?s?|favorite?s?)|loisirs?|régime|adresse|numéro|téléphone|e-?mail|fuseau|pronoms|objectif|langue|nationalité|taille|poids|groupe sanguin|titre|allergies?|employeur)/iu,
  negation: words(
    "ne|n'\\p{L}+|n|pas|jamais|rien|aucune?|sans|ni|plus (?!de|que|tard|jeune|vieux|grand|petit)|non|démissionné|quitté|arrêté|cessé|ancien|ancienne|déteste|détestes|évite",
  ),
  noNegation: /\b(?:pas seulement|non seulement|pas mal|pas de problème|sans doute|sans problème)\b/giu,
  hypothetical: words(
    '\\p{L}+(?:erais|erait|irais|irait|drais|drait)|si|serais|serait|aurais|aurait|pourrais|pourrait|voudrais|voudrait|aimerais|aimerait|devrais|peut-être|imagine|imaginons|supposons|admettons|presque|failli|habiterais|vivrais|rêve de|pense à|envisage',
  ),
  fiction: words(
    '(?:écris|écrivez|raconte|racontez|invente|compose|rédige|crée|génère)(?:[- ]moi|[- ]nous)? (?:une?|le|la|les|mon|ma|des) (?:\\p{L}+ )?(?:histoire|poème|roman|chanson|conte|dialogue|scène|personnage|blague|monologue|lettre|biographie|journal|article|exemple|discours|e-?mail|récit|nouvelle)|imagine|imaginons|fais semblant|jeu de rôle|supposons|il était une fois|dans mon (?:roman|histoire|livre|rêve|jeu)|mon (?:personnage|héros|narrateur)|mon héroïne|fictif|fictive',
  ),
  material: words(
    "tradui[st]\\p{L}*|traduction|corrige\\p{L}*|correction|reformule\\p{L}*|paraphrase\\p{L}*|résume\\p{L}*|résumé|grammaire|orthographe|comment dit-on|comment dire|(?:le|la|ce|cette) (?:texte|phrase|poème|chanson|mail) (?:suivante?|ci-dessous)|cette phrase|ce texte|phrase d'exemple|citation",
  ),
  reported: words(
    'dit|disait|disent|pensent|croient|croyait|croyaient|prétendent|affirment|racontent|(?:il est faux|ce n.est pas vrai|c.est faux)(?= qu)|raconte|pense(?! que j)|pensait|prétend|affirme|affirmait|croit|écrit|écrivait|demande|demandait|selon|soi-disant|cite|dans le (?:film|livre|roman)|dans la chanson',
  ),
  reportedAfter: /^[\s,."”»“]*(?:écrit|écrivait|dit|disait|affirme|chante) (?!(?:je|j['’]|nous)(?!\p{L}))\p{L}/iu,
  question:
    /^(?:est-ce|où|quand|comment|pourquoi|qui|que|quoi|quels?|quelles?|combien|puis-je|ai-je|suis-je|dois-je|peux-tu|pouvez-vous)(?!\p{L})/iu,
  here: words("ceci|cela|ça|cette?|ces|ici|ci-dessous|ci-dessus|suivante?s?|aujourd'hui|maintenant|cette fois"),
  joint: words('mais|et|car|parce que|alors|donc|tandis que|bien que|sauf|ou|que'),
  rules: [
    {
      pattern: sentence(`(?:je m['’]appelle|mon (?:pré)?nom est|mon prénom,? c['’]est) (?!pas)${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    { pattern: sentence(`appelle[sz]?-moi ${NAME}`), kind: 'INSTRUCTION', importance: 0.9, slot: 'nickname' },
    {
      pattern: sentence(
        `(?:j['’]habite|je vis)(?: maintenant| actuellement| désormais)? (?:à|en|au|aux|dans (?:la ville de|le sud de|le nord de)) (?:la |le |l['’])?${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `(?:j['’]ai (?:récemment |tout juste )?(?:déménagé|emménagé)|je viens de (?:dé|em)ménager|je me suis installée?) (?:de ${NAME} )?(?:à|en|au|aux) ${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `je travaille(?: maintenant| actuellement)? (?:chez|pour|à) (?:la |le |l['’])?(?!Noël)${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        `(?:je travaille comme (?:une? )?[\\p{L}-]+(?: [\\p{L}-]+){0,2}|je suis (?:une? )?${JOBS}(?: (?:à|en|au|chez) .*)?)${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence("mon anniversaire,? (?:est|c['’]est) le \\d[\\p{L}\\p{N} ]{2,30}"),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(
        `je suis (?:très |fortement |aussi )?allergique (?:aux? |à la |à l['’]|à )((?:${ALLERGENS})(?:(?:,| et| ou) (?:aux? |à la |à l['’])?(?:${ALLERGENS})){0,4})${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(
        `je suis (?:devenue? |maintenant )?(?:végane?|vegan|végétarien(?:ne)?|végétalien(?:ne)?)${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(
        `(?:mon|ma|mes) (\\p{L}+) (?:préférée?s?|favorite?s?) (?:est|sont|c['’]est) (?!pas|quand|que|de)${OBJECT}(?: \\p{L}+){0,2}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(
        `(?:j['’]adore|je déteste|je préfère) (?!te|vous|ça|cela|ce|cette|ces|quand|que|comment|ton|ta|tes|votre|tout|mon|ma)(?:le |la |les |l['’])?${OBJECT}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        "(?:s['’]il (?:te|vous) plaît,? )?(?:réponds|répondez|écris|écrivez|utilise|utilisez|parle|parlez)(?:-moi)? (?:toujours|jamais)(?!\\p{L}).{2,200}|ne (?:réponds|répondez|utilise|utilisez)(?:-moi)? jamais .{2,200}",
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(`je ne suis plus allergique (?:aux? |à la |à l['’]|à )(${ALLERGENS})`),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `(?:j['’]ai (?:quitté|démissionné de)(?: mon (?:travail|poste|emploi) (?:chez|à))? (${NAME})|je ne travaille plus (?:chez|pour|à) (${NAME}))`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    {
      pattern: sentence(`(?:je n['’]habite plus|je ne vis plus) (?:à|en|au|aux) (${NAME})`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
      ends: true,
    },
    {
      pattern: sentence('je ne suis plus (?:végane?|vegan|végétarien(?:ne)?|végétalien(?:ne)?)'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
      ends: true,
    },
    {
      pattern: sentence(
        "(?:souviens-toi|rappelle-toi|n['’]oublie pas|retiens)(?: que |\\s?: ?)(?=(?:je|j['’]|mon|ma|mes|le|la|nous|notre)).{4,250}",
      ),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
