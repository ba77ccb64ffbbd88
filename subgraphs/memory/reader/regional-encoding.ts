import {
  frequentIn,
  hasMisplacedMarks,
  isWrittenIn,
  type WrittenLanguage,
  wordsOfTable,
  writtenLanguage,
} from './written-language.ts';

/** An encoding of one byte a character for some languages of Europe beside those of the West. */
interface Region {
  readonly label: string;
  readonly languages: readonly WrittenLanguage[];
}

/** Names from German and French are in the tables of all of these. */
const NAMES = [writtenLanguage('äöüß', 'und'), writtenLanguage('éèç', 'et')];

const CENTRAL = [
  // Its letters of one sound are written with an i before vowels.
  writtenLanguage(
    'ąćęłńóśźż',
    'nie|się|jest|że|ale|czy|oraz|lub|dla|przez|jak|który|która|które|imię|nazwisko|miasto|kod pocztowy|nazwa|ilość|uwagi|kwota',
    /[ćńśź][aeiouyąęó]/iu,
  ),
  writtenLanguage(
    'áčďéěíňóřšťúůýž',
    'se|na|mezi|nebo|pro|jsou|jsem|podle|jako|když|který|která|které|není|bude|jméno|příjmení|město|ulice|název|částka|datum|poznámka',
  ),
  writtenLanguage(
    'áäčďéíĺľňóôŕšťúýž',
    'sa|na|medzi|alebo|pre|sú|som|podľa|ako|keď|ktorý|ktorá|ktoré|nie je|bude|meno|priezvisko|mesto|ulica|názov|suma|poznámka',
  ),
  writtenLanguage(
    'áéíóöőúüű',
    'és|hogy|nem|egy|van|volt|csak|vagy|mert|több|név|cím|város|utca|összeg|megjegyzés|telefonszám',
  ),
  writtenLanguage('ăâîşţ', 'şi|este|nu|pentru|sunt|care|din|sau|în|prenume|oraş|strada|preţ|judeţ|suma'),
  writtenLanguage(
    'čćđšž',
    'ali|ili|nije|kako|koji|koja|koje|lahko|tudi|kot|ime|prezime|priimek|grad|mjesto|ulica|naslov|iznos|napomena|opomba',
  ),
];

/** Encodings of the same bytes for other languages are looked at, too: where two of them fit, none is clear. */
const REGIONS: readonly Region[] = [
  { label: 'windows-1250', languages: CENTRAL },
  { label: 'iso-8859-2', languages: CENTRAL },
  {
    label: 'windows-1254',
    languages: [
      writtenLanguage(
        'çğıİöşüâîû',
        've|bir|bu|için|ile|çok|olarak|gibi|daha|değil|her|adı|soyadı|şehir|fiyat|tarih|tutar',
      ),
    ],
  },
  // Its letters are those of Turkish in another order: the table of one would be read as the other.
  {
    label: 'windows-1252',
    languages: [writtenLanguage('áéíóúýþæöð', 'og|að|er|sem|ekki|við|um|fyrir|nafn|staður|heimili|verð|dagur')],
  },
  {
    label: 'windows-1257',
    languages: [
      writtenLanguage('ąčęėįšųūž', 'ir|yra|kad|bet|kaip|iš|vardas|pavardė|miestas|kaina|gatvė'),
      writtenLanguage('āčēģīķļņšūž', 'un|ir|ka|par|no|uz|bet|vārds|uzvārds|pilsēta|cena|iela'),
      writtenLanguage('äöõüšž', 'ja|on|ei|et|see|kui|oli|ka|nimi|linn|hind|tänav'),
    ],
  },
];

/** Letters outside of ASCII from which on a text says what it is in, and how many of them have to differ. */
const ENOUGH = 6;
const DIFFERENT = 3;

/**
 * Guesses in which encoding of Europe beside the West a text is: one in which it has the letters of one language, in a
 * table each word of one, and a frequent word of it. A table may go without that where no other encoding fits.
 *
 * @returns a label for TextDecoder; undefined where that is not clear.
 */
export function regionalEncoding(bytes: Uint8Array, isTable: boolean): string | undefined {
  const fitting = REGIONS.flatMap(({ label, languages }) => {
    const text = new TextDecoder(label).decode(bytes);
    const letters = text.match(/[^\0-\x7f]/gu)?.filter((character) => /\p{L}/u.test(character)) ?? [];
    if (letters.length < ENOUGH || new Set(letters).size < DIFFERENT || hasMisplacedMarks(text) || hasMixedCases(text))
      return [];
    const frequent = frequency(text, languages, isTable);
    return frequent === undefined ? [] : [{ label, text, frequent }];
  });
  const known = fitting.filter(({ frequent }) => frequent > 0);
  const likely = known.length > 0 ? known : isTable ? fitting : [];
  return new Set(likely.map(({ text }) => text)).size === 1 ? likely[0]!.label : undefined;
}

/** Returns how many frequent words a text has; undefined where it is not in these languages. */
function frequency(text: string, languages: readonly WrittenLanguage[], isTable: boolean): number | undefined {
  const all = [...languages, ...NAMES];
  if (!isTable) {
    const written = languages.filter((one) => isWrittenIn(one, text)).map((one) => frequentIn(text, one));
    return written.length > 0 ? Math.max(...written) : undefined;
  }
  if (!wordsOfTable(text).every((word) => all.some((one) => isWrittenIn(one, word)))) return undefined;
  return Math.max(...languages.map((one) => frequentIn(text, one)));
}

/** Letters of one encoding are those of the other case, or marks, in another: capitals do not stand within words. */
const hasMixedCases = (text: string): boolean => /\p{Ll}(?=\p{Lu})[^\0-\x7f]/u.test(text);
