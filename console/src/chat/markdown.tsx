import { Code, Table } from '@mantine/core';
import type { Token, Tokens } from 'marked';
import { createElement, memo, type ReactNode, Suspense, useMemo, useRef } from 'react';
import { CopyButton } from '../frame/copy-button.tsx';
import { Otherwise } from '../frame/otherwise.tsx';
import { part } from '../frame/part.ts';
import { useStrings } from '../strings/strings.tsx';
import { GrowingText } from './growing-text.tsx';
import { type Blocks, growBlocks, type MathToken, NO_BLOCKS } from './markdown-blocks.ts';

// Few replies have formulas or code.
const Formula = part(() => import('./formula.tsx'), 'Formula');
const Highlighted = part(() => import('./highlighted.tsx'), 'Highlighted');

/**
 * Shows Markdown while it is being written. There is no way from a text to HTML: tokens become elements, what looks
 * like HTML stays text, links lead to http, https and mail alone, and nothing of another site is loaded. Blocks that
 * are complete are not made again, so a long reply costs no more than its last block.
 */
export const Markdown = memo(function Markdown({ text, isWriting }: { text: string; isWriting: boolean }) {
  const grown = useRef(NO_BLOCKS);
  const blocks = useMemo(() => {
    grown.current = growBlocks(grown.current, text, isWriting);
    return grown.current;
  }, [text, isWriting]);
  const starts = Array.from({ length: Math.ceil(blocks.tokens.length / TOGETHER) }, (_, at) => at * TOGETHER);
  return (
    <div className="markdown">
      {starts.map((start) => (
        <Together key={start} blocks={blocks} start={start} isWriting={isWriting} />
      ))}
    </div>
  );
});

/** Blocks that are looked at as one: of a long reply those that are settled cost nothing with a new word. */
const TOGETHER = 32;

interface TogetherProps {
  readonly blocks: Blocks;
  readonly start: number;
  readonly isWriting: boolean;
}

const isSettled = ({ blocks: { settled }, start }: TogetherProps): boolean => start + TOGETHER <= settled;

const Together = memo(
  function Together({ blocks: { tokens }, start, isWriting }: TogetherProps) {
    return tokens.slice(start, start + TOGETHER).map((token, at) => (
      <Block
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only added at the end.
        key={at}
        token={token}
        isWriting={isWriting}
        isOpen={isWriting && start + at === tokens.length - 1}
      />
    ));
  },
  (before, after) =>
    after.isWriting &&
    isSettled(before) &&
    isSettled(after) &&
    before.blocks.tokens[before.start] === after.blocks.tokens[after.start],
);

const Block = memo(
  function Block({ token, isOpen }: { token: Token; isOpen: boolean; isWriting: boolean }) {
    // Code is coloured when it is complete.
    if (token.type === 'code' && !isOpen) return <CodeBlock token={token as Tokens.Code} isComplete />;
    return <>{isOpen ? showOpen(token) : show(token)}</>;
  },
  (before, after) =>
    before.token === after.token ||
    // At the end a block that is written as before may be another one: what its links name came below it.
    (after.isWriting && before.token.raw === after.token.raw && before.isOpen === after.isOpen),
);

/** Shows a block that is being written: the words at its end grow in place. */
function showOpen(token: Token): ReactNode {
  const { tokens = [] } = token as Tokens.Paragraph;
  const words = tokens.at(-1);
  if (token.type !== 'paragraph' || words?.type !== 'text' || 'tokens' in words) return show(token);
  return (
    <p className="growing" dir="auto">
      {all(tokens.slice(0, -1))}
      <GrowingText text={plain((words as Tokens.Text).text)} />
    </p>
  );
}

const SAFE = /^(https?:|mailto:)/i;

function all(tokens: readonly Token[] | undefined): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: a token has no other name than its place.
  return tokens?.map((token, index) => <Shown key={index} token={token} />);
}

const Shown = ({ token }: { token: Token }) => <>{show(token)}</>;

/** Whether the first letter of a text is one of those that are written from right to left. */
const FROM_THE_RIGHT =
  /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Returns the direction of what holds paragraphs: "auto" does not look into those that have one of their own. */
const directionOf = (text: string): 'rtl' | undefined => (FROM_THE_RIGHT.test(text) ? 'rtl' : undefined);

