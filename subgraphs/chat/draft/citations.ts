import type { Citation } from '../peers/recall.ts';
import { asPiece, type Piece } from './draft.ts';

/** The sources of a reply, as they become known: readers get the whole list each time. */
export class Citations {
  readonly #emit: (piece: Piece) => void;
  #all: readonly Citation[] = [];

  constructor(emit: (piece: Piece) => void) {
    this.#emit = emit;
  }

  /** Adds sources behind those that are there; one that is there keeps its number. @returns them with their numbers. */
  add(sources: readonly Omit<Citation, 'index'>[]): readonly Citation[] {
    const before = this.#all.length;
    const added = sources.map((source) => {
      const known = this.#all.find(({ kind, sourceId }) => kind === source.kind && sourceId === source.sourceId);
      if (known) return known;
      const citation = { ...source, index: this.#all.length + 1 };
      this.#all = [...this.#all, citation];
      return citation;
    });
    if (this.#all.length > before) this.#emit(asPiece({ citations: this.#all }));
    return added;
  }
}
