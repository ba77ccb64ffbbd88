import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { CodedError, rateLimited } from '#platform/base/errors/errors.ts';
import { keepFile, readFileContent } from './files.ts';

const begun = {
  document: { id: 'd' },
  upload: { method: 'PUT', url: 'http://localhost/_/memory/uploads/d', headers: [] },
};
const refusal = (status: number, code: string) => () => Response.json({ error: { code, message: 'So.' } }, { status });
const thrown = (error: Error) => () => {
  throw error;
};

/** A visit whose plain routes answer this. */
function visiting(answer: () => Response) {
  const removed: unknown[] = [];
  const visit = {
    need: async () => ({ ...begun, originalUrl: begun.upload.url }) as never,
    fetch: async () => answer(),
    afterwards: async (_: unknown, variables: object) => {
      removed.push(variables);
    },
  };
  return { visit, removed };
}

it.each([
  ['the allowance is spent', thrown(rateLimited('Too many.', 3)), 'RATE_LIMITED'],
  ['the subgraph is away', thrown(new CodedError('SUBGRAPH_UNAVAILABLE', 'Away.')), 'SUBGRAPH_UNAVAILABLE'],
  ['an error is not told in JSON', () => new Response('<html>', { status: 502 }), 'SERVICE_UNAVAILABLE'],
  ['the storage fails', refusal(500, 'INTERNAL_SERVER_ERROR'), 'INTERNAL_SERVER_ERROR'],
  ['the file is refused', refusal(400, 'BAD_USER_INPUT'), 'BAD_USER_INPUT'],
  ['the code is foreign', refusal(400, 'TEAPOT'), 'BAD_USER_INPUT'],
])('a failed upload leaves no document and keeps its status: %s', async (_title, answer, code) => {
  const { visit, removed } = visiting(answer);
  await expect(keepFile(visit, new File(['x'], 'x.txt'))).rejects.toMatchObject({ extensions: { code } });
  expect(removed).toEqual([{ id: 'd' }]);
});

it('an upload that was taken stays', async () => {
  const { visit, removed } = visiting(() => Response.json({ documentId: 'd' }));
  expect(await keepFile(visit, new File(['x'], 'x.txt'))).toEqual(begun.document);
  expect(removed).toEqual([]);
});

it('content that cannot be read is an error of the door, not what the route answered', async () => {
  const { visit } = visiting(refusal(404, 'NOT_FOUND'));
  await expect(readFileContent(visit, 'file-d', {} as ServerResponse)).rejects.toMatchObject({
    extensions: { code: 'NOT_FOUND' },
    message: 'The content could not be read: So.',
  });
});
