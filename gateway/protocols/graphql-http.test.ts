import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { CodedError, type ErrorCode } from '#platform/base/errors/errors.ts';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import { acceptedBy, paramsOfBody, statusOf } from './graphql-http.ts';

describe('an Accept header', () => {
  it.each([undefined, '', ' ', '*/*'])('that asks for nothing in particular means JSON: %j', (header) => {
    expect(acceptedBy(header)).toMatchObject({ format: 'application/json', json: true });
  });

  it.each([
    ['multipart/mixed', true],
    ['multipart/mixed;subscriptionSpec="1.0"', true],
    ['multipart/mixed;deferSpec=20220824, application/json', false],
  ])('that names multipart gets subscriptions so, unless it means @defer: %s', (header, multipart) => {
    expect(acceptedBy(header)).toMatchObject({ format: 'application/json', multipart });
  });
});

it('a body may begin with a byte order mark', () => {
  const body = Buffer.from('\uFEFF{"query":"{ a }"}');
  expect(paramsOfBody(body, { MAX_BODY_BYTES: 1_024, MAX_BATCH: 0 })).toMatchObject({ query: '{ a }' });
});

describe('a request that failed as a whole', () => {
  const of = (code: ErrorCode) => [new CodedError(code, 'x')];
  const ofDocument: ErrorCode[] = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'PERSISTED_QUERY_NOT_FOUND'];

  it.each([
    ['UNAUTHENTICATED', 401],
    ['FORBIDDEN', 403],
    ['BAD_USER_INPUT', 400],
    ['PAYLOAD_TOO_LARGE', 413],
    ['RATE_LIMITED', 429],
    ['INTERNAL_SERVER_ERROR', 500],
    ['SERVICE_UNAVAILABLE', 503],
    ['TIMEOUT', 504],
  ] as const)('has the status that a plain route has for its code, in both formats: %s, %i', (code, status) => {
    expect(statusOf(of(code), 'application/json')).toBe(status);
    expect(statusOf(of(code), 'application/graphql-response+json')).toBe(status);
    expect(httpStatusOf(code)).toBe(status);
  });

  it.each(ofDocument)(
    'for its document is a 200 in application/json, and a 400 in GraphQL’s own format: %s',
    (code) => {
      expect(statusOf(of(code), 'application/json')).toBe(200);
      expect(statusOf(of(code), 'application/graphql-response+json')).toBe(400);
    },
  );

  it('is the client’s 400 where its code is none of ours, or none', () => {
    expect(statusOf([new GraphQLError('x', { extensions: { code: 'toString' } })], 'application/json')).toBe(400);
    expect(statusOf([new GraphQLError('x')], 'application/json')).toBe(400);
    expect(statusOf([], 'application/json')).toBe(400);
  });
});
