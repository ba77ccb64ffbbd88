import { type Lexicon, NAME, OBJECT, sentence, words } from './lexicon.ts';
import { substance } from './substance.ts';

const ALLERGENS = substance(
  'es',
  'trabajo|esfuerzo|responsabilidad|tonterías?|estupidez|drama|gente|hombres|mujeres|niños|idiotas|reuniones|ti|usted|él|ella|ellos|todo|nada|esto|eso|este|esta|estos|estas|tu|tus|mi|mis|su|sus|el|la|los|las|lo|un|una|mentiras?|mentirosos|hipocresía|injusticia|excusas|chistes?|críticas?|silencio',
);
const MORE = '(?:,? (?:como|y|desde|pero|con|porque|donde|que|ahora|actualmente)(?= ).*)?';
const JOBS =
  '(?:enfermer[oa]|profesora?|maestr[oa]|médic[oa]|doctora?|cirujan[oa]|dentista|veterinari[oa]|abogad[oa]|ingenier[oa]|desarrolladora?|programadora?|arquitect[oa]|contable|panader[oa]|cociner[oa]|camarer[oa]|periodista|traductora?|estudiante|jubilad[oa]|farmacéutic[oa]|matrona|fotógraf[oa]|músic[oa]|agricultora?|electricista|fontaner[oa]|peluquer[oa]|jardiner[oa])';

