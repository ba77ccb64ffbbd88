import { common, createLowlight } from 'lowlight';
import { type ReactNode, useMemo } from 'react';

const languages = createLowlight(common);

type Nodes = ReturnType<typeof languages.highlight>['children'];

/** Shows code with its words coloured; code of a language that is not known as it is. */
export function Highlighted({ code, language }: { readonly code: string; readonly language: string }) {
  const nodes = useMemo(
    () => (languages.registered(language) ? languages.highlight(language, code).children : undefined),
    [code, language],
  );
  return <>{nodes ? all(nodes) : code}</>;
}

const all = (nodes: Nodes): ReactNode =>
  nodes.map((node, index) => {
    if (node.type === 'text') return node.value;
    if (node.type !== 'element') return null;
    const { className } = node.properties;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a word has no other name than its place.
      <span key={index} className={Array.isArray(className) ? className.join(' ') : undefined}>
        {all(node.children as Nodes)}
      </span>
    );
  });
