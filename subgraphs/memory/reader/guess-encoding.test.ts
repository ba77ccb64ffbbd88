import { describe, expect, it } from 'vitest';
import { readDocument } from './read-document.ts';

const RUSSIAN = 'Договор аренды заключён между сторонами на срок до одного года. Плата вносится ежемесячно.';
const ARABIC = 'تم توقيع العقد بين الطرفين لمدة سنة واحدة ويتم الدفع شهريا.';
const TURKISH = 'Kira sözleşmesi taraflar arasında bir yıl için yapılmıştır. Ödeme her ay yapılır.';
const CZECH = 'Smlouva o nájmu se uzavírá mezi stranami. Příliš žluťoučký kůň úpěl ďábelské ódy.';
const textOf = async (bytes: Uint8Array, contentType = 'text/plain') =>
  (await readDocument(bytes, contentType, {})).text;

/** All characters of an encoding, by their bytes in it. */
function tableOf(label: string): Map<string, number[]> {
  const decoder = new TextDecoder(label);
  const table = new Map<string, number[]>();
  const add = (bytes: number[]): void => {
    const character = decoder.decode(Uint8Array.from(bytes));
    if (character.length === 1 && character !== '\ufffd' && !table.has(character)) table.set(character, bytes);
  };
  for (let first = 0; first < 256; first++) add([first]);
  for (let first = 0x81; first < 0xff; first++) for (let second = 0x40; second < 0xff; second++) add([first, second]);
  return table;
}

/** A text in an encoding that Node reads and does not write. */
function encoded(text: string, label: string): Uint8Array {
  const table = tableOf(label);
  return Uint8Array.from(Array.from(text).flatMap((character) => table.get(character) ?? [0x3f]));
}

describe('a table that does not say what it is in', () => {
  it('may have names of several languages of the West', async () => {
    const table = 'Müller;García;Ångström;François;Sørensen;20 m²;3.º';
    expect(await textOf(encoded(table, 'windows-1252'), 'text/csv')).toContain(table);
  });

  it.each([
    ['windows-1250', 'Imię;Nazwisko;Miasto\nŁukasz;Wiśniewski;Łódź\nZażółć;gęślą;jaźń'],
    ['iso-8859-2', 'Imię;Nazwisko;Miasto\nŁukasz;Wiśniewski;Łódź\nZażółć;gęślą;jaźń'],
    ['windows-1250', 'Produkt;Cena\nŚmietana;3,50 zł\nMąka żytnia;2,99 zł\nTwaróg półtłusty;4,20 zł'],
    ['windows-1250', 'Jméno;Příjmení;Město\nJiří;Dvořák;Plzeň\nTomáš;Černý;Ústí nad Labem\nHans;Müller;Brno'],
    ['windows-1250', 'Név;Cím\nKovács Győző;Nyíregyháza, Petőfi út 5.\nSzűcs Éva;Szeged, Kőrösi utca'],
    ['windows-1250', 'Nume;Oraş\nŞtefan;Iaşi\nŢurcanu;Piteşti\nMădălina;Braşov\nCrăciun;Galaţi'],
    ['windows-1250', 'Ime;Naslov\nŽiga Krajnčič;Škofja Loka\nSašo Žnidaršič;Črnomelj'],
    ['windows-1254', 'Adı;Şehir\nAyşe Yılmaz;İstanbul\nÖmer Çağlar;Eskişehir'],
    ['windows-1257', 'Vārds;Pilsēta\nJānis Bērziņš;Rīga\nKārlis Kļaviņš;Jūrmala'],
    ['windows-1252', 'Nombre;Ciudad\nMuñoz;Logroño\nPeña;A Coruña\nNúñez;Cádiz'],
    ['windows-1252', 'Nimi;Linn\nPõld;Tartu\nMõis;Põlva\nVõru;Jõgeva\nKõiv;Rõuge\nÜlo;Võsu\nÖö;Kõrb'],
  ])('is read in %s where its words are those of one region: %j', async (label, table) => {
    expect(await textOf(encoded(table, label), 'text/csv')).toBe(table);
  });

  it.each([
    ['windows-1250', 'Miasto\nKraków\nGdańsk\nPoznań\nToruń'],
    ['macintosh', 'Name;Ort\nMüller;Köln\nGroß;Würzburg\nJäger;Tübingen\nSchäfer;Düsseldorf'],
    ['windows-1252', 'Põld;Mõis;Võru;Jõgi;Kõiv;Põlva;Ülo;Öö;Õun'],
  ])('is refused where its letters are too few or fit several: %s, %j', async (label, table) => {
    await expect(textOf(encoded(table, label), 'text/csv')).rejects.toMatchObject({ code: 'TYPE_MISMATCH' });
  });

  it.each(['Děti;člověk', 'Dużo;może', 'Uşă;masă', 'Nő;erdő', 'Jiří;Dvořák'])(
    'is refused in others: %s',
    async (table) => {
      await expect(textOf(encoded(table, 'windows-1250'), 'text/csv')).rejects.toMatchObject({ code: 'TYPE_MISMATCH' });
    },
  );
});

