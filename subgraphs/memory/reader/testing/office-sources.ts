/**
 * Documents as people write them, as flat OpenDocument files of which LibreOffice makes those of every other program:
 * headings, lists in lists, tables with merged cells, notes, page edges, boxes, what is deleted and what reviewers say.
 */

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const flat = (kind: string, body: string, { styles = '', masters = '' } = {}): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.${kind}"><office:styles><style:style style:name="Heading_20_1" style:display-name="Heading 1" style:family="paragraph" style:default-outline-level="1"/>${['title', 'outline1', 'subtitle', 'notes'].map((name) => `<style:style style:name="Default-${name}" style:family="presentation"/>`).join('')}</office:styles><office:automatic-styles>${styles}<style:page-layout style:name="pm"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm"/></style:page-layout></office:automatic-styles><office:master-styles>${masters}</office:master-styles><office:body><office:${kind}>${body}</office:${kind}></office:body></office:document>`;

/** A letter, a contract, a manual in one language. */
export interface Writing {
  readonly language: string;
  readonly title: string;
  readonly second: string;
  readonly sentences: readonly [string, string, string];
  readonly note: string;
  readonly items: readonly [string, string];
  readonly cells: readonly [string, string, string, string];
  readonly letterhead: string;
  readonly box: string;
}

export const WRITINGS: readonly Writing[] = [
  {
    language: 'en',
    title: 'Tenancy agreement',
    second: 'Notice',
    sentences: [
      'The rent is due on the third working day of the month.',
      'Pets & musicians are welcome in the courtyard.',
      'Either side may give three months’ notice in writing.',
    ],
    note: 'Bank holidays of Scotland are not working days.',
    items: ['Keys are handed over at noon', 'the small one opens the cellar'],
    cells: ['Room', 'Size in m²', 'Kitchen', 'fourteen and a half'],
    letterhead: 'Harbour Lettings, 4 Quay Street',
    box: 'Keep this page with your insurance papers.',
  },
  {
    language: 'de',
    title: 'Mietvertrag',
    second: 'Kündigung',
    sentences: [
      'Die Miete ist am dritten Werktag des Monats fällig.',
      'Haustiere sind erlaubt, außer Schlangen & Würgern.',
      'Die Kündigungsfrist beträgt drei Monate zum Quartalsende.',
    ],
    note: 'Der Samstag gilt nicht als Werktag.',
    items: ['Schlüssel werden mittags übergeben', 'der kleine öffnet den Keller'],
    cells: ['Zimmer', 'Größe in m²', 'Küche', 'vierzehneinhalb'],
    letterhead: 'Hafenwohnungen GmbH, Kaistraße 4',
    box: 'Heben Sie diese Seite bei den Versicherungen auf.',
  },
  {
    language: 'fr',
    title: 'Recette de la tarte',
    second: 'Cuisson',
    sentences: [
      'Faites fondre le beurre à feu très doux.',
      'Ajoutez les œufs un à un, puis la crème épaisse.',
      'Laissez refroidir la tarte sur une grille.',
    ],
    note: 'Le beurre demi-sel convient aussi.',
    items: ['Préparez la pâte la veille', 'elle se repose au frais'],
    cells: ['Ingrédient', 'Quantité', 'Farine', 'deux cents grammes'],
    letterhead: 'Carnet de grand-mère Élodie',
    box: 'Conservez cette fiche près du four.',
  },
  {
    language: 'ru',
    title: 'Договор поставки',
    second: 'Оплата',
    sentences: [
      'Стороны договорились о поставке в течение десяти дней.',
      'Упаковка возвращается поставщику за его счёт.',
      'Оплата производится в рублях банковским переводом.',
    ],
    note: 'Праздничные дни в срок не входят.',
    items: ['Товар принимается на складе', 'акт подписывают обе стороны'],
    cells: ['Товар', 'Количество', 'Доски', 'четыреста штук'],
    letterhead: 'Северный лес, улица Портовая',
    box: 'Храните этот лист вместе с накладными.',
  },
  {
    language: 'ja',
    title: '取扱説明書',
    second: '保証',
    sentences: [
      '電源を入れる前に、説明書をよく読んでください。',
      '水に濡らさないでください。',
      '保証期間は購入日から二年間です。',
    ],
    note: '消耗品は保証の対象外です。',
    items: ['本体を箱から取り出します', '充電器は別売りです'],
    cells: ['部品', '数量', '電池', '単三形二本'],
    letterhead: '港町電機株式会社',
    box: 'このページは領収書と一緒に保管してください。',
  },
  {
    language: 'zh',
    title: '供货合同',
    second: '付款',
    sentences: ['双方同意在三十日内完成交付。', '包装由供货方负责回收。', '付款方式为银行转账。'],
    note: '法定节假日不计算在内。',
    items: ['货物在仓库验收', '验收单由双方签字'],
    cells: ['货物', '数量', '木板', '四百块'],
    letterhead: '海港贸易有限公司',
    box: '请将此页与发票一起保存。',
  },
  {
    language: 'ar',
    title: 'مذكرة الاجتماع',
    second: 'القرارات',
    sentences: [
      'يبدأ الاجتماع في الساعة العاشرة صباحا.',
      'يرجى إحضار المستندات المطلوبة.',
      'تنشر القرارات خلال أسبوع واحد.',
    ],
    note: 'لا يشمل ذلك أيام العطل.',
    items: ['تسليم المفاتيح ظهرا', 'المفتاح الصغير للقبو'],
    cells: ['الغرفة', 'المساحة', 'المطبخ', 'أربعة عشر مترا'],
    letterhead: 'شركة الميناء للإسكان',
    box: 'احتفظ بهذه الصفحة مع الأوراق.',
  },
  {
    language: 'el',
    title: 'Οδηγίες πλεύσης',
    second: 'Ασφάλεια',
    sentences: [
      'Το πλοίο αναχωρεί στις οκτώ το πρωί.',
      'Οι αποσκευές μένουν στο κατάστρωμα.',
      'Τα σωσίβια βρίσκονται κάτω από τα καθίσματα.',
    ],
    note: 'Τις Κυριακές αναχωρεί στις εννέα.',
    items: ['Τα εισιτήρια ελέγχονται στην αποβάθρα', 'τα παιδιά δεν πληρώνουν'],
    cells: ['Λιμάνι', 'Ώρα', 'Νάξος', 'δώδεκα παρά τέταρτο'],
    letterhead: 'Ναυτιλιακή του Αιγαίου',
    box: 'Κρατήστε αυτή τη σελίδα μαζί με το εισιτήριο.',
  },
];

/** A reviewer's remark, which is told apart from what the author says, and a sentence that was taken out. */
export const REMARK = 'Reviewer quokka says no.';
export const DELETED = 'Withdrawn narwhal clause.';

/** A text: the first section on page 1, the second on page 2. */
export function textOf(writing: Writing): string {
  const { title, second, sentences, note, items, cells, letterhead, box } = writing;
  const [a, b, c, d] = cells.map(escaped);
  const cell = (text: string, more = '') => `<table:table-cell ${more}><text:p>${text}</text:p></table:table-cell>`;
  const body = `<text:tracked-changes><text:changed-region text:id="ct1"><text:deletion><office:change-info><dc:creator>A</dc:creator><dc:date>2026-01-01T00:00:00</dc:date></office:change-info><text:p>${DELETED}</text:p></text:deletion></text:changed-region></text:tracked-changes>
