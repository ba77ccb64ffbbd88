import { CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { GRAPH } from './graph.ts';

const URI = /^sextant:\/\/(conversations|documents)\/([\w-]{1,200})$/;
/** Pages of passages that are read of one document. */
const MAX_PAGES = 10;

interface Listed {
  readonly nodes: readonly { readonly id: string; readonly title: string | null }[];
}

/** Lists the person's conversations and documents, of each what the credentials may see. */
export async function listResources(visit: Visit) {
  const [conversations, documents] = await Promise.all(
    [GRAPH.McpConversations, GRAPH.McpDocuments].map((operation) =>
      visit.run<Listed>(operation, {}).catch((error: unknown) => {
        if (error instanceof Error && 'extensions' in error) return null;
        throw error;
      }),
    ),
  );
  const listed = (kind: string, mimeType: string, list: Listed | null | undefined) =>
    (list?.nodes ?? []).map(({ id, title }) => ({ uri: `sextant://${kind}/${id}`, name: title ?? id, mimeType }));
  return [...listed('conversations', 'text/markdown', conversations), ...listed('documents', 'text/plain', documents)];
}

/** The forms of the URIs. */
export const RESOURCE_TEMPLATES = [
  {
    uriTemplate: 'sextant://conversations/{id}',
    name: 'conversation',
    description: 'A conversation of the person, as Markdown.',
    mimeType: 'text/markdown',
  },
  {
    uriTemplate: 'sextant://documents/{id}',
    name: 'document',
    description: 'The text of a document of the person.',
    mimeType: 'text/plain',
  },
];

/** Reads a resource. @throws {CodedError} NOT_FOUND, and what reading it throws. */
export async function readResource(visit: Visit, uri: string) {
  const [, kind, id] = URI.exec(uri) ?? [];
  if (kind === 'conversations') {
    const found = await visit.need<{ export: { content: string } }>(GRAPH.McpExport, { id });
    return { uri, mimeType: 'text/markdown', text: found.export.content };
  }
  if (kind === 'documents') return { uri, mimeType: 'text/plain', text: await documentText(visit, id!) };
  throw new CodedError('NOT_FOUND', 'There is no such resource; resources/list and the templates say which there are.');
}

interface DocumentPage {
  readonly title: string;
  readonly passages: {
    readonly nodes: readonly { readonly text: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

async function documentText(visit: Visit, id: string): Promise<string> {
  const texts: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { passages }: DocumentPage = await visit.need<DocumentPage>(GRAPH.McpDocument, { id, after });
    texts.push(...passages.nodes.map(({ text }) => text));
    if (!passages.pageInfo.hasNextPage) return texts.join('\n\n');
    after = passages.pageInfo.endCursor;
  }
  return `${texts.join('\n\n')}\n\n[It goes on: the first ${texts.length} passages are shown.]`;
}
