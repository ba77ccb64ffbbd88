import { estimateTokens } from '../estimate-tokens.ts';

/** A part of a text that a model reads whole. */
export interface Window {
  readonly text: string;
  /** As estimated. */
  readonly tokens: number;
}

/** Windows of a longer text, whose vectors are averaged; the rest of it is ignored. */
const MAX_WINDOWS = 8;
/** A longer window holds the thread for a second, though the model could read it. */
const WINDOW_TOKENS = 256;
/** An estimate may be too low by a quarter. */
const CERTAIN = 0.75;
/** Most characters of a token, for text that is worth reading. */
const TOKEN_CHARACTERS = 6;

/** Returns a text in windows that a model reads whole, cut between words where it has spaces. */
export function windowsOf(text: string, maxTokens: number): Window[] {
  const most = Math.floor(Math.min(WINDOW_TOKENS, maxTokens) * CERTAIN);
  const read = text
    .slice(0, MAX_WINDOWS * most * TOKEN_CHARACTERS)
    .replace(/\s+/g, ' ')
    .trim();
  const whole = estimateTokens(read);
  if (whole <= most) return [{ text: read, tokens: whole }];
  const count = Math.min(MAX_WINDOWS, Math.ceil(whole / most));
  const size = Math.min(most, Math.ceil(whole / count));
  const windows: Window[] = [];
  let rest = read;
  while (rest !== '' && windows.length < count) {
    const end = endOf(rest, size);
    const window = rest.slice(0, end).trim();
    windows.push({ text: window, tokens: estimateTokens(window) });
    rest = rest.slice(end).trimStart();
  }
  return windows;
}

/** Returns where a window ends that begins a text: as far as its tokens go, at a space where one is near. */
function endOf(text: string, tokens: number): number {
  let [low, high] = [1, Math.min(text.length, tokens * TOKEN_CHARACTERS)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (estimateTokens(text.slice(0, middle)) <= tokens) low = middle;
    else high = middle - 1;
  }
  if (low === text.length) return low;
  const space = text.lastIndexOf(' ', low);
  if (space > low / 2) return space;
  // Not between the halves of a character.
  return /[\uD800-\uDBFF]/.test(text[low - 1]!) && low > 1 ? low - 1 : low;
}