<text:h text:style-name="Heading_20_1" text:outline-level="1">${escaped(title)}</text:h>
<text:p>${escaped(sentences[0])}<text:note text:note-class="footnote" text:id="ftn1"><text:note-citation>1</text:note-citation><text:note-body><text:p>${escaped(note)}</text:p></text:note-body></text:note></text:p>
<text:p><office:annotation><dc:creator>R</dc:creator><text:p>${REMARK}</text:p></office:annotation>${escaped(sentences[1])}<text:change text:change-id="ct1"/></text:p>
<text:list><text:list-item><text:p>${escaped(items[0])}</text:p><text:list><text:list-item><text:p>${escaped(items[1])}</text:p></text:list-item></text:list></text:list-item></text:list>
<table:table table:name="T"><table:table-column table:number-columns-repeated="2"/><table:table-row>${cell(a!)}${cell(b!)}</table:table-row><table:table-row>${cell(c!)}${cell(d!)}</table:table-row><table:table-row>${cell(`${a} + ${c}`, 'table:number-columns-spanned="2"')}<table:covered-table-cell/></table:table-row></table:table>
<text:p><draw:frame text:anchor-type="paragraph" svg:width="8cm" svg:height="2cm"><draw:text-box><text:p>${escaped(box)}</text:p></draw:text-box></draw:frame></text:p>
<text:h text:style-name="break" text:outline-level="1">${escaped(second)}</text:h>
<text:p>${escaped(sentences[2])}</text:p>`;
  return flat('text', body, {
    styles:
      '<style:style style:name="break" style:family="paragraph" style:parent-style-name="Heading_20_1"><style:paragraph-properties fo:break-before="page"/></style:style>',
    masters: `<style:master-page style:name="Standard" style:page-layout-name="pm"><style:header><text:p>${escaped(letterhead)}</text:p></style:header><style:footer><text:p><text:page-number>1</text:page-number></text:p></style:footer></style:master-page>`,
  });
}

/** A workbook of two sheets, of which the second is hidden: merged cells, formulas, a date, a share, gaps. */
export function sheetsOf({ title, second, sentences, cells }: Writing): string {
  const cell = (text: string, more = '') =>
    `<table:table-cell office:value-type="string" ${more}><text:p>${escaped(text)}</text:p></table:table-cell>`;
  const number = (value: number, more = '') =>
    `<table:table-cell office:value-type="float" office:value="${value}" ${more}><text:p>${value}</text:p></table:table-cell>`;
  const row = (inner: string) => `<table:table-row>${inner}</table:table-row>`;
  const body = `<table:table table:name="${escaped(title)}"><table:table-column table:style-name="wide" table:number-columns-repeated="4"/>
