import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { de } from './de.ts';
import { en, type Strings } from './en.ts';

/** The languages of the console; a third one is a file beside these. */
const LANGUAGES = { en, de } as const;
export type Language = keyof typeof LANGUAGES;
const KEPT = 'sextant:language';

interface Spoken {
  readonly language: Language;
  readonly strings: Strings;
  speak(language: Language): void;
}

const Context = createContext<Spoken>({ language: 'en', strings: en, speak: () => undefined });

function chosen(): Language {
  const wanted = [localStorage.getItem(KEPT), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  return (wanted.find((tag) => tag !== undefined && tag in LANGUAGES) as Language | undefined) ?? 'en';
}

/** Gives the pages their words, in the language that the person chose or the browser asks for. */
export function StringsProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(chosen);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo(
    () => ({
      language,
      strings: LANGUAGES[language],
      speak: (next: Language) => {
        localStorage.setItem(KEPT, next);
        setLanguage(next);
      },
    }),
    [language],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

/** Returns the words of the console. */
export const useStrings = (): Strings => useContext(Context).strings;

/** Returns the language and what changes it. */
export const useLanguage = (): Spoken => useContext(Context);

/** Returns how times and numbers are written in the language. */
export function useFormat() {
  const { language } = useLanguage();
  return useMemo(() => {
    const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
    const day = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' });
    const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    const compact = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 });
    const bytes = (count: number): string => {
      const units = ['B', 'kB', 'MB', 'GB', 'TB'];
      const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
      return `${number.format(count / 1000 ** power)} ${units[power]}`;
    };
    return {
      time: (iso: string) => time.format(new Date(iso)),
      day: (iso: string) => day.format(new Date(iso)),
      number: (value: number) => number.format(value),
      compact: (value: number) => compact.format(value),
      percent: (share: number) => `${number.format(share * 100)} %`,
      seconds: (ms: number | null | undefined) => {
        if (ms == null) return '–';
        return ms < 1000 ? `${Math.round(ms)} ms` : `${number.format(ms / 1000)} s`;
      },
      bytes,
      money: (amount: string | number, currency: string) =>
        new Intl.NumberFormat(language, { style: 'currency', currency, maximumFractionDigits: 4 }).format(
          Number(amount),
        ),
    };
  }, [language]);
}
