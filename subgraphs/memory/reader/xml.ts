import { Parser } from 'htmlparser2';

export type Attributes = Readonly<Record<string, string>>;

export interface XmlHandler {
  open?(name: string, attributes: Attributes): void;
  close?(name: string): void;
  text?(text: string): void;
}

/** Longest run without an end that the parser is given at a time. */
const PIECE = 65_536;

/**
 * Walks through an XML file. Names come without their prefix. Entities other than XML's own five stay as they are
 * written, so that none can be made of others; nothing outside of the file is read. Of what Office writes twice, for
 * programs that know it and for those that do not, the first is walked through.
 */
export function walkXml(xml: string, handler: XmlHandler): void {
  /** Of the places that are open where something is written twice: whether its first form has come. */
  const chosen: boolean[] = [];
  let skipping = 0;
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        if (name === 'mc:Fallback' && chosen.at(-1) === true) skipping++;
        if (skipping === 0) handler.open?.(local(name), withLocalNames(attributes));
        if (name === 'mc:AlternateContent') chosen.push(false);
        else if (name === 'mc:Choice' && chosen.length > 0) chosen[chosen.length - 1] = true;
      },
      onclosetag: (name) => {
        if (name === 'mc:AlternateContent') chosen.pop();
        if (skipping === 0) handler.close?.(local(name));
        else if (name === 'mc:Fallback') skipping--;
      },
      ontext: (text) => {
        if (skipping === 0) handler.text?.(text);
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  for (let at = 0; at < xml.length; at += PIECE) parser.write(xml.slice(at, at + PIECE));
  parser.end();
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Prefixed names stay beside the local ones: `r:id` and `id` may both be there. */
function withLocalNames(attributes: Attributes): Attributes {
  const all: Record<string, string> = { ...attributes };
  for (const [name, value] of Object.entries(attributes)) all[local(name)] ??= value;
  return all;
}