${row(`${cell(sentences[0], 'table:number-columns-spanned="3"')}<table:covered-table-cell table:number-columns-repeated="2"/>`)}
${row(cell(cells[0]) + cell(cells[1]) + cell(cells[2]))}
${row(`${cell(cells[3])}${number(0.1)}${number(0.2)}<table:table-cell table:formula="of:=[.B3]+[.C3]" office:value-type="float"/>`)}
<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>
${row(`<table:table-cell table:number-columns-repeated="2"/><table:table-cell table:style-name="day" office:value-type="date" office:date-value="2026-03-14"><text:p>2026-03-14</text:p></table:table-cell><table:table-cell table:style-name="share" office:value-type="percentage" office:value="0.19"><text:p>19%</text:p></table:table-cell>`)}
${row(`<table:table-cell/>${cell(sentences[1])}`)}
</table:table><table:table table:name="${escaped(second)}" table:style-name="hidden"><table:table-column/>
${row(cell(sentences[2]))}</table:table>`;
  return flat('spreadsheet', body, {
    styles:
      '<style:style style:name="wide" style:family="table-column"><style:table-column-properties style:column-width="4cm"/></style:style><number:date-style style:name="N1"><number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style><number:percentage-style style:name="N2"><number:number number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style><style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/><style:style style:name="share" style:family="table-cell" style:data-style-name="N2"/><style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/></style:style>',
  });
}

/** Two slides: a title, a list and what the speaker notes; then a table under a page number. */
export function slidesOf({ title, second, sentences, items, cells, note }: Writing): string {
  const frame = (kind: string, inner: string, y: number) =>
    `<draw:frame presentation:style-name="Default-${kind === 'outline' ? 'outline1' : kind}" draw:layer="layout" presentation:class="${kind}" svg:x="1cm" svg:y="${y}cm" svg:width="18cm" svg:height="4cm"><draw:text-box>${inner}</draw:text-box></draw:frame>`;
  const said = (text: string) => `<text:p>${escaped(text)}</text:p>`;
  const cell = (text: string) => `<table:table-cell>${said(text)}</table:table-cell>`;
  const body = `<draw:page draw:name="one" draw:master-page-name="Default">${frame('outline', said(sentences[0]) + items.map(said).join(''), 6)}${frame('title', said(title), 1)}<presentation:notes><draw:page-thumbnail svg:width="10cm" svg:height="8cm"/>${frame('notes', said(note), 12)}</presentation:notes></draw:page>
<draw:page draw:name="two" draw:master-page-name="Default">${frame('title', said(second), 1)}<draw:frame svg:x="1cm" svg:y="12cm" svg:width="5cm" svg:height="1cm"><draw:text-box><text:p><text:page-number>2</text:page-number></text:p></draw:text-box></draw:frame><draw:frame svg:x="1cm" svg:y="6cm" svg:width="18cm" svg:height="4cm"><table:table><table:table-column/><table:table-column/><table:table-row>${cell(cells[0])}${cell(cells[1])}</table:table-row><table:table-row>${cell(cells[2])}${cell(cells[3])}</table:table-row></table:table></draw:frame>${frame('subtitle', said(sentences[1]), 14)}</draw:page>`;
  return flat('presentation', body, {
    masters: '<style:master-page style:name="Default" style:page-layout-name="pm"/>',
  });
}
