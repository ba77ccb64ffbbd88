/**
 * Words of several languages that mean the same: what a proposal names in one language its source has to name in
 * another. Not a dictionary: the things that people tell of themselves most, and those that would do harm when wrong.
 */
const CONCEPTS: readonly RegExp[] = [
  // People and animals.
  'wife|ehefrau|frau|femme|épouse|esposa|mujer|moglie|mulher|vrouw|жена|жене|жену|妻|奥さん|老婆|太太',
  'husband|ehemann|mann|mari|époux|marido|esposo|marito|echtgenoot|mijn man|муж|夫|旦那|丈夫|老公',
  'partner\\p{L}*|girlfriend|boyfriend|freundin|petite amie|petit ami|novi[oa]|fidanzat[oa]|ragazz[oa]|namorad[oa]|vriendin|彼氏|彼女|恋人|男朋友|女朋友',
  'mothers?|mum|mom|mutter|mama|mère|maman|madre|mamá|mamma|mãe|moeder|мать|мама|мамы|маме|母|お母さん|妈妈|母亲',
  'fathers?|dad|vater|papa|père|padre|papá|papà|pai|vader|отец|папа|папы|父|お父さん|爸爸|父亲',
  'brothers?|bruder|brüder|frères?|hermanos?|fratell[oi]|irmãos?|broers?|брат\\p{L}*|兄|弟|お兄さん|哥哥|弟弟',
  'sisters?|schwestern?|sœurs?|soeurs?|hermanas?|sorell[ae]|irmãs?|zussen?|zus|сестр\\p{L}*|姉|妹|お姉さん|姐姐|妹妹',
  'sons?|sohn|söhne|fils|hijos?|figli[oi]?|filhos?|zoon|zoons|zonen|сын\\p{L}*|息子|儿子',
  'daughters?|tochter|töchter|filles?|hijas?|figli[ae]|filhas?|dochters?|доч\\p{L}*|娘|女儿',
  'child|children|kids?|kind|kinder|enfants?|hij[oa]s|figli|filhos|kinderen|дет\\p{L}+|ребён\\p{L}+|子供|子ども|孩子',
  'friends?|freund\\p{L}*|amis?|amies?|amig[oa]s?|amic[oahie]+|vriend\\p{L}*|друг\\p{L}*|подруг\\p{L}*|友達|友人|朋友',
  'boss|mein chef|chefin|mon chef|patron|patronne|jef[ea]|capo|chefe|baas|начальник\\p{L}*|上司|老板',
  'colleagues?|coworkers?|kolleg\\p{L}*|collègues?|colegas?|collegh[ie]|collega\\p{L}*|коллег\\p{L}*|同僚|同事',
  'neighbou?rs?|nachbar\\p{L}*|voisine?s?|vecin[oa]s?|vicin[oaie]|vizinh[oa]s?|buren|buurman|buurvrouw|сосед\\p{L}*|隣人|邻居',
  'dogs?|hund\\p{L}*|chiens?|chiennes?|perr[oa]s?|can[ei]|cachorr[oa]s?|cão|cães|hond|honden|собак\\p{L}*|пёс|犬|狗',
  'cats?|katze\\p{L}*|kater|chats?|chattes?|gat[oa]s?|gatt[oaie]|kat|katten|poes|кош\\p{L}*|кот|кота|猫',
  'horses?|pferde?|chevaux|cheval|caballos?|cavall[oi]|cavalos?|paard\\p{L}*|лошад\\p{L}*|馬|马',
  // What may do harm.
  'peanuts?|erdn[uü](?:ss|ß)\\p{L}*|arachides?|cacahu[eèa]t\\p{L}*|maní|arachidi|amendoi\\p{L}+|pinda\\p{L}*|арахис\\p{L}*|ピーナッツ|落花生|花生',
  'milk|dairy|lactose|milch\\p{L}*|laktose|lait|leche|lactosa|latte|lattosio|leite|melk|молок\\p{L}*|лактоз\\p{L}*|牛乳|乳製品|乳糖|牛奶',
  'eggs?|eier?|œufs?|oeufs?|huevos?|uov[ao]|ovos?|eieren|яйц\\p{L}*|卵|たまご|鸡蛋',
  'fish|fisch\\p{L}*|poissons?|pescados?|pesce|peixes?|vis|рыб\\p{L}*|魚|鱼',
  'shellfish|seafood|crustaceans?|shrimps?|prawns?|schalentiere|krebstiere|garnelen|meeresfrüchte|fruits de mer|crustacés|crevettes?|mariscos?|gambas?|camar[oõã]\\p{L}*|crostacei|gamberi|frutti di mare|frutos do mar|schaaldieren|garnalen|морепродукт\\p{L}*|кревет\\p{L}*|えび|エビ|海老|かに|カニ|甲殻類|海鲜|虾',
  'soya?|soja|soia|сою|соя|大豆',
  'gluten|wheat|weizen|glutine|grano|glúten|trigo|blé|tarwe|глютен\\p{L}*|пшениц\\p{L}*|グルテン|小麦|麸质',
  'sesame|sesam|sésame|sésamo|sesamo|gergelim|кунжут\\p{L}*|ごま|芝麻',
  'penicillin|pénicilline|penicilina|penicillina|penicilline|пенициллин\\p{L}*|ペニシリン|青霉素',
  'vegans?|vegane\\p{L}*|végane?s?|végétalien\\p{L}*|vegan[oa]s?|veganist\\p{L}*|веган\\p{L}*|ヴィーガン|ビーガン|纯素\\p{L}*',
  'vegetarians?|vegetari\\p{L}+|végétarien\\p{L}*|вегетариан\\p{L}*|ベジタリアン|菜食\\p{L}*|素食\\p{L}*|吃素',
  'diabet\\p{L}+|diabét\\p{L}+|диабет\\p{L}*|糖尿病',
  'pregnan\\p{L}+|schwanger\\p{L}*|enceinte|embarazada|incinta|grávida|zwanger\\p{L}*|беременн\\p{L}*|妊娠\\p{L}*|怀孕',
  // Work.
  'nurses?|krankenpfleger\\p{L}*|krankenschwester\\p{L}*|infirmi\\p{L}+|enfermer[oa]s?|infermier[ea]|enfermeir[oa]s?|verpleeg\\p{L}+|медсестр\\p{L}*|看護師|护士',
  'teachers?|lehrer\\p{L}*|professeure?s?|enseignante?s?|instituteur|institutrice|profesora?|maestr[oa]s?|insegnante|professora?|leraar|lerares|docent\\p{L}*|учител\\p{L}*|教師|先生|老师|教师',
  'doctors?|physicians?|arzt|ärzt\\p{L}*|médecins?|médic[oa]s?|doctora?|medico|врач\\p{L}*|医者|医師|医生',
  'engineers?|ingenieur\\p{L}*|ingénieure?s?|ingenier[oa]s?|ingegner[ei]|engenheir[oa]s?|инженер\\p{L}*|エンジニア|工程师',
  'lawyers?|anw[aä]lt\\p{L}*|avocate?s?|abogad[oa]s?|avvocat[oa]|advogad[oa]s?|advocaat|юрист\\p{L}*|адвокат\\p{L}*|弁護士|律师',
  'students?|student\\p{L}*|étudiant\\p{L}*|estudiantes?|studente\\p{L}*|estudantes?|студент\\p{L}*|学生',
  // Tastes.
  'coffee|kaffee|café|caffè|koffie|кофе|コーヒー|珈琲|咖啡',
  'tea|tee|thé|té|tè|chá|thee|чай|чая|お茶|紅茶|茶',
  'wine|wein|vin|vino|vinho|wijn|вино|вина|ワイン|葡萄酒|红酒',
  'beer|bier|bière|cerveza|birra|cerveja|пиво|пива|ビール|啤酒',
  'meat|fleisch|viande|carne|vlees|мяс\\p{L}*|肉',
  // Languages.
  'english|englisch|anglais|inglés|inglese|inglês|engels|английск\\p{L}*|по-английски|英語|英语|英文',
  'french|französisch|français|francés|francese|francês|frans|французск\\p{L}*|フランス語|法语',
  'german|deutsch|allemand|alemán|tedesco|alemão|duits|немецк\\p{L}*|ドイツ語|德语',
  'spanish|spanisch|espagnol|español|spagnolo|espanhol|spaans|испанск\\p{L}*|スペイン語|西班牙语',
  'italian|italienisch|italien|italiano|italiaans|итальянск\\p{L}*|イタリア語|意大利语',
  'portuguese|portugiesisch|portugais|portugués|portoghese|português|portugees|португальск\\p{L}*|ポルトガル語|葡萄牙语',
  'dutch|niederländisch|néerlandais|neerlandés|olandese|holandês|nederlands|голландск\\p{L}*|オランダ語|荷兰语',
  'chinese|chinesisch|chinois|chino|cinese|chinês|chinees|китайск\\p{L}*|中国語|中文|汉语',
  'japanese|japanisch|japonais|japonés|giapponese|japonês|japans|японск\\p{L}*|日本語|日语',
  // Where.
  'vienna|wien|vienne|viena|wenen|вен[аеу]|ウィーン|维也纳',
  'munich|münchen|monaco di baviera|múnich|munique|мюнхен\\p{L}*|ミュンヘン|慕尼黑',
  'cologne|köln|colonia|colônia|keulen|кёльн\\p{L}*|ケルン|科隆',
  'berlin|berlino|berlín|berlim|берлин\\p{L}*|ベルリン|柏林',
  'zurich|zürich|zurigo|zúrich|zurique|цюрих\\p{L}*|チューリッヒ|苏黎世',
  'geneva|genf|genève|ginebra|ginevra|genebra|женев\\p{L}*|ジュネーブ|日内瓦',
  'paris|parís|parigi|parijs|париж\\p{L}*|パリ|巴黎',
  'london|londres|londra|londen|лондон\\p{L}*|ロンドン|伦敦',
  'rome|rom|roma|рим\\p{L}*|ローマ|罗马',
  'milan|mailand|milano|milán|milão|милан\\p{L}*|ミラノ|米兰',
  'florence|florenz|firenze|florencia|florença|флоренци\\p{L}*|フィレンツェ|佛罗伦萨',
  'venice|venedig|venezia|venise|venecia|veneza|венеци\\p{L}*|ベネチア|ヴェネツィア|威尼斯',
  'naples|neapel|napoli|nápoles|неапол\\p{L}*|ナポリ|那不勒斯',
  'turin|torino|turín|turim|турин\\p{L}*|トリノ|都灵',
  'madrid|мадрид\\p{L}*|マドリード|马德里',
  'barcelona|barcelone|barcellona|барселон\\p{L}*|バルセロナ|巴塞罗那',
  'seville|sevilla|siviglia|sevilha|севиль\\p{L}*|セビリア|塞维利亚',
  'lisbon|lissabon|lisboa|lisbonne|lisbona|лиссабон\\p{L}*|リスボン|里斯本',
  'porto|oporto|порту|ポルト|波尔图',
  'brussels|brüssel|bruxelles|bruselas|bruxelas|brussel|брюссел\\p{L}*|ブリュッセル|布鲁塞尔',
  'ghent|gent|gand|gante|гент\\p{L}*',
  'antwerp|antwerpen|anvers|amberes|anversa|антверпен\\p{L}*',
  'copenhagen|kopenhagen|københavn|copenhague|copenaghen|копенгаген\\p{L}*|コペンハーゲン|哥本哈根',
  'gothenburg|göteborg|гётеборг\\p{L}*',
  'warsaw|warschau|warszaw\\p{L}+|varsovie|varsovia|varsavia|варшав\\p{L}*|ワルシャワ|华沙',
  'cracow|krak[oóau]\\p{L}*|cracovie|cracovia|краков\\p{L}*',
  'prague|prag|prah\\p{L}+|praga|praag|праг\\p{L}*|プラハ|布拉格',
  'moscow|moskau|moscou|moscú|mosca|moscovo|москв\\p{L}*|モスクワ|莫斯科',
  'st\\.? petersburg|saint petersburg|sankt petersburg|saint-pétersbourg|san petersburgo|петербург\\p{L}*|圣彼得堡',
  'kyiv|kiev|kiew|києв\\p{L}*|київ|киев\\p{L}*|キーウ|基辅',
  'athens|athen|athènes|atenas|atene|athene|афин\\p{L}*|アテネ|雅典',
  'istanbul|stambul|estambul|istambul|стамбул\\p{L}*|イスタンブール|伊斯坦布尔',
  'beijing|peking|pékin|pekín|pechino|pequim|пекин\\p{L}*|北京',
  'shanghai|schanghai|xangai|шанха\\p{L}+|上海',
  'hong kong|hongkong|гонконг\\p{L}*|香港',
  'shenzhen|深圳',
  'guangzhou|canton|广州',
  'tokyo|tokio|tóquio|токио|東京|东京',
  'osaka|осака|大阪',
  'kyoto|kioto|quioto|киото|京都',
  'seoul|séoul|seúl|seul|сеул\\p{L}*|ソウル|首尔|서울',
  'new york(?: city)?|nyc|nueva york|nova york|nova iorque|нью-йорк\\p{L}*|ニューヨーク|纽约',
  'los angeles|l\\.a\\.|лос-анджелес\\p{L}*|ロサンゼルス|洛杉矶',
  'san francisco|sf|сан-франциско|サンフランシスコ|旧金山',
  'washington(?: d\\.?c\\.?)?|d\\.?c\\.?',
  'mexico city|cdmx|ciudad de méxico|mexiko-stadt|cidade do méxico',
  'sao paulo|são paulo|san paolo|сан-паул\\p{L}*|サンパウロ|圣保罗',
  'rio de janeiro|rio|río de janeiro|рио-де-жанейро|リオデジャネイロ|里约热内卢',
  'united kingdom|u\\.?k\\.?|great britain|vereinigtes königreich|royaume-uni|reino unido|regno unito',
  'united states(?: of america)?|u\\.s\\.(?:a\\.)?|usa|vereinigte staaten|états-unis|estados unidos|stati uniti|сша|アメリカ|美国',
].map(
  (forms) =>
    new RegExp(
      `(?<![\\p{Script=Latin}\\p{Script=Cyrillic}\\p{N}])(?:${forms})(?![\\p{Script=Latin}\\p{Script=Cyrillic}\\p{N}])`,
      'giu',
    ),
);

