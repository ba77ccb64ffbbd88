import { type Lexicon, NAME, OBJECT, sentence, words } from './lexicon.ts';
import { substance } from './substance.ts';

const ALLERGENS = substance(
  'pt',
  'trabalho|esforço|responsabilidade|besteiras?|disparates?|estupidez|drama|gente|pessoas|homens|mulheres|crianças|idiotas|reuniões|você|ti|ele|ela|eles|tudo|nada|isto|isso|este|esta|teu|tua|meu|minha|seu|sua|o|os|as|um|uma|mentiras?|mentirosos|hipocrisia|injustiça|desculpas|piadas?|críticas?|silêncio|(?:segundas?|terças?|quartas?|quintas?|sextas?)(?:-feiras?)?',
);
const MORE = '(?:,? (?:como|e|desde|mas|com|porque|onde|que|agora|atualmente)(?= ).*)?';
const JOBS =
  '(?:enfermeir[oa]|professora?|médic[oa]|cirurgiã[o]?|dentista|veterinári[oa]|advogad[oa]|engenheir[oa]|desenvolvedora?|programadora?|arquitet[oa]|contadora?|contabilista|padeir[oa]|cozinheir[oa]|garçom|garçonete|jornalista|tradutora?|estudante|aposentad[oa]|reformad[oa]|farmacêutic[oa]|parteira|fotógraf[oa]|músic[oa]|agricultora?|eletricista|encanadora?|cabeleireir[oa]|jardineir[oa])';

