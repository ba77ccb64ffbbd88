import type { OcrEngine } from './engine.ts';
import type { PageLayout } from './layouts.ts';
import type { Box } from './placement.ts';
import { type GreyPage, openPage, type Prepared, prepare, type Treatment } from './preparation.ts';
import {
  isGood,
  isLegible,
  lineText,
  meanConfidence,
  type RecognisedLines,
  scoreOf,
  textHeight,
  trustedLetters,
} from './recognised.ts';
import type { Turn } from './standing.ts';

/** The text of one page of a picture; boxes are in pixels of the upright original. Kept as JSON. */
export interface ReadPage {
  /** The code of the language that it was read in, as `eng`. */
  readonly language: string;
  readonly width: number;
  readonly height: number;
  readonly text: string;
  /** 0 to 100, weighted by length. */
  readonly confidence: number;
  /** Degrees clockwise by which the page was turned to read it. */
  readonly rotation: number;
  readonly lines: readonly ReadLine[];
}
export interface ReadLine {
  readonly text: string;
  readonly confidence: number;
  readonly box: Box;
  readonly words: readonly ReadWord[];
}
interface ReadWord {
  readonly text: string;
  readonly confidence: number;
  readonly box: Box;
}

export interface ReadOptions {
  /** Of several pages, from 1. */
  readonly page?: number;
  /** The languages that it may be in, the most probable first. Default: English. */
  readonly languages?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

interface Attempt {
  readonly prepared: Prepared;
  readonly lines: RecognisedLines;
  readonly score: number;
}

/** Darkest and brightest of a page without ink, apart by less than this, are noise. */
const MIN_CONTRAST = 16;
/** The smallest letter that the engine knows. */
const MIN_SIDE = 6;
/** The engine was taught with letters of some 30 pixels; smaller ones are read better when they are enlarged. */
const SMALL_TEXT = 20;
/** The height to which they are enlarged. */
const ENLARGED_TEXT = 34;
/**
 * In distances between its lines: what is so narrow, as a receipt, has no columns of prose. Its words and prices belong
 * to rows, and layout would take them apart.
 */
const NARROW = 23;
/** Languages whose letters hang from a line, so that their pages look upside down. */
const HANGING = new Set(['asm', 'ben', 'bod', 'guj', 'heb', 'hin', 'mar', 'nep', 'pan', 'san', 'yid']);
/** A strip holds one line. */
const STRIP_HEIGHT = 80;
/** The part of a page by which its direction and its language are found out, in pixels of the grey page. */
const SAMPLE = { width: 1000, height: 420 };
/** The same of a page that is turned, so that its lines may run either way. */
const TURNED_SAMPLE_SIDE = 700;
/** So many times the score of the best approach so far makes another one clearly better. */
const CLEARLY_BETTER = 1.05;
/** A sample that is read so surely needs no comparison. */
const SURE = 93;

/**
 * Reads a page: one pass where it reads well, and others where there is a reason to expect more of them. The best is
 * chosen by a score that counts trusted letters.
 */
export async function readText(bytes: Uint8Array, engine: OcrEngine, options: ReadOptions = {}): Promise<ReadPage> {
  const { languages = ['eng'], signal } = options;
  const page = await openPage(bytes, options.page);
  if (page.edges.contrast < MIN_CONTRAST || Math.min(page.width, page.height) < MIN_SIDE)
    return present(page, undefined, languages[0]!);

  const attempt: Attempting = async (treatment, language, layout = 'page') => {
    const prepared = await prepare(page, treatment);
    const lines = await engine.recognise(prepared.png, { language, layout, signal });
    return { prepared, lines, score: scoreOf(lines) };
  };
  // With one language only a page that does not read as it lies needs a sample.
  const approach = languages.length > 1 ? await approachOf(page, languages, attempt) : undefined;
  const language = approach?.language ?? languages[0]!;
  return present(page, await bestAttempt(page, language, approach?.turn, attempt), language);
}

/** @param knownTurn undefined: how the page lies is found out where it cannot be read. */
async function bestAttempt(
  page: GreyPage,
  language: string,
  knownTurn: Turn | undefined,
  attempt: Attempting,
): Promise<Attempt> {
  const isStrip = page.height <= STRIP_HEIGHT && page.width > 3 * page.height;
  const scale = isStrip ? Math.min(4, 120 / page.height) : 1;
  const isNarrow = page.likelyTurn % 180 === 0 && (page.widthInLines ?? Number.POSITIVE_INFINITY) <= NARROW;
  const layout = isStrip ? 'line' : isNarrow ? 'block' : 'page';
  let turn = knownTurn ?? (isStrip || HANGING.has(language) ? 0 : page.likelyTurn);
  let best = await attempt({ scale, turn, flatten: page.isUnevenlyLit }, language, layout);
  const tryAlso = async (treatment: Treatment, otherLayout: PageLayout = layout): Promise<void> => {
    if (isGood(best.lines)) return;
    const other = await attempt({ scale, turn, ...treatment }, language, otherLayout);
    if (other.score > best.score) best = other;
  };
  if (knownTurn === undefined && !isLegible(best.lines)) {
    const read = turn;
    turn = (await approachOf(page, [language], attempt)).turn;
    if (turn !== read) await tryAlso({ flatten: page.isUnevenlyLit });
  }
  const height = textHeight(best.lines);
  if (height !== undefined && height / scale < SMALL_TEXT) await tryAlso({ scale: (ENLARGED_TEXT * scale) / height });
  if (page.isUnevenlyLit) await tryAlso({});
  if (layout === 'block') await tryAlso({ flatten: page.isUnevenlyLit }, 'page');
  // A few words on a picture, as on an icon or a sign, make no page.
  if (trustedLetters(best.lines) < 3) await tryAlso({ scale: Math.max(scale, smallestScale(page)) }, 'sparse');
  return best;
}

type Attempting = (treatment: Treatment, language: string, layout?: PageLayout) => Promise<Attempt>;

/** The language of a page, and how it lies. */
interface Approach {
  readonly language: string;
  readonly turn: Turn;
}

/** Finds out the language of a page and how it lies: those with which a sample of it reads best. */
async function approachOf(page: GreyPage, languages: readonly string[], attempt: Attempting): Promise<Approach> {
  let best = { language: languages[0]!, turn: 0 as Turn, score: 0, isLegible: false };
  const { width, height } = SAMPLE;
  for (const turn of new Set<Turn>([page.likelyTurn, 0, 180, 90, 270])) {
    // Turned by a right angle, the lines of a wide sample would be cut off.
    const part =
      turn % 180 === 0 ? sampleOf(page, width, height) : sampleOf(page, TURNED_SAMPLE_SIDE, TURNED_SAMPLE_SIDE);
    for (const language of languages) {
      const { lines, score } = await attempt({ part, turn }, language);
      // Scripts have letters that look alike, so a later language has to be clearly better.
      if (score > best.score * CLEARLY_BETTER + 1) best = { language, turn, score, isLegible: isLegible(lines) };
      if (best.isLegible && meanConfidence(lines) >= SURE) return best;
    }
    if (best.isLegible) return best;
  }
  return best;
}

/** The part of a page, of at most this size, that holds most edges. */
function sampleOf({ edges, width: pageWidth, height: pageHeight }: GreyPage, width: number, height: number): Box {
  const size = { width: Math.min(width, pageWidth), height: Math.min(height, pageHeight) };
  const start = (places: readonly number[], length: number, whole: number): number => {
    const counts = new Uint32Array(Math.ceil(whole * edges.scale) + 1);
    for (const place of places) counts[place]!++;
    const window = Math.max(1, Math.floor(length * edges.scale));
    let inside = 0;
    let most = { at: 0, inside: -1 };
    for (let end = 0; end < counts.length; end++) {
      inside += counts[end]! - (end >= window ? counts[end - window]! : 0);
      if (end >= window - 1 && inside > most.inside) most = { at: end - window + 1, inside };
    }
    return Math.max(0, Math.min(whole - length, Math.round(most.at / edges.scale)));
  };
  return { x: start(edges.xs, size.width, pageWidth), y: start(edges.ys, size.height, pageHeight), ...size };
}

const smallestScale = ({ width, height }: GreyPage): number => Math.min(4, Math.max(1, 300 / Math.min(width, height)));

function present({ original, placement }: GreyPage, best: Attempt | undefined, language: string): ReadPage {
  const lines = (best?.lines ?? []).map((line) => {
    const words = line.map((word) => ({
      text: word.text,
      confidence: round(word.confidence),
      box: best!.prepared.placement.toOriginal(word.box),
    }));
    return {
      text: lineText(line),
      confidence: round(meanConfidence([line])),
      box: around(words.map((word) => word.box)),
      words,
    };
  });
  return {
    language,
    ...original,
    text: lines.map((line) => line.text).join('\n'),
    confidence: round(meanConfidence(best?.lines ?? [])),
    rotation: round((best?.prepared.placement ?? placement).rotation),
    lines,
  };
}

function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

const round = (value: number): number => Math.round(value * 10) / 10;
