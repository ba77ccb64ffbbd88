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
 * written, so that none can be made of others; nothing outside of the file is read.
 */
export function walkXml(xml: string, handler: XmlHandler): void {
  const parser = new Parser(
    {
      onopentag: (name, attributes) => handler.open?.(local(name), withLocalNames(attributes)),
      onclosetag: (name) => handler.close?.(local(name)),
      ontext: (text) => handler.text?.(text),
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
