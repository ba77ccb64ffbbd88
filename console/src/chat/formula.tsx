import katex from 'katex';
import { createElement, memo, type ReactNode } from 'react';

/** The elements of MathML that formulas are made of; all others are left out, with what is in them. */
const ELEMENTS = new Set(
  (
    'math mrow mi mo mn mtext ms mspace msup msub msubsup mfrac msqrt mroot mover munder munderover mtable mtr mtd ' +
    'mstyle mpadded mphantom menclose mmultiscripts mprescripts none semantics'
  ).split(' '),
);
const ATTRIBUTES = new Set(
  (
    'mathvariant mathcolor mathbackground display stretchy fence separator lspace rspace minsize maxsize accent ' +
    'accentunder scriptlevel displaystyle columnalign rowspacing columnspacing columnlines rowlines width height ' +
    'depth voffset linethickness movablelimits form symmetric notation side'
  ).split(' '),
);

/** Sizes are in em: no rule or blank of a formula covers the page. */
const LIMITS = { maxExpand: 200, maxSize: 20 };

interface FormulaProps {
  readonly tex: string;
  readonly isDisplay: boolean;
}

/**
 * Shows a formula as MathML, which the browser sets and reads out. There is no way from TeX to HTML: of what KaTeX
 * writes, known elements and attributes are taken; styles, links and images are not.
 *
 * @throws what is not TeX.
 */
export const Formula = memo(function Formula({ tex, isDisplay }: FormulaProps) {
  const written = katex.renderToString(tex, { ...LIMITS, output: 'mathml', displayMode: isDisplay, trust: false });
  const page = new DOMParser().parseFromString(written, 'text/html');
  return <>{show(page.querySelector('math')!, 0)}</>;
});

function show(node: Node, key: number): ReactNode {
  if (node.nodeType === Node.TEXT_NODE) return node.nodeValue;
  const { localName, attributes, childNodes } = node as Element;
  if (!ELEMENTS.has(localName)) return null;
  const kept = [...attributes].filter(({ name }) => ATTRIBUTES.has(name)).map(({ name, value }) => [name, value]);
  return createElement(localName, { ...Object.fromEntries(kept), key }, ...[...childNodes].map(show));
}
