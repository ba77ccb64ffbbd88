import { useLayoutEffect, useRef } from 'react';

/** A piece of a text is left alone when it has this many signs: the browser lays out again what has changed, whole. */
const MAX_PIECE = 400;

/** Shows a text to which words are added. What is there stays as it is: a long paragraph costs no more than its end. */
export function GrowingText({ text }: { readonly text: string }) {
  const box = useRef<HTMLSpanElement>(null);
  const shown = useRef('');
  useLayoutEffect(() => {
    const pieces = box.current!;
    if (!text.startsWith(shown.current)) {
      pieces.textContent = '';
      shown.current = '';
    }
    const added = text.slice(shown.current.length);
    shown.current = text;
    if (added === '') return;
    const last = pieces.lastChild as Text | null;
    if (last && (last.length < MAX_PIECE || !added.startsWith(' '))) last.appendData(added);
    else pieces.append(added);
  }, [text]);
  return <span ref={box} />;
}