export const portuguese: Lexicon = {
  language: 'pt',
  frequent: words(
    'em|na|no|dos|das|mais|ao|à|mudei|chamo|gosto|sua|seu|se|foi|ele|ela|anos|o|os|as|é|sou|meu|minha|meus|uma|um|e|não|para|com|usuário|usuária|utilizador|moro|mora|que|estou|tenho|tem|muito|do|da|em|no|na|mas|trabalho|eu|você',
  ),
  self: words(
    'eu|me|mim|meu|minha|meus|minhas|nós|nos|noss[oa]s?|sou|estou|tenho|moro|vivo|trabalho|prefiro|odeio|adoro|falo|estudo|toco|gosto|chamo',
  ),
  subject: words(
    'eu|nós|sou|estou|tenho|moro|vivo|trabalho|prefiro|odeio|adoro|falo|estudo|toco|gosto|me (?:chamo|mudei)|chamo-me|mudei-me',
  ),
  other: words('ele|ela|eles|elas|alguém|ninguém|quem|você|vocês|tu|chama-se|se chama|mora|vive|trabalha|prefere'),
  possessive: words('(?:o |a |os |as )?(?:meu|minha|meus|minhas|noss[oa]s?)'),
  attribute:
    /^(?:o |a |os |as )?(?:meu|minha|meus|minhas|noss[oa]s?) (?:(?:verdadeir[oa]|nov[oa]|antig[oa]|própri[oa]) )?(?:nome|sobrenome|apelido|aniversário|idade|profissão|trabalho|emprego|\p{L}+ (?:favorit[oa]s?|preferid[oa]s?)|hobby|hobbies|dieta|endereço|morada|número|telefone|e-?mail|fuso|pronomes|objetivo|língua|idioma|nacionalidade|altura|peso|tipo sanguíneo|título|alergias?|empresa)/iu,
  negation: words(
    'não|nunca|jamais|nada|nenhuma?|sem|nem|deixei|deixou|pedi demissão|demiti|larguei|abandonei|ex|antig[oa]|odeio|odeia|detesto|detesta|evito|evita',
  ),
  noNegation: /\b(?:não só|não somente|não apenas|sem dúvida|sem problema)\b/giu,
  hypothetical: words(
    '\\p{L}+(?:aria|eria|iria)|se|seria|moraria|viveria|teria|poderia|deveria|gostaria|queria|talvez|quem sabe|imagine|imagina|suponha|suponhamos|digamos|quase|fosse|tivesse|morasse|vivesse|sonho em|penso em|pensando em|quem me dera',
  ),
  fiction: words(
    '(?:escreva|escreve|conte|conta|invente|inventa|componha|redija|crie|cria|gere)(?:-me| me)? (?:uma?|o|a|meu|minha) (?:\\p{L}+ )?(?:história|poema|romance|canção|música|conto|diálogo|cena|personagem|piada|monólogo|carta|biografia|diário|artigo|exemplo|discurso|e-?mail)|imagine|imagina|finja|finge|faz de conta|suponha|suponhamos|era uma vez|no meu (?:romance|livro|sonho|jogo)|na minha história|(?:o meu|a minha|meu|minha) (?:personagem|protagonista|narrador|herói|heroína)|fictíci[oa]',
  ),
  material: words(
    'traduza|traduz|traduzir|tradução|corrija|corrige|corrigir|correção|reformule|reformula|parafraseie|resuma|resume|resumo|gramática|ortografia|como se diz|como digo|(?:o|a|este|esta) (?:texto|frase|poema|música|e-?mail) (?:seguinte|a seguir|abaixo)|seguinte (?:texto|frase)|esta frase|este texto|essa frase|frase de exemplo|citação',
  ),
  reported: words(
    'diz|disse|dizia|dizem|pensam|pensavam|acham|achava|achavam|acreditam|acreditava|afirmam|(?:não é verdade|é falso)(?= que)|conta|contou|pensa|pensava|afirma|afirmou|acha(?! que eu)|acredita|escreve|escreveu|pergunta|perguntou|segundo|supostamente|no (?:filme|livro|romance)|na (?:música|canção)',
  ),
  reportedAfter: /^[\s,."”»“]*(?:escreveu|escreve|disse|diz|afirma|canta) (?!(?:eu|nós)(?!\p{L}))\p{L}/iu,
  question: /^(?:onde|quando|como|por que|porque é que|quem|qual|quais|o que|quant[oa]s?|posso|pode|podes)(?!\p{L})/iu,
  here: words('est[ea]s?|iss?to|isso|ess[ea]s?|aqui|abaixo|acima|seguintes?|hoje|agora|desta vez'),
  joint: words('mas|e|porque|embora|enquanto|exceto|ou|que'),
  rules: [
    {
      pattern: sentence(`(?:(?:eu )?me chamo|chamo-me|(?:o )?meu nome é) (?!não)${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    {
      pattern: sentence(`(?:me chame de|chame-me|chama-me|me chama de) ${NAME}`),
      kind: 'INSTRUCTION',
      importance: 0.9,
      slot: 'nickname',
    },
    {
      pattern: sentence(`(?:eu )?(?:moro|vivo)(?: agora| atualmente)? (?:em|no|na|nos|nas) ${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `(?:(?:eu )?(?:me )?mudei(?:-me)?(?: recentemente| há pouco)?|acabei de me mudar) (?:de ${NAME} )?(?:para|pra) (?:o |a )?${NAME}${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(`(?:eu )?trabalho(?: agora| atualmente)? (?:na|no|para|em) (?:a |o )?${NAME}${MORE}`),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        `(?:trabalho como [\\p{L}-]+(?: [\\p{L}-]+){0,2}|(?:eu )?sou (?:uma? )?${JOBS}(?: (?:em|no|na|de) .*)?)${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence('(?:o )?meu aniversário é (?:no dia |em |a )?\\d[\\p{L}\\p{N} ]{2,30}'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(
        `(?:eu )?(?:sou (?:muito |também )?alérgic[oa]|tenho alergia) (?:a |ao |à |aos |às )((?:${ALLERGENS})(?:(?:,| e| ou) (?:a |ao |à |aos |às )?(?:${ALLERGENS})){0,4})${MORE}`,
      ),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(`(?:eu )?sou (?:vegan[oa]|vegetarian[oa])${MORE}`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(
        `(?:o meu|a minha|meu|minha|meus|minhas) (\\p{L}+) (?:favorit[oa]s?|preferid[oa]s?) (?:é|são) (?!não|quando|que)(?:o |a )?${OBJECT}(?: \\p{L}+){0,2}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(
        `(?:eu )?(?:adoro|odeio|prefiro) (?!você|te|est[ea]|iss?to|isso|ess[ea]|quando|como|que|o seu|a sua|tudo)(?:o |a |os |as )?${OBJECT}`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        '(?:por favor,? )?(?:responda|responde|escreva|escreve|use|usa|fale|fala)(?:-me)? sempre\\b.{2,200}|nunca (?:responda|use|escreva) .{2,200}',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(
        `(?:eu )?(?:já não sou alérgic[oa]|não sou mais alérgic[oa]) (?:a |ao |à |aos |às )(${ALLERGENS})`,
      ),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `(?:eu )?(?:(?:já não trabalho|não trabalho mais) (?:na|no|para a|para o|em) (${NAME})|(?:deixei|larguei) (?:o )?(?:meu )?(?:emprego|trabalho) (?:na|no) (${NAME})|pedi demissão d[ao] (${NAME}))`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    {
      pattern: sentence(`(?:eu )?(?:já não moro|não moro mais|já não vivo|não vivo mais) (?:em|no|na) (${NAME})`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
      ends: true,
    },
    {
      pattern: sentence('(?:eu )?(?:já não sou|não sou mais) (?:vegan[oa]|vegetarian[oa])'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
      ends: true,
    },
    {
      pattern: sentence(
        '(?:lembre-se de|lembra-te de|lembre|não esqueça|não se esqueça de)(?: que |: ?)(?=(?:eu|o|a|meu|minha|moro|sou|tenho|noss)).{4,250}',
      ),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
