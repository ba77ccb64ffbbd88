import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '#platform/base/errors/errors.ts';
import { isClosed } from '#platform/net/http/client-left.ts';
import { checkOperations } from '../doors/check.ts';
import { readJsonBody } from '../doors/json-body.ts';
import type { DoorParts } from '../doors/parts.ts';
import { Visit } from '../doors/visit.ts';
import type { Served } from '../policy/pipeline.ts';
import { refuseMethod } from '../server/pages.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import { answerChatCompletion } from './chat-completions.ts';
import { answerEmbeddings } from './embeddings.ts';
import { errorBody, refuse } from './errors.ts';
import { deleteFile, listFiles, readFile, readFileContent, uploadFile } from './files.ts';
import { FILES } from './files-graph.ts';
import { GRAPH } from './graph.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { answerImages } from './images.ts';
import { answerModels } from './models.ts';
import type { Body } from './read.ts';
import { answerResponse } from './responses.ts';
import { cancelResponse, deleteResponse, listInput, readResponse } from './stored-responses.ts';
import {
  attachFile,
  changeStore,
  createStore,
  deleteStore,
  detachFile,
  listStoreFiles,
  listStores,
  readStore,
  readStoreFile,
  searchStore,
} from './vector-stores.ts';

/** The door for those who speak to OpenAI's API: a view of the graph. */
export interface OpenAi {
  has(path: string): boolean;
  answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  /** Validates the operations for a new supergraph, and says in the log which of them do not fit it. */
  check(version: GraphVersion<Served>): Promise<void>;
}

interface Call {
  readonly visit: Visit;
  readonly body: Body;
  readonly id: string | undefined;
  /** The second id of a path. */
  readonly part: string | undefined;
  readonly search: URLSearchParams;
  readonly request: IncomingMessage;
  /** What the client repeats with a request that it sends again. */
  readonly key: string | undefined;
  readonly response: ServerResponse;
}

interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly pattern: RegExp;
  /** Whether the body is a form with a file, which the route reads itself. */
  readonly takesFile?: boolean;
  answer(call: Call): Promise<void>;
}

const [FILE, STORE] = ['/v1/files/([^/]+)', '/v1/vector_stores/([^/]+)'];
const route = (method: Route['method'], path: string, answer: Route['answer']): Route => ({
  method,
  pattern: new RegExp(`^${path}$`),
  answer,
});

/** Files are documents of the person's knowledge, stores are lists of them. */
const FILE_ROUTES: readonly Route[] = [
  {
    ...route('POST', '/v1/files', ({ visit, request, response }) => uploadFile(visit, request, response)),
    takesFile: true,
  },
  route('GET', '/v1/files', ({ visit, search, response }) => listFiles(visit, search, response)),
  route('GET', FILE, ({ visit, id, response }) => readFile(visit, id!, response)),
  route('GET', `${FILE}/content`, ({ visit, id, response }) => readFileContent(visit, id!, response)),
  route('DELETE', FILE, ({ visit, id, response }) => deleteFile(visit, id!, response)),
  route('POST', '/v1/vector_stores', ({ visit, body, response }) => createStore(visit, body, response)),
  route('GET', '/v1/vector_stores', ({ visit, search, response }) => listStores(visit, search, response)),
  route('GET', STORE, ({ visit, id, response }) => readStore(visit, id!, response)),
  route('POST', STORE, ({ visit, id, body, response }) => changeStore(visit, id!, body, response)),
  route('DELETE', STORE, ({ visit, id, response }) => deleteStore(visit, id!, response)),
  route('POST', `${STORE}/search`, ({ visit, id, body, response }) => searchStore(visit, id!, body, response)),
  route('POST', `${STORE}/files`, ({ visit, id, body, response }) => attachFile(visit, id!, body, response)),
  route('GET', `${STORE}/files`, ({ visit, id, search, response }) => listStoreFiles(visit, id!, search, response)),
  route('GET', `${STORE}/files/([^/]+)`, ({ visit, id, part, response }) => readStoreFile(visit, id!, part!, response)),
  route('DELETE', `${STORE}/files/([^/]+)`, ({ visit, id, part, response }) => detachFile(visit, id!, part!, response)),
];

