import { type Lexicon, words } from './lexicon.ts';

const NOTHING = /(?!)/u;

/**
 * The languages that have no lexicon of their own. Nothing is learned by rules; what a model proposes is looked at for
 * the commonest negations and third persons of many languages.
 */
export const other: Lexicon = {
  language: 'other',
  frequent: NOTHING,
  self: NOTHING,
  subject: NOTHING,
  other: words('on|ona|oni|jego|han|hon|hun|de|o|onlar|ő|hän|aki|dia|mereka|anh ấy|cô ấy|هو|هي|वह|वे'),
  possessive: words(
    'mój|moja|moje|moi|min|mitt|mina|mine|mit|benim|můj|má|mé|az én|minun|saya punya|moj|мій|моя|내|제|우리|לי|meu|meva|el meu|la meva',
  ),
  attribute: /(?!)/u,
  negation: new RegExp(
    `${words('nie|nigdy|bez|inte|aldrig|ingen|ej|ikke|aldri|intet|değil|yok|hayır|nem|soha|nincs|en|ei|eivät|koskaan|není|nejsem|ne\\p{L}{3,}|nikdy|nu|niciodată|tidak|bukan|belum|không|chưa|chẳng|δεν|όχι|ποτέ|не|ніколи|לא|לעולם|لا|ليس|لست|لم|لن|नहीं|न|no|mai').source}|\\p{L}+m[ıiuü]yor\\p{L}*|안 |않|아니|못 |없|ไม่`,
    'iu',
  ),
  hypothetical: words(
    'gdyby|jeśli|jeżeli|może|chciał\\p{L}*|om|skulle|kanske|hvis|ville|måske|kanskje|eğer|belki|keşke|ha|talán|jos|ehkä|kdyby|možná|dacă|poate|jika|kalau|mungkin|nếu|có lẽ|αν|ίσως|якби|якщо|אם|אולי|إذا|لو|ربما|अगर|शायद|만약|아마',
  ),
  fiction: words(
    'napisz|opowiedz|wyobraź|skriv|berätta|fortæl|fortell|forestil|föreställ|yaz|hayal et|anlat|írj|képzeld|kirjoita|kuvittele|napiš|představ|scrie|imaginează|tulis|bayangkan|viết|tưởng tượng|γράψε|φαντάσου|напиши|уяви|כתוב|דמיין|اكتب|تخيل|लिखो|लिखें|कल्पना|써 줘|써줘|상상',
  ),
  material: words(
    'przetłumacz|popraw|översätt|oversæt|oversett|çevir|fordítsd|käännä|přelož|traduce|terjemahkan|dịch|μετάφρασε|переклади|תרגם|ترجم|अनुवाद|번역',
  ),
  reported: words(
    'mówi|powiedział\\p{L}*|säger|sa|siger|sagde|sier|diyor|dedi|mondja|mondta|sanoo|sanoi|říká|řekl\\p{L}*|spune|spus|kata|berkata|nói|λέει|είπε|каже|сказа\\p{L}+|אמר|אמרה|قال|قالت|कहा|कहता|말했\\p{L}*',
  ),
  question: NOTHING,
  here: words(
    'to|tutaj|teraz|det här|denna|dette|bu|burada|şimdi|ez|itt|tämä|toto|tady|aici|ini|này|αυτό|це|זה|هذا|यह|이것',
  ),
  joint: words(
    'ale|i|a|men|och|og|ama|ve|de|és|mutta|ja|dar|și|tapi|dan|nhưng|và|αλλά|και|але|та|אבל|ולכן|لكن|और|लेकिन',
  ),
  rules: [],
};
