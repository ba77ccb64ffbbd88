import { type Attributes, walkXml } from './xml.ts';

/** Which styles an element has its letters from. */
const FAMILIES: Readonly<Record<string, string>> = { p: 'paragraph', h: 'paragraph', span: 'text' };

/**
 * The texts of an OpenDocument file that no reader of it sees: of hidden letters, in hidden sections. A text that is
 * hidden in the program is not to be quoted as one that the document says.
 */
export class HiddenText {
  /**
   * Of styles by family and name, whether letters are hidden; undefined where another one decides, which it is based
   * on.
   */
  readonly #styles = new Map<string, { readonly parent: string | undefined; hides?: boolean }>();

  /** @param files that define styles, as texts of XML. */
  constructor(files: readonly string[]) {
    if (files.some((xml) => xml.includes('text:display='))) for (const xml of files) this.#learn(xml);
  }

  /** Returns whether an element and all in it is hidden. */
  has(element: string, attributes: Attributes): boolean {
    if (element === 'section') return attributes['text:display'] === 'none' || attributes['is-hidden'] === 'true';
    if (element === 'hidden-text') return attributes['is-hidden'] === 'true';
    const family = FAMILIES[element];
    return family !== undefined && this.#hides(`${family} ${attributes['text:style-name']}`);
  }

  #hides(style: string): boolean {
    const seen = new Set<string>();
    for (let name: string | undefined = style; name !== undefined && !seen.has(name); ) {
      seen.add(name);
      const known = this.#styles.get(name);
      if (known?.hides !== undefined) return known.hides;
      name = known?.parent;
    }
    return false;
  }

  #learn(xml: string): void {
    let open: string | undefined;
    walkXml(xml, {
      open: (name, attributes) => {
        if (name === 'style') {
          const family = attributes['style:family'] ?? '';
          const parent = attributes['style:parent-style-name'];
          open = `${family} ${attributes['style:name']}`;
          this.#styles.set(open, { parent: parent === undefined ? undefined : `${family} ${parent}` });
        } else if (name === 'text-properties' && attributes['text:display'] !== undefined) {
          const style = open === undefined ? undefined : this.#styles.get(open);
          if (style) style.hides = attributes['text:display'] === 'none';
        }
      },
      close(name) {
        if (name === 'style') open = undefined;
      },
    });
  }
}

/** Returns whether the paragraph that this element stands in is hidden by it. */
export const hidesParagraph = (element: string, attributes: Attributes): boolean =>
  element === 'hidden-paragraph' && attributes['is-hidden'] === 'true';
