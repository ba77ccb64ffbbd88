import { openImage } from '../analysis.ts';
import type { OcrEngine, RecognisedLines } from './engine.ts';
import type { Box } from './placement.ts';
import { type Prepared, prepare, type Treatment } from './preparation.ts';

/** The text of a picture; boxes are in pixels of the upright original. Kept as JSON. */
export interface ReadText {
  readonly language: 'eng';
  readonly text: string;
  /** 0 to 100, weighted by length. */
  readonly confidence: number;
  /** Degrees clockwise by which the picture was turned to read it. */
  readonly rotation: number;
  readonly lines: readonly {
    readonly text: string;
    readonly confidence: number;
    readonly box: Box;
    readonly words: readonly Word[];
  }[];
}
interface Word {
  readonly text: string;
  readonly confidence: number;
  readonly box: Box;
}

interface Attempt {
  readonly prepared: Prepared;
  readonly lines: RecognisedLines;
  readonly score: number;
}

/** Words below this are probably wrong. */
const TRUSTED = 60;
const GOOD_CONFIDENCE = 88;
const TOLERABLE_DOUBT = 0.12;

/**
 * Reads a picture: a cheap first pass, and others only where it read badly. The best is chosen by a score that counts
 * trusted letters and not by mean confidence, which is highest where almost nothing was read.
 */
export async function readText(bytes: Uint8Array, engine: OcrEngine, signal?: AbortSignal): Promise<ReadText> {
  const attempt = async (treatment: Treatment): Promise<Attempt> => {
    const prepared = await prepare(bytes, treatment);
    const lines = await engine.recognise(prepared.png, signal);
    return { prepared, lines, score: scoreOf(lines) };
  };
  let best = await attempt({});
  const tryAlso = async (...treatments: Treatment[]) => {
    for (const treatment of treatments) {
      if (isGood(best.lines)) return;
      const other = await attempt(treatment);
      if (other.score > best.score) best = other;
    }
  };
  if (await isUnevenlyLit(bytes)) await tryAlso({ flatten: true });
  await tryAlso({ upscale: true }, { raw: true }, { flatten: true });
  if (!isLegible(best.lines)) await tryAlso({ turn: 90 }, { turn: 270 }, { turn: 180 });
  return present(best);
}

const words = (lines: RecognisedLines) => lines.flat();
const letters = (lines: RecognisedLines, trusted: (confidence: number) => boolean): number =>
  words(lines).reduce((sum, word) => sum + (trusted(word.confidence) ? word.text.length : 0), 0);

const scoreOf = (lines: RecognisedLines): number =>
  words(lines).reduce(
    (sum, { text, confidence }) => sum + (confidence >= TRUSTED ? (text.length * confidence) / 100 : -text.length / 2),
    0,
  );

const meanConfidence = (lines: RecognisedLines): number => {
  const total = letters(lines, () => true);
  return total === 0
    ? 0
    : words(lines).reduce((sum, { text, confidence }) => sum + text.length * confidence, 0) / total;
};

const doubt = (lines: RecognisedLines): number => {
  const total = letters(lines, () => true);
  return total === 0 ? 1 : letters(lines, (confidence) => confidence < TRUSTED) / total;
};

const isGood = (lines: RecognisedLines): boolean =>
  meanConfidence(lines) >= GOOD_CONFIDENCE && doubt(lines) <= TOLERABLE_DOUBT;
const isLegible = (lines: RecognisedLines): boolean =>
  letters(lines, (confidence) => confidence >= TRUSTED) >= 20 && doubt(lines) < 0.4;

/** Whether one part of the picture is much brighter than another, as on a photograph of a page. */
async function isUnevenlyLit(bytes: Uint8Array): Promise<boolean> {
  const pixels = (
    await openImage(bytes)
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .greyscale()
      .resize(12, 16, { fit: 'fill' })
      .raw()
      .toBuffer()
  ).toSorted();
  return pixels[Math.floor(pixels.length * 0.95)]! - pixels[Math.floor(pixels.length * 0.05)]! > 90;
}

function present({ prepared, lines }: Attempt): ReadText {
  const placed = lines.map((line) => {
    const placedWords = line.map((word) => ({
      text: word.text,
      confidence: round(word.confidence),
      box: prepared.placement.toOriginal(word.box),
    }));
    return {
      text: line.map((word) => word.text).join(' '),
      confidence: round(meanConfidence([line])),
      box: around(placedWords.map((word) => word.box)),
      words: placedWords,
    };
  });
  return {
    language: 'eng',
    text: placed.map((line) => line.text).join('\n'),
    confidence: round(meanConfidence(lines)),
    rotation: round(prepared.placement.rotation),
    lines: placed,
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
