import { walkXml } from './xml.ts';

/** The styles of a Word document: what they say about the text that has them, by their ids. */
export interface WordStyles {
  /** The levels of headings, from 0. */
  readonly levels: ReadonlyMap<string, number>;
  /** The styles whose text is hidden. */
  readonly hidden: ReadonlySet<string>;
}

interface Style {
  basedOn?: string;
  level?: number;
  isHidden?: boolean;
}

const MAX_BASES = 20;

/** Reads the styles: each says what the style says that it is based on, unless it says something else itself. */
export function wordStyles(xml: string): WordStyles {
  const known = new Map<string, Style>();
  let open: Style = {};
  walkXml(xml, {
    open(name, { val, styleId }) {
      if (name === 'style') {
        open = {};
        if (styleId) known.set(styleId, open);
      } else if (name === 'basedOn' && val) open.basedOn = val;
      else if (name === 'outlineLvl') open.level = Number(val);
      else if (name === 'vanish') open.isHidden = !isOff(val);
      else if (name === 'name') {
        const [, number] = /^heading ([1-6])$/i.exec(val ?? '') ?? [];
        if (number) open.level = Number(number) - 1;
      }
    },
  });
  const said = <Key extends 'level' | 'isHidden'>(id: string, key: Key): Style[Key] => {
    let style = known.get(id);
    for (let depth = 0; style && style[key] === undefined && depth < known.size && depth < MAX_BASES; depth++)
      style = known.get(style.basedOn ?? '');
    return style?.[key];
  };
  const levels = new Map<string, number>();
  const hidden = new Set<string>();
  for (const id of known.keys()) {
    const level = said(id, 'level');
    if (level !== undefined) levels.set(id, level);
    if (said(id, 'isHidden')) hidden.add(id);
  }
  return { levels, hidden };
}

/** Returns whether a property that is on by being there says that it is off. */
export const isOff = (value: string | undefined): boolean => /^(?:0|false|off)$/.test(value ?? '');
