import { randomBytes, randomUUID } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import {
  CreateConversationDocument,
  ReadConversationDocument,
  SendMessageDocument,
} from './client/generated/graphql.ts';
import { TestUser } from './testing/client.ts';
import { type CollectedSpan, startCollector } from './testing/collector.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

describe.each(MODES)('traces, %s', (_, skipped, start) => {
  describe.skipIf(skipped)('with a collector', () => {
    const lifecycle = new AsyncDisposableStack();
    let collector: Awaited<ReturnType<typeof startCollector>>;
    let graph: RunningGraph;
    let user: TestUser;

    beforeAll(async () => {
      collector = lifecycle.use(await startCollector());
      const model = lifecycle.use(await FaultServer.start(answer(['All', ' clear'])));
      graph = await start(
        {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OPENAI_API_KEY: 'sk-test',
          OPENAI_BASE_URL: model.url,
          OPENAI_MODEL: 'test-model',
        },
        lifecycle,
      );
      user = await TestUser.signUp(graph.url);
    }, 120_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    /** A trace that a client has begun. */
    const clientTrace = (flags = '01') => {
      const traceId = randomBytes(16).toString('hex');
      const spanId = randomBytes(8).toString('hex');
      return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
    };
    const spansOf = (traceId: string): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
    const spanNames = (traceId: string): string[] => spansOf(traceId).map(({ name }) => name);

    it('one operation over three subgraphs is one trace, under the span of the client', async () => {
      const { createConversation } = await user.run(CreateConversationDocument, { input: {} });
      const id = createConversation!.conversation.id;
      await user.run(SendMessageDocument, { input: { conversationId: id, clientMessageId: randomUUID(), text: 'Hi' } });
      const { traceId, spanId, traceparent } = clientTrace();
      const { data } = await user.send(ReadConversationDocument, { id }, { traceparent });
      expect(data?.conversation?.id).toBe(id);

      const wanted = ['analytics', 'auth', 'chat'].flatMap((name) => [`fetch ${name}`, `${name} graphql`]);
      await expect
        .poll(() => spanNames(traceId), { timeout: 10_000 })
        .toEqual(expect.arrayContaining(['query', ...wanted]));
      const spans = spansOf(traceId);
      const root = spans.find(({ name }) => name === 'query')!;
      expect(root.parentSpanId).toBe(spanId);
      expect(root.attributes).toMatchObject({
        'graphql.operation.type': 'query',
        'graphql.operation.name': 'ReadConversation',
      });
      for (const span of spans) {
        if (span === root) continue;
        const parent = spans.find((one) => one.spanId === span.parentSpanId);
        if (span.name.startsWith('fetch ')) expect(parent).toBe(root);
        else expect(parent?.name).toBe(`fetch ${span.name.split(' ')[0]}`);
      }
    });

    it('the call of the language model belongs to the trace of the message that asked for it', async () => {
      const { createConversation } = await user.run(CreateConversationDocument, { input: {} });
      const conversationId = createConversation!.conversation.id;
      const { traceId, traceparent } = clientTrace();
      const input = { conversationId, clientMessageId: randomUUID(), text: 'Is the sky clear?' };
      await user.send(SendMessageDocument, { input }, { traceparent });
      await expect
        .poll(() => spansOf(traceId).find(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat'), {
          timeout: 10_000,
        })
        .toMatchObject({ attributes: { 'gen_ai.response.model': 'test-model' } });
    });

    it('an embedding belongs to the trace of the operation that needed it', async () => {
      const { traceId, traceparent } = clientTrace();
      await user.send(
        '{ embed(input: { texts: ["A text that was not embedded before."] }) { model } }',
        {},
        { traceparent },
      );
      await expect
        .poll(() => spansOf(traceId).find(({ name }) => name === 'embeddings use-lite'), { timeout: 10_000 })
        .toMatchObject({ attributes: { 'gen_ai.operation.name': 'embeddings', 'sextant.purpose': 'embed' } });
      await expect.poll(() => spanNames(traceId), { timeout: 10_000 }).toContain('vector graphql');
      const { parentSpanId } = spansOf(traceId).find(({ name }) => name === 'embeddings use-lite')!;
      expect(spansOf(traceId).find(({ spanId }) => spanId === parentSpanId)?.name).toBe('vector graphql');
    });

    it('the trace of a WebSocket comes with connection_init', async () => {
      const { traceId, spanId, traceparent } = clientTrace();
      const socket = createClient({
        url: `${graph.url.replace(/^http/, 'ws')}/graphql`,
        connectionParams: { authorization: `Bearer ${user.accessToken}`, traceparent },
      });
      for await (const event of socket.iterate({ query: '{ me { id } }' })) expect(event.errors).toBeUndefined();
      await socket.dispose();
      // Each process sends its own, in its own time.
      await expect
        .poll(() => spanNames(traceId), { timeout: 10_000 })
        .toEqual(expect.arrayContaining(['query', 'auth graphql']));
      expect(spansOf(traceId).find(({ name }) => name === 'query')?.parentSpanId).toBe(spanId);
    });

    it('an answer in parts has a span until the last part, and the fetches of late parts are below it', async () => {
      const { traceId, spanId, traceparent } = clientTrace();
      const answered = await fetch(`${graph.url}/graphql`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${user.accessToken}`,
          'content-type': 'application/json',
          accept: 'multipart/mixed;deferSpec=20220824',
          traceparent,
        },
        body: JSON.stringify({ query: '{ me { id } ... @defer { conversations(first: 1) { totalCount } } }' }),
      });
      expect(answered.headers.get('content-type')).toContain('multipart/mixed');
      expect(await answered.text()).toContain('totalCount');
      await expect
        .poll(() => spanNames(traceId), { timeout: 10_000 })
        .toEqual(expect.arrayContaining(['query', 'fetch auth', 'fetch chat']));
      const spans = spansOf(traceId);
      const root = spans.find(({ name }) => name === 'query')!;
      expect(root.parentSpanId).toBe(spanId);
      expect(spans.find(({ name }) => name === 'fetch chat')!.parentSpanId).toBe(root.spanId);
    });

    it('a refused operation is seen with its code', async () => {
      const { traceId, traceparent } = clientTrace();
      await user.send('{ nothingOfTheKind }', {}, { traceparent });
      await expect.poll(() => spansOf(traceId), { timeout: 10_000 }).toHaveLength(1);
      expect(spansOf(traceId)[0]!.attributes['error.type']).toBe('GRAPHQL_VALIDATION_FAILED');
    });

    it('a client that says "not sampled" is not recorded', async () => {
      const silent = clientTrace('00');
      const heard = clientTrace();
      await user.send('{ me { id } }', {}, { traceparent: silent.traceparent });
      await user.send('{ me { id email } }', {}, { traceparent: heard.traceparent });
      await expect.poll(() => spanNames(heard.traceId), { timeout: 10_000 }).toContain('auth graphql');
      expect(spansOf(silent.traceId)).toEqual([]);
    });
  });
});
