/** The subjects of which people have one of each, or one of each name, with the words of many languages for them. */
const TOPICS: readonly { readonly name: string; readonly isSingle: boolean; readonly words: RegExp }[] = (
  [
    [
      'name',
      true,
      "names?|named|called|call|i'm called|goes by|heiß\\p{L}+|heiss\\p{L}+|name|namen|appell\\p{L}+|nom|prénom|llam\\p{L}+|nombre|chiam\\p{L}+|nome|cham\\p{L}+|heet|naam|зовут|имя|名前|申します|といいます|叫|名字|imi[eę]|adım|isim",
    ],
    [
      'home',
      true,
      'lives?|living|lived|resid\\p{L}+|based|moved?|moves|moving|relocat\\p{L}+|home ?town|home|wohn\\p{L}*|leb(?:e|t|en)|gezogen|umgezogen|zog|habit\\p{L}*|vi[st]|déménag\\p{L}+|emménag\\p{L}+|install\\p{L}+|viv\\p{L}+|vivo|mud\\p{L}+|abit\\p{L}*|trasferit\\p{L}*|mor[oa]|morar|vivo|woon\\p{L}*|verhui\\p{L}+|жив\\p{L}+|переех\\p{L}+|住\\p{L}*|引っ越\\p{L}*|暮らし\\p{L}*|居住|生活在|搬\\p{L}*|mieszk\\p{L}+|yaşıyor\\p{L}*|bor|bosatt',
    ],
    [
      'employer',
      true,
      'works?|worked|working|employ\\p{L}*|jobs?|company|quit|resigned|hired|occupation|profession|arbeit\\p{L}*|gekündigt|firma|beruf|travail\\p{L}*|démissionn\\p{L}+|métier|profession|trabaj\\p{L}+|renunci\\p{L}+|empleo|lavor\\p{L}*|licenziat\\p{L}+|trabalh\\p{L}*|emprego|demissão|werk|werkt|baan|работа\\p{L}+|уволил\\p{L}+|働\\p{L}*|勤\\p{L}*|仕事|退職\\p{L}*|辞め\\p{L}*|工作|上班|任职|辞职|离职|公司|pracuj\\p{L}+|çalışıyor\\p{L}*|jobbar|arbetar',
    ],
    [
      'birthday',
      true,
      'birthday|born|geburtstag|geboren|anniversaire|née?|cumpleaños|nac[ií]\\p{L}*|compleanno|nat[oa]|aniversário|nasc\\p{L}+|verjaardag|день рождения|родил\\p{L}+|誕生日|生まれ|生日|出生',
    ],
    [
      'diet',
      true,
      'vegans?|vegetarians?|pescatarian|vegan\\p{L}*|vegetari\\p{L}+|végane?|végétal?i?\\p{L}*|веган\\p{L}*|вегетариан\\p{L}*|ベジタリアン|ヴィーガン|ビーガン|菜食\\p{L}*|素食\\p{L}*|吃素|纯素\\p{L}*|diet',
    ],
    ['age', true, 'years old|year-old|aged|jahre alt|\\d+ ans|años|anni|anos|jaar|лет|歳|才|岁'],
    ['allergy', false, 'allerg\\p{L}*|alérg\\p{L}*|alerg\\p{L}*|аллерг\\p{L}*|アレルギー|过敏'],
    [
      'taste',
      false,
      "likes?|liked|loves?|enjoys?|prefers?|preferred|hates?|dislikes?|detests?|favou?rites?|fond of|fan of|can't stand|preference|mag|mögen|liebe|liebt|hass\\p{L}*|lieblings\\p{L}*|bevorzug\\p{L}+|aime\\p{L}*|adore\\p{L}*|déteste\\p{L}*|préfér\\p{L}+|préfère|gusta\\p{L}*|encanta\\p{L}*|odi[oa]|prefier\\p{L}+|favorit[oa]s?|piac\\p{L}+|amo|adoro|ador[oa]|preferi\\p{L}+|odei[oa]|gost\\p{L}+|houd\\p{L}*|haat|favoriete|любл\\p{L}+|люби\\p{L}+|ненавиж\\p{L}+|нравится|предпоч\\p{L}+|好き\\p{L}*|嫌い\\p{L}*|苦手|喜欢|讨厌|热爱|最爱|爱",
    ],
  ] as const
).map(([name, isSingle, forms]) => ({
  name,
  isSingle,
  words: new RegExp(
    `(?<![\\p{Script=Latin}\\p{Script=Cyrillic}\\p{N}])(?:${forms})(?![\\p{Script=Latin}\\p{Script=Cyrillic}\\p{N}])`,
    'iu',
  ),
}));

/** Returns the topics of a text, and whether each is one of which there is one. */
export const topicsOf = (text: string): ReadonlyMap<string, boolean> =>
  new Map(TOPICS.flatMap(({ name, isSingle, words }) => (words.test(text) ? [[name, isSingle] as const] : [])));

const PAST =
  /(?<!\p{L})(?:lived|worked|used to|formerly|was living|was working|had been|wohnte|lebte|arbeitete|gewohnt|gelebt|gearbeitet|früher|habitais|vivais|travaillais|habité|vécu|travaillé|autrefois|viví|vivía|trabajé|trabajaba|antes vivía|vivevo|abitavo|lavoravo|vissuto|abitato|lavorato|morei|morava|vivi|vivia|trabalhei|trabalhava|woonde|werkte|gewoond|gewerkt|жила?|работала?)(?!\p{L})|以前|曾经|住过|工作过|住んでいました|住んでいた|働いていました|働いていた/iu;

/** Returns whether a text tells where a person once lived or worked. */
export const isPast = (text: string): boolean => PAST.test(text);