/** Creates the door for those who speak to OpenAI's API, at /v1. */
export function createOpenAi(parts: DoorParts): OpenAi {
  const { log } = parts;
  const post = (pattern: RegExp, answer: Route['answer']): Route => ({ method: 'POST', pattern, answer });
  const get = (pattern: RegExp, answer: Route['answer']): Route => ({ method: 'GET', pattern, answer });
  const routes: readonly Route[] = [
    get(/^\/v1\/models$/, ({ visit, response }) => answerModels(visit, undefined, response)),
    get(/^\/v1\/models\/(.+)$/, ({ visit, id, response }) => answerModels(visit, id, response)),
    post(/^\/v1\/chat\/completions$/, ({ visit, body, key, response }) =>
      answerChatCompletion(visit, body, key, response, parts),
    ),
    post(/^\/v1\/responses$/, ({ visit, body, key, response }) => answerResponse(visit, body, key, response, log)),
    get(/^\/v1\/responses\/(resp_[^/]*)$/, ({ visit, id, search, response }) =>
      readResponse(visit, id!, search, response),
    ),
    {
      ...get(/^\/v1\/responses\/(resp_[^/]*)$/, ({ visit, id, response }) => deleteResponse(visit, id!, response)),
      method: 'DELETE',
    },
    get(/^\/v1\/responses\/(resp_[^/]*)\/input_items$/, ({ visit, id, search, response }) =>
      listInput(visit, id!, search, response),
    ),
    post(/^\/v1\/responses\/(resp_[^/]*)\/cancel$/, ({ visit, id, response }) => cancelResponse(visit, id!, response)),
    post(/^\/v1\/embeddings$/, ({ visit, body, response }) =>
      answerEmbeddings(visit, body, response, parts.config.MAX_DOOR_BODY_BYTES),
    ),
    post(/^\/v1\/images\/generations$/, ({ visit, body, response }) => answerImages(visit, body, response)),
    ...FILE_ROUTES,
  ];

  async function answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    // Clients join addresses as they like, and look whether there is something.
    const plain = path.replace(/\/$/, '');
    const here = routes.filter(({ pattern }) => pattern.test(plain));
    const route = here.find(({ method }) => method === (request.method === 'HEAD' ? 'GET' : request.method));
    if (!route) {
      if (here.length === 0) throw new CodedError('NOT_FOUND', `${request.method} ${path} is not part of this API.`);
      const why = new CodedError('BAD_USER_INPUT', `${path} does not answer ${request.method}.`, {
        openAiCode: 'method_not_allowed',
      });
      return refuseMethod(
        response,
        here.map(({ method }) => method),
        errorBody(why),
      );
    }
    const [, id, part] = route.pattern.exec(plain) ?? [];
    // A request that changes nothing more than a status may come without a body.
    const isBare = request.headers['content-type'] === undefined && request.headers['content-length'] === '0';
    const hasBody = route.method !== 'GET' && !isBare && !route.takesFile;
    const body = hasBody ? ((await readJsonBody(request, response, parts)) ?? {}) : {};
    const visit = await Visit.begin(parts, 'openai', request, response);
    await route.answer({
      visit,
      body,
      id: id === undefined ? undefined : decodeURIComponent(id),
      part: part === undefined ? undefined : decodeURIComponent(part),
      search: new URL(request.url ?? '/', 'http://localhost').searchParams,
      request,
      key: idempotencyKeyOf(request),
      response,
    });
  }

  return {
    has: (path) => path.startsWith('/v1/'),
    async answer(request, response, path) {
      try {
        await answer(request, response, path);
      } catch (error) {
        const known =
          error instanceof URIError ? new CodedError('BAD_USER_INPUT', 'The path is not well encoded.') : error;
        if (!(known instanceof Error && 'extensions' in known)) throw known;
        if (!response.headersSent && !isClosed(response)) refuse(response, known as CodedError);
      }
    },
    check: (version) => checkOperations(version, [...Object.values(GRAPH), ...Object.values(FILES)], log),
  };
}