describe('a text that does not say what it is in', () => {
  it.each([
    ['windows-1251', RUSSIAN],
    ['koi8-r', RUSSIAN],
    ['ibm866', RUSSIAN],
    ['windows-1251', 'Україна є державою. Київ є столицею, у ньому живе майже три мільйони людей.'],
    ['koi8-u', 'Україна є державою. Київ є столицею, у ньому живе майже три мільйони людей.'],
    ['shift_jis', '本契約は両当事者の合意により成立し、期間は一年とする。支払いは三十日以内に行うものとする。'],
    ['euc-jp', '本契約は両当事者の合意により成立し、期間は一年とする。支払いは三十日以内に行うものとする。'],
    ['gb18030', '合同双方应当遵守本协议的规定，任何一方不得擅自变更。付款期限为收到发票之后三十天。'],
    ['big5', '合約雙方應當遵守本協議的規定，任何一方不得擅自變更。付款期限為收到發票之後三十天。'],
    ['euc-kr', '본 계약은 양 당사자의 합의에 의하여 성립하며 기간은 일 년으로 한다.'],
    ['windows-1253', 'Η σύμβαση μίσθωσης συνάπτεται μεταξύ των μερών για ένα έτος.'],
    ['windows-1255', 'שלום, זה טקסט בעברית על פגישה מחר בתל אביב.'],
    ['windows-1256', ARABIC],
    ['windows-1250', CZECH],
    ['windows-1250', 'Wczoraj byłem w Łodzi i kupiłem ćwierć kilo sera. Nie było już żółtego.'],
    ['iso-8859-2', 'Wczoraj byłem w Łodzi i kupiłem ćwierć kilo sera. Nie było już żółtego.'],
    ['windows-1250', 'A szerződés egy évre szól, és a felek közösen hosszabbíthatják meg. Nem bontható fel.'],
    ['windows-1250', 'Zmluva sa uzatvára na jeden rok alebo na dobu určitú. Ľudia, ktorí ju podpíšu.'],
    ['windows-1250', 'Contractul se încheie între părţi şi este valabil în toată ţara, în orice oraş.'],
    ['windows-1254', TURKISH],
    ['windows-1257', 'Sutartis sudaroma tarp šalių ir galioja metus, kad būtų aišku, kaip mokėti už būstą.'],
    ['windows-1252', 'Þetta er samningur um leigu á húsnæði. Gjalddagi er fyrsti hvers mánaðar.'],
    ['windows-1252', 'Die Straße heißt “Grüner Weg” – Äpfel und Öl für 5 €.'],
    ['windows-1252', 'L’été à Noël, ça va où ? Une forêt, une œuvre.'],
    ['windows-1252', 'Blåbærgrød på øen.'],
    ['windows-1252', 'Hola, ¿qué tal? Vivo en el 3.º piso, ¡está más alto!'],
    ['windows-1252', 'A reunião não é hoje: as ações põem fim à discussão.'],
    ['windows-1252', 'La città è più bella: perché no?'],
    ['windows-1252', 'It’s “the end” – and that’s it.'],
    ['windows-1252', 'Café und Öl: 20 m² für 5 £, größer als 3 µm.'],
  ])('is read in %s: %s', async (label, text) => {
    const bytes = encoded(text, label);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow();
    expect(await textOf(bytes)).toBe(text);
    expect(await textOf(encoded(`Name;${text}\nAda;${text}`, label), 'text/csv')).toContain(text);
  });

  it.each([
    ['of too few letters', encoded('Имя: Анна', 'windows-1251')],
    ['in the Cyrillic of Apple, of which others know nearly all letters', encoded(RUSSIAN, 'x-mac-cyrillic')],
    ['in another Arabic encoding', encoded(ARABIC, 'iso-8859-6')],
    ['in Czech of few letters', encoded('Děti, člověk, město a věc.', 'windows-1250')],
    ['in Czech with letters at the ends', encoded('Domů k tobě, dvě ve mně.', 'windows-1250')],
    ['in Slovenian', encoded('Večer je čas za oči.', 'windows-1250')],
    ['in Polish', encoded('Dużo może też.', 'windows-1250')],
    ['in Polish that asks', encoded('Czy żona żyje? Żaba!', 'windows-1250')],
    ['in Polish of few letters', encoded('Będę mieć więcej: ręce, wieś.', 'windows-1250')],
    ['in Polish with a capital', encoded('Łapa, Łona, Łom.', 'windows-1250')],
    ['in Romanian', encoded('Casa are uşă şi masă.', 'windows-1250')],
    ['in Romanian of one letter', encoded('Casa mare are masă, o fată are apă.', 'windows-1250')],
    ['in Hungarian', encoded('Nő, erdő, idő, három.', 'windows-1250')],
    ['of marks alone', encoded('“1” – “2” – “3”', 'windows-1252')],
    ['in the encoding of old Apple computers', encoded('Grüße aus Köln, Straße', 'macintosh')],
    ['that is none', Uint8Array.from({ length: 400 }, (_, i) => (i * 7919) % 251 || 1)],
  ])('is refused and not read as nonsense: one %s', async (_, bytes) => {
    await expect(textOf(bytes)).rejects.toMatchObject({ code: 'TYPE_MISMATCH' });
  });
});
