const DAY_MS = 86_400_000;
/** Day 0 of each calendar. Lotus had a 29 February 1900, so that day 60 is none and the days before are one less. */
const [DAY_0, DAY_0_OF_1904] = [Date.UTC(1899, 11, 30), Date.UTC(1904, 0, 1)];
const LEAP_DAY = 60;
/** Up to the end of the year 9999. */
const MAX_DAYS = 2_958_466;

/** A format without texts in quotes and escaped letters. */
const withoutTexts = (code: string): string => code.replace(/"[^"]*"|\\./g, '');

/** Returns whether a format of a spreadsheet shows a number as hours, minutes or seconds that passed. */
export const isDuration = (id: number, code: string | undefined): boolean =>
  code === undefined ? id === 46 : /\[(?:h+|m+|s+)\]/i.test(withoutTexts(code));

/** Returns a time that passed, in days, as hours, minutes and seconds: `36:00`, `0:01:30`. */
export function excelDuration(days: number): string {
  if (!Number.isFinite(days) || Math.abs(days) > MAX_DAYS) return String(days);
  const seconds = Math.round(Math.abs(days) * (DAY_MS / 1000));
  const two = (part: number) => String(part).padStart(2, '0');
  const clock = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}`;
  return `${days < 0 && seconds > 0 ? '-' : ''}${clock}${seconds % 60 === 0 ? '' : `:${two(seconds % 60)}`}`;
}

/** Returns whether a format of a spreadsheet shows a number as a date or a time of day. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 58);
  // Texts in quotes, escaped letters, and conditions and colours in brackets are not part of the date.
  const bare = code.replace(/"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '');
  return /[ymdhs]/i.test(bare) && !/^General$/i.test(bare.trim());
}

/** Returns a date of a spreadsheet in ISO 8601: the day, the time of day or both. */
export function excelDate(days: number, from1904: boolean): string {
  if (!Number.isFinite(days) || days < 0 || days > MAX_DAYS) return String(days);
  const origin = from1904 ? DAY_0_OF_1904 : days < LEAP_DAY ? DAY_0 + DAY_MS : DAY_0;
  const [date = '', time = ''] = new Date(Math.round((origin + days * DAY_MS) / 1000) * 1000).toISOString().split('T');
  const clock = time.slice(0, 8).replace(/:00$/, '');
  if (days < 1) return clock;
  return Number.isInteger(days) ? date : `${date} ${clock}`;
}
