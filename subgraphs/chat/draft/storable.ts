/**
 * A filter that makes a model's text storable piece by piece: Postgres keeps neither NUL nor half a surrogate pair, and
 * a provider may cut a pair in two. A leading half waits for its other half; what has none becomes U+FFFD, so that what
 * readers get is what the database keeps, unit for unit.
 */
export class StorableText {
  #half = '';

  push(piece: string): string {
    let text = this.#half + piece;
    this.#half = '';
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    return text.replaceAll('\0', '\ufffd').toWellFormed();
  }

  /** What is left at the end. */
  end(): string {
    return this.#half === '' ? '' : '\ufffd';
  }
}

/**
 * Returns reasoning, or a string of a part, as it can be stored: its units are not counted, so what cannot be stored is
 * left out.
 */
export const storableAside = (body: string): string => body.replaceAll('\0', '').toWellFormed();
