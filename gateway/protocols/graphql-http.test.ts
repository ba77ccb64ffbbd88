import { describe, expect, it } from 'vitest';
import { acceptedBy, paramsOfBody } from './graphql-http.ts';

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
  expect(paramsOfBody(Buffer.from('\uFEFF{"query":"{ a }"}'))).toMatchObject({ query: '{ a }' });
});