/** Two levels below the headings of the page. */
const headingOf = (depth: number): string => `h${Math.min(6, depth + 2)}`;

function show(token: Token): ReactNode {
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading':
      return createElement(headingOf((token as Tokens.Heading).depth), { dir: 'auto' }, all(token.tokens));
    case 'paragraph':
      return <p dir="auto">{all(token.tokens)}</p>;
    case 'blockquote':
      return <blockquote dir={directionOf(token.raw)}>{all(token.tokens)}</blockquote>;
    case 'hr':
      return <hr />;
    case 'code':
      return <CodeBlock token={token as Tokens.Code} />;
    case 'math':
      return <Written token={token as MathToken} />;
    case 'list': {
      const { ordered, start, items } = token as Tokens.List;
      const shown = items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above.
        <li key={index}>
          {item.task && <input type="checkbox" checked={item.checked} readOnly aria-label={item.text.slice(0, 80)} />}
          {all(item.tokens.filter(({ type }) => type !== 'checkbox'))}
        </li>
      ));
      return ordered ? (
        <ol dir={directionOf(token.raw)} start={start === '' ? 1 : start}>
          {shown}
        </ol>
      ) : (
        <ul dir={directionOf(token.raw)}>{shown}</ul>
      );
    }
    case 'table':
      return <DataTable token={token as Tokens.Table} />;
    case 'strong':
      return <strong>{all(token.tokens)}</strong>;
    case 'em':
      return <em>{all(token.tokens)}</em>;
    case 'del':
      return <del>{all(token.tokens)}</del>;
    case 'codespan':
      return <Code>{(token as Tokens.Codespan).text}</Code>;
    case 'br':
      return <br />;
    case 'link': {
      const { href } = token as Tokens.Link;
      if (!SAFE.test(href)) return <>{all(token.tokens)}</>;
      return (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow">
          {all(token.tokens)}
        </a>
      );
    }
    case 'image':
      return <RemoteImage token={token as Tokens.Image} />;
    case 'escape':
      return (token as Tokens.Escape).text;
    case 'text':
      return 'tokens' in token && token.tokens ? all(token.tokens) : plain((token as Tokens.Text).text);
    default:
      return token.raw;
  }
}

/** The lexer writes some signs as HTML would. */
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
const plain = (text: string): string => text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]!);

/** A formula; what is not TeX, or not yet, is shown as it is written. */
function Written({ token: { text, raw, isDisplay } }: { token: MathToken }) {
  const written = <Code>{raw}</Code>;
  return (
    <Otherwise key={raw} shown={() => written}>
      <Suspense fallback={written}>
        <Formula tex={text} isDisplay={isDisplay} />
      </Suspense>
    </Otherwise>
  );
}

/** Longer code is not coloured: it would cost more than it helps. */
const MAX_COLOURED = 50_000;

function CodeBlock({ token: { text, lang }, isComplete = false }: { token: Tokens.Code; isComplete?: boolean }) {
  const [language] = lang?.split(/\s/) ?? [];
  return (
    <figure className="code">
      <figcaption>
        <span>{language ?? ''}</span>
        <CopyButton text={text} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <pre tabIndex={0}>
        <code>
          {isComplete && language && text.length <= MAX_COLOURED ? (
            <Otherwise shown={() => text}>
              <Suspense fallback={text}>
                <Highlighted code={text} language={language.toLowerCase()} />
              </Suspense>
            </Otherwise>
          ) : (
            text
          )}
        </code>
      </pre>
    </figure>
  );
}

function DataTable({ token: { header, rows } }: { token: Tokens.Table }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <div className="wide" tabIndex={0} role="group">
      <Table withTableBorder withColumnBorders dir="auto">
        <Table.Thead>
          <Table.Tr>
            {header.map((cell, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name.
              <Table.Th key={index}>{all(cell.tokens)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            <Table.Tr key={index}>
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                <Table.Td key={column}>{all(cell.tokens)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** An image of another site would tell that site who reads; a link tells only who follows it. */
function RemoteImage({ token: { href, text } }: { token: Tokens.Image }) {
  const { chat } = useStrings();
  const title = text || chat.imageBlocked;
  if (!SAFE.test(href)) return <>{title}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={chat.imageBlocked}>
      🖼 {title}
    </a>
  );
}
