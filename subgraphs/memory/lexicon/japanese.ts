import { type Lexicon, runs, sentence } from './lexicon.ts';
import { substanceRun } from './substance.ts';

const ALLERGENS = substanceRun(
  'ja',
  '仕事|残業|会議|勉強|宿題|学校|人間|人|男|女|子供|君|あなた|彼|これ|それ|あれ|この|その|何|なに|なん|すべて|全部|食物|食べ物|もう|嘘|うそ|ウソ|偽善|冗談|言い訳|批判|不正',
  '(?![はがもをのにで])[\\p{Script=Han}\\p{Script=Katakana}\\p{Script=Hiragana}ーA-Za-z]',
);
const I = '(?:私|わたし|僕|ぼく|俺|自分)(?:は|も)?、?';
const PLACE = '(?:(?![はがもを])[\\p{Script=Han}\\p{Script=Katakana}\\p{Script=Hiragana}ーA-Za-z]){1,12}?';
const NOUN = '[\\p{Script=Han}\\p{Script=Katakana}ーA-Za-z]{1,12}';

export const japanese: Lexicon = {
  language: 'ja',
  frequent: runs('[\\p{Script=Hiragana}]'),
  self: runs('私|わたし|僕|ぼく|俺|自分|うちの'),
  subject: runs('私[はもが]|わたし[はもが]|僕[はもが]|ぼく[はもが]|俺[はもが]|自分[はもが]'),
  other: runs('彼[はがも]|彼女[はがも]|彼ら|あなた|誰か|[\\p{L}ー]{1,8}(?:さん|くん|君|ちゃん|様)[はがも]'),
  possessive: runs('^(?:私|わたし|僕|ぼく|俺|うち)の'),
  attribute:
    /^(?:私|わたし|僕|ぼく|俺)の(?:名前|苗字|姓|誕生日|年齢|職業|仕事|趣味|好きな|一番好きな|大好きな|嫌いな|住所|番号|電話|メール|目標|母語|国籍|身長|体重|血液型|出身|アレルギー|会社)/u,
  negation: runs('ない|ません|なかった|ませんでした|なく|ずに|辞め|やめ|退職|引退|卒業し|嫌い|苦手|避け'),
  noNegation: /だけでなく|だけではなく|かもしれない|間違いない|問題ない|ではないか/gu,
  hypothetical: runs(
    'もし|たら|れば|(?<!なぜ)なら(?!な)|かも|たぶん|多分|おそらく|だろう|でしょう|仮に|想像|つもり|たい(?:です|な|と思)|ようと思|もしれ|検討|と(?:しま(?:す|しょう)|する)(?=が|と|、|。|けど|$)|ところだった|ところでした|そうになった|そうになりました',
  ),
  fiction: runs(
    '(?:物語|話|小説|詩|歌詞|脚本|童話|台詞|セリフ|手紙|例文|日記|ジョーク|スピーチ)を?(?:書い|作っ|考え|語っ|教え|して)|ふりをして|なりきって|ロールプレイ|昔々|むかしむかし|主人公|想像して|架空|設定で|キャラクター|演じて|小説',
  ),
  material: runs(
    '翻訳|訳して|英訳|和訳|添削|校正|言い換え|要約|文法|直して|なんと言|何と言|どう言|この文|次の文|以下の文|例文|引用',
  ),
  reported: runs(
    'と言って|と言った|と言い|って言|という人|と思って(?:いる人|いた)|によると|らしい|(?<=[るくぐすつぬむぶいだたう])そうです(?!か)|だそう|映画で|本で|歌で|と書いて',
  ),
  reportedAfter: /^[、,\s]*と(?:[^。、]{1,8}[がは])?(?:よく)?(?:言|いっ|いう|言われ|話し|主張|書い|聞い|思われ|信じ)/u,
  question:
    /(?:か|かな|の|でしょうか|ですか|ますか)[？?]+\s*$|(?:ですか|ますか|でしょうか|んか)[。.！!\s]*$|^(?:誰|何|どこ|いつ|なぜ|どう|どの|どれ)/u,
  here: runs('この|今回|ここ|以下|次の|上の|下の|今日|今だけ|それ|これ|あれ'),
  joint: runs('けど|けれど|ですが|ますが|だが|しかし|でも|ので|から、|が、|し、'),
  rules: [
    {
      pattern: sentence(
        `(?:${I})?(?:名前は)?[\\p{Script=Han}\\p{Script=Katakana}ー・A-Za-z ]{1,14}(?:と申します|といいます|と言います)|(?:私|わたし|僕|ぼく|俺)の名前は(?!ない|まだ|関係|重要|大事|秘密|内緒|言え|教え|どうでも)[\\p{Script=Han}\\p{Script=Katakana}\\p{Script=Hiragana}ー・A-Za-z ]{1,14}?(?:です|だ)?`,
      ),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    {
      pattern: sentence(`(?:私|僕|俺)?(?:のこと)?(?:は|を)?${NOUN}と呼んで(?:ください|下さい|ね)?`),
      kind: 'INSTRUCTION',
      importance: 0.9,
      slot: 'nickname',
    },
    {
      pattern: sentence(
        `(?:${I})?(?:今は?、?|現在は?、?)?(?!夢|恐怖|過去|どこ|そこ|ここ|雲の上|空想|心の)${PLACE}に住んで(?:います|いる|おります|ます|る)`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `(?:${I})?(?:最近、?|先月、?|去年、?)?(?:${PLACE}から)?(?!どこ|そこ|ここ)${PLACE}(?:に|へ)引っ越し(?:ました|た|てきました)`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `(?:${I})?(?:今は?、?|現在は?、?)?(?!家|在宅|夜|どこ)${NOUN}(?:で働いて(?:います|いる)|に勤めて(?:います|いる)|に勤務して(?:います|いる))`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        `${I}(?:小学校の?|中学校の?|高校の?|大学の?|ソフトウェア)?(?:教師|先生|医者|医師|看護師|弁護士|エンジニア|プログラマー|デザイナー|建築家|会計士|料理人|シェフ|記者|翻訳者|学生|大学生|研究者|教授|運転手|農家|薬剤師|写真家|音楽家|警察官|消防士|会社員|公務員)(?:です|だ|をしています)`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence('(?:私|わたし|僕|俺)の誕生日は[\\p{N}年月日 ]{2,20}(?:です|だ)?'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(
        `(?:${I})?(?!私|わたし|僕|ぼく|俺|自分)((?:${ALLERGENS})(?:[、とや](?:${ALLERGENS})){0,4})(?:の|に)?アレルギー(?:です|があります|がある|だ|を持っています)`,
      ),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence(`${I}(?:ベジタリアン|ヴィーガン|ビーガン|菜食主義者)(?:です|だ)`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence(
        `(?:私|わたし|僕|俺)の(?:一番)?好きな(\\p{L}{1,8}?)は(?!ない|あなた)[\\p{L}\\p{N}ー]{1,14}?(?:です|だ)?`,
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    { pattern: sentence(`${I}${NOUN}が(?:大好き|好き|嫌い|苦手)(?:です|だ)?`), kind: 'PREFERENCE', importance: 0.6 },
    {
      pattern: sentence(
        '(?:いつも|常に|必ず|今後は|これからは)、?.{1,30}(?:で答えて|で返信して|で書いて|を使って|で話して)(?:ください|下さい|ね)?',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(
        `(?:${I})?もう(${ALLERGENS})(?:の|に)?アレルギー(?:ではありません|じゃありません|ではない|じゃない|はありません)`,
      ),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `(?:${I})?(?:(${NOUN})を(?:辞めました|退職しました|やめました)|もう(${NOUN})で(?:働いていません|は働いていません))`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    {
      pattern: sentence(`(?:${I})?もう(${NOUN})には?住んで(?:いません|いない)`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
      ends: true,
    },
    {
      pattern: sentence('(?:私|わたし|僕|俺).{2,100}(?:を|と|ことを)(?:覚えておいて|覚えて)(?:ください|下さい|ね)?'),
      isRequest: true,
      kind: 'FACT',
      importance: 0.8,
    },
  ],
};