export const spanish: Lexicon = {
  language: 'es',
  frequent: words(
    'la|un|en|su|se|lo|más|como|año|años|fue|esta|escribe|cuento|la usuaria|vive|se llama|de|el|los|las|es|llamo|llama|gusta|siempre|soy|mi|mis|una|y|en|no|para|con|usuario|usuaria|vivo|vive|que|por|estoy|tengo|tiene|muy|del|al|pero|trabajo',
  ),
  self: words(
    'yo|me|mí|mi|mis|nosotros|nosotras|nos|nuestr[oa]s?|soy|estoy|tengo|vivo|trabajo|prefiero|odio|quiero|llamo|conmigo|hablo|estudio|juego|como|toco|nací|mudé|he|fui',
  ),
  subject: words(
    'yo|nosotros|nosotras|soy|estoy|tengo|vivo|trabajo|prefiero|odio|quiero|hablo|estudio|juego|toco|nací|me (?:llamo|mudé|encanta|gusta)|he',
  ),
  other: words('él|ella|ellos|ellas|usted|ustedes|tú|alguien|nadie|quien|se llama|vive|trabaja|tiene|prefiere'),
  possessive: words('mi|mis|nuestr[oa]s?'),
  attribute:
    /^(?:mi|mis|nuestr[oa]s?) (?:(?:verdadero|nuev[oa]|antigu[oa]|propi[oa]) )?(?:nombre|apellido|apodo|cumpleaños|edad|profesión|trabajo|oficio|\p{L}+ (?:favorit[oa]s?|preferid[oa]s?)|aficiones|dieta|dirección|número|teléfono|correo|email|zona|pronombres|objetivo|idioma|lengua|nacionalidad|altura|peso|grupo sanguíneo|título|alergias?|empresa|jefe actual)/iu,
  negation: words(
    'no|nunca|jamás|nada|ningun[oa]?|ningún|sin|ni|tampoco|dejé|dejó|renuncié|abandoné|ex|antiguo|odio|detesto|odia|evito|evita',
  ),
  noNegation: /\b(?:no solo|no sólo|no solamente|sin duda|sin problema|no hay problema)\b/giu,
  hypothetical: words(
    '\\p{L}+ría[sn]?|si|sería|serías|viviría|tendría|podría|debería|gustaría|quizás?|tal vez|acaso|ojalá|imagina|imagínate|supongamos|pongamos|digamos|suponiendo|casi|fuera|fuese|tuviera|viviera|pienso en|sueño con|querría|quisiera',
  ),
  fiction: words(
    '(?:escribe|escríbeme|escriba|cuenta|cuéntame|inventa|compón|redacta|crea|genera)(?:me)? (?:una?|el|la|los|mi) (?:\\p{L}+ )?(?:historia|poema|novela|canción|cuento|diálogo|escena|personaje|chiste|monólogo|carta|biografía|diario|artículo|ejemplo|discurso|correo|relato)|imagina|imagínate|imaginemos|finge|juego de rol|supongamos|érase una vez|había una vez|en mi (?:novela|historia|libro|sueño|juego)|mi (?:personaje|protagonista|narrador|héroe|heroína)|fictici[oa]',
  ),
  material: words(
    'traduce|traducir|tradúceme|traducción|corrige|corregir|corrección|reformula|parafrasea|resume|resumir|resumen|gramática|ortografía|cómo se dice|cómo digo|(?:el|la|este|esta) (?:texto|frase|poema|canción|correo) siguiente|siguiente (?:texto|frase|correo)|esta frase|este texto|frase de ejemplo|cita',
  ),
  reported: words(
    'dice|dijo|decía|dicen|creen|creía|creían|piensan|pensaban|opinan?|afirman|aseguran?|(?:no es (?:cierto|verdad)|es falso)(?= que)|cuenta|contó|piensa|pensaba|afirma|afirmó|cree|escribe|escribió|pregunta|preguntó|según|supuestamente|en la (?:película|canción|novela)|en el (?:libro|cuento)',
  ),
  reportedAfter: /^[\s,."”»“]*(?:escribió|escribe|dijo|dice|afirma|canta) (?!(?:yo|nosotros)(?!\p{L}))\p{L}/iu,
  question: /^¿|^(?:dónde|cuándo|cómo|por qué|quién|qué|cuál|cuáles|cuánt[oa]s?|puedo|puedes)(?!\p{L})/iu,
  here: words('est[eao]s?|es[eao]s?|aquí|abajo|arriba|siguientes?|hoy|ahora|esta vez|lo'),
  joint: words('pero|y|porque|aunque|mientras|sino|salvo|o|que|e'),
  rules: [
    {
      pattern: sentence(`(?:me llamo|mi nombre es) (?!no)${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    { pattern: sentence(`llámame ${NAME}`), kind: 'INSTRUCTION', importance: 0.9, slot: 'nickname' },
    {
      pattern: sentence(
        `(?:yo )?vivo(?: ahora| actualmente)? en (?:la ciudad de |el sur de |el norte de |el |la )?${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `(?:me he mudado|me mudé|acabo de mudarme)(?: recientemente| hace poco)? (?:de ${NAME} )?a ${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(`(?:yo )?trabajo(?: ahora| actualmente)? (?:en|para) ${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        `(?:trabajo (?:como|de(?! (?:noche|día|tarde|mañana|lunes|sol|pie|gratis|más|lado|verdad|nada|equipo)\\b(?!.* como ))) (?:una? )?[\\p{L}-]+(?: [\\p{L}-]+){0,2}|(?:yo )?soy (?:una? )?${JOBS}(?: (?:en|de) .*)?)${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence('mi cumpleaños es el \\d[\\p{L}\\p{N} ]{2,30}'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(
        `(?:yo )?(?:soy|tengo) (?:muy |también )?al(?:é|e)rgic?(?:[oa]|ia) (?:al? |a las? |a los )((?:${ALLERGENS})(?:(?:,| y| o| e) (?:al? |a las? |a los )?(?:${ALLERGENS})){0,4})${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(`(?:yo )?soy (?:vegan[oa]|vegetarian[oa])${MORE}`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(
        `mis? (\\p{L}+) (?:favorit[oa]s?|preferid[oa]s?) (?:es|son) (?!no|cuando|que)${OBJECT}(?: \\p{L}+){0,2}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(
        `(?:me encantan?|odio|prefiero) (?!que|est[eao]|eso|cuando|cómo|tus?|mi|todo|lo)(?:el |la |los |las )?${OBJECT}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        '(?:por favor,? )?(?:responde|contesta|escribe|usa|habla|respóndeme)(?:me)? siempre\\b.{2,200}|nunca (?:respondas|uses|escribas|contestes) .{2,200}',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(`ya no soy al(?:é|e)rgic[oa] (?:al? |a las? |a los )(${ALLERGENS})`),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `(?:ya no trabajo (?:en|para) (${NAME})|(?:he dejado|dejé) mi (?:trabajo|empleo) en (${NAME})|renuncié a (${NAME}))`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    { pattern: sentence(`ya no vivo en (${NAME})`), kind: 'FACT', importance: 0.8, slot: 'home', ends: true },
    {
      pattern: sentence('ya no soy (?:vegan[oa]|vegetarian[oa])'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
      ends: true,
    },
    {
      pattern: sentence(
        '(?:recuerda|no olvides)(?: que |: ?)(?=(?:yo|mi|mis|me|el|la|los|las|vivo|soy|tengo|nuestr)).{4,250}',
      ),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
