import { own } from '../prepare/data.ts';
import { quote, stringify } from '../prepare/json.ts';
import type { IsExplained } from './explained.ts';

/** A place in the response, linked upwards; `type` is the type that has the field, or the type of a list's element. */
export interface AnswerPath {
  readonly key: string | number;
  readonly up: AnswerPath | undefined;
  readonly type: string;
}

/** A null that the data does not account for: a value that does not fit the schema, or none. */
export interface Misfit {
  readonly message: string;
  readonly path: (string | number)[];
}

/** Whether it is written with digits alone. */
const isInteger = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 1e21;
/** Whether it has 32 bits, as an Int. */
const isInt = (value: number): boolean => (value | 0) === value;
const MAX_MISFITS = 100;

/**
 * The functions that the generated code calls. One for each writer: writing is synchronous, so it is used by one
 * request at a time.
 */
export class Support {
  /** Misfits of the text being written. Without tracking, their number is all that is known. */
  count = 0;
  /** Nullable fields among what is written that the data does not have at all. */
  absences = 0;
  misfits: Misfit[] = [];
  absentees: Misfit[] = [];
  isExplained: IsExplained = () => false;

  readonly own = own;
  readonly quote = quote;
  /** Scalars of the schema's own: whatever JSON can say, unless it is nested deeper than can be written. */
  readonly custom = (value: unknown, place?: AnswerPath): string | undefined => {
    try {
      return stringify(value);
    } catch {
      return this.misfit(place);
    }
  };

  readonly string = (value: unknown, place?: AnswerPath): string | undefined =>
    typeof value === 'string' ? quote(value) : this.misfit(place);

  readonly id = (value: unknown, place?: AnswerPath): string | undefined => {
    if (typeof value === 'string') return quote(value);
    // A number is an id to the specification, too, and a text to clients.
    return typeof value === 'number' && isInteger(value) ? `"${value}"` : this.misfit(place);
  };

  readonly int = (value: unknown, place?: AnswerPath): string | undefined =>
    typeof value === 'number' && isInt(value) ? String(value) : this.misfit(place);

  readonly float = (value: unknown, place?: AnswerPath): string | undefined =>
    typeof value === 'number' && Number.isFinite(value) ? String(value) : this.misfit(place);

  readonly boolean = (value: unknown, place?: AnswerPath): string | undefined =>
    typeof value === 'boolean' ? String(value) : this.misfit(place);

  /** A value of the wrong kind: it becomes null. */
  misfit(place: AnswerPath | undefined): undefined {
    this.count++;
    this.#note(this.misfits, place, 'Invalid value found for');
  }

  /** An object whose type is unknown where it matters, or is none that clients may see. */
  wrongType(place: AnswerPath | undefined): undefined {
    this.count++;
    this.#note(this.misfits, place, 'Invalid __typename found for object at');
  }

  missing(place: AnswerPath | undefined): undefined {
    this.count++;
    this.#note(this.misfits, place, 'Cannot return null for non-nullable');
  }

  absent(place: AnswerPath | undefined): undefined {
    this.absences++;
    this.#note(this.absentees, place, 'No value was given for');
  }

  reset(): void {
    this.count = 0;
    this.absences = 0;
    if (this.misfits.length > 0) this.misfits = [];
    if (this.absentees.length > 0) this.absentees = [];
  }

  /** @param place undefined without tracking. */
  #note(list: Misfit[], place: AnswerPath | undefined, problem: string): void {
    if (!place || list.length >= MAX_MISFITS) return;
    const path: (string | number)[] = [];
    for (let at: AnswerPath | undefined = place; at; at = at.up) path.unshift(at.key);
    if (this.isExplained(path)) return;
    const { key, type } = place;
    const what = typeof key === 'string' ? `field ${type}.${key}` : `array element of type ${type} at index ${key}`;
    list.push({ message: `${problem} ${what}.`, path });
  }
}