/** Returns the text with each known concept replaced by its number, and the numbers of those that it names. */
export function conceptsIn(text: string): { readonly found: ReadonlySet<number>; readonly rest: string } {
  const found = new Set<number>();
  let rest = text;
  for (const [number, concept] of CONCEPTS.entries()) {
    if (!rest.match(concept)) continue;
    found.add(number);
    rest = rest.replace(concept, ' ');
  }
  return { found, rest };
}

/** People and animals come first in the list. */
const BEINGS = 17;
const OCCUPATIONS = [30, 35] as const;

/** Returns whether a concept is a person or an animal. */
export const isBeing = (concept: number): boolean => concept < BEINGS;
/** Returns whether a concept is an occupation. */
export const isOccupation = (concept: number): boolean => concept >= OCCUPATIONS[0] && concept <= OCCUPATIONS[1];

/** Numbers in words, of languages whose speakers write them so. */
const NUMBERS: readonly (readonly [number, RegExp])[] = (
  [
    [1, 'one|eins|uno|um|один|一'],
    [2, 'two|zwei|deux|dos|due|dois|duas|twee|два|две|двое|二|两|ふたつ|二人'],
    [3, 'three|drei|trois|tres|tre|três|drie|три|трое|三'],
    [4, 'four|vier|quatre|cuatro|quattro|quatro|четыре|四'],
    [5, 'five|fünf|cinq|cinco|cinque|vijf|пять|五'],
    [6, 'six|sechs|seis|sei|zes|шесть|六'],
    [7, 'seven|sieben|sept|siete|sette|sete|zeven|семь|七'],
    [8, 'eight|acht|huit|ocho|otto|oito|восемь|八'],
    [9, 'nine|neun|neuf|nueve|nove|negen|девять|九'],
    [10, 'ten|zehn|dix|diez|dieci|dez|tien|десять|十'],
    [11, 'eleven|elf|onze|once|undici|одиннадцать|十一'],
    [12, 'twelve|zwölf|douze|doce|dodici|doze|twaalf|двенадцать|十二'],
    [20, 'twenty|zwanzig|vingt|veinte|venti|vinte|twintig|двадцать|二十'],
    [30, 'thirty|dreißig|trente|treinta|trenta|trinta|dertig|тридцать|三十'],
    [40, 'forty|vierzig|quarante|cuarenta|quaranta|quarenta|veertig|сорок|四十'],
    [50, 'fifty|fünfzig|cinquante|cincuenta|cinquanta|cinquenta|vijftig|пятьдесят|五十'],
  ] as const
).map(([value, forms]) => [
  value,
  new RegExp(
    `(?<![\\p{Script=Latin}\\p{Script=Cyrillic}])(?:${forms})(?![\\p{Script=Latin}\\p{Script=Cyrillic}])`,
    'iu',
  ),
]);

/** Returns the numbers that a text names, in digits of any script or in words. */
export function numbersIn(text: string): ReadonlySet<string> {
  const digits = text.normalize('NFKC').match(/\d+/g) ?? [];
  const said = NUMBERS.filter(([, form]) => form.test(text)).map(([value]) => String(value));
  return new Set([...digits.map((number) => String(Number(number))), ...said]);
}
