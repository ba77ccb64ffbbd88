import { quote, stringify } from '../json.ts';
import { own } from '../merge.ts';

/** A place in the response, linked upwards; `type` is the type that has the field, or the type of a list's element. */
export interface Place {
  readonly key: string | number;
  readonly up: Place | undefined;
  readonly type: string;
}

/** A value that does not fit the schema. */
export interface Misfit {
  readonly message: string;
  readonly path: (string | number)[];
}

/** Whether it is written with digits alone. */
const isInteger = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 1e21;
const MAX_MISFITS = 100;

/** What the generated code calls. One for each writer: writing is synchronous, so it is used by one request at a time. */
export class Support {
  /** Misfits of the text being written. Without tracking, their number is all that is known. */
  count = 0;
  list: Misfit[] = [];

  readonly own = own;
  readonly quote = quote;
  /** Scalars of the schema's own: whatever JSON can say. */
  readonly custom = stringify;

  readonly string = (value: unknown, place?: Place): string | undefined =>
    typeof value === 'string' ? quote(value) : this.misfit(place);

  readonly id = (value: unknown, place?: Place): string | undefined => {
    if (typeof value === 'string') return quote(value);
    // Stricter servers send ids as strings, but a number is an id to the specification, too.
    return typeof value === 'number' && isInteger(value) ? String(value) : this.misfit(place);
  };

  readonly int = (value: unknown, place?: Place): string | undefined =>
    typeof value === 'number' && isInteger(value) ? String(value) : this.misfit(place);

  readonly float = (value: unknown, place?: Place): string | undefined =>
    typeof value === 'number' && Number.isFinite(value) ? String(value) : this.misfit(place);

  readonly boolean = (value: unknown, place?: Place): string | undefined =>
    typeof value === 'boolean' ? String(value) : this.misfit(place);

  /** A value of the wrong kind: it becomes null. */
  misfit(place: Place | undefined): undefined {
    this.note(place, 'Invalid value found for');
  }

  /** An object whose `__typename` is no type that clients may see. */
  wrongType(place: Place | undefined): undefined {
    this.note(place, 'Invalid __typename found for object at');
  }

  missing(place: Place | undefined): undefined {
    this.note(place, 'Cannot return null for non-nullable');
  }

  note(place: Place | undefined, problem: string): void {
    this.count++;
    if (!place || this.list.length >= MAX_MISFITS) return;
    const { key, type } = place;
    const what = typeof key === 'string' ? `field ${type}.${key}` : `array element of type ${type} at index ${key}`;
    const path: (string | number)[] = [];
    for (let at: Place | undefined = place; at; at = at.up) path.unshift(at.key);
    this.list.push({ message: `${problem} ${what}.`, path });
  }

  reset(): void {
    this.count = 0;
    if (this.list.length > 0) this.list = [];
  }
}
