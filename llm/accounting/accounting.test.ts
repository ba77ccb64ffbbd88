import { setTimeout as sleep } from 'node:timers/promises';
import { type Attributes, type Tracer, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usageSchema } from '#platform/contracts/events.ts';
import type { Deployment } from '../catalogue/catalogue.ts';
import { usageEvent } from '../records/usage-event.ts';
import {
  ableTo,
  aCall,
  aCatalogue,
  aDeployment,
  anAlias,
  aProvider,
  hello,
  readAll,
  testModels,
} from '../testing/build.ts';
import { answer, cut, FaultServer, failure, json } from '../testing/fault-server.ts';

let server: FaultServer;
beforeEach(async () => {
  server = await FaultServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const made = (more: Partial<Deployment> = {}) =>
  testModels(aCatalogue([anAlias('m', [aDeployment(server.url, more)])]));

describe('the record of a call', () => {
  it('has its cost as a decimal, frozen, with what the provider’s own cache saved', async () => {
    const usage = {
      prompt_tokens: 1_000,
      completion_tokens: 100,
      prompt_tokens_details: { cached_tokens: 600 },
      completion_tokens_details: { reasoning_tokens: 40 },
    };
    server.behave((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }] })}\n\n`,
      );
      response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
    });
    const { models, records } = made({
      price: { inputPerMillion: '0.15', cachedInputPerMillion: '0.075', outputPerMillion: '0.6' },
    });
    await readAll(models.chat(hello, aCall()));
    expect(records[0]).toMatchObject({
      cost: '0.000165',
      priceSource: 'llm.yaml',
      usage: { inputTokens: 1_000, cachedInputTokens: 600, outputTokens: 100, reasoningTokens: 40, estimated: false },
    });
  });

  it('takes prices from the table for well-known models, and says of which date', async () => {
    const provider = aProvider(server.url, { type: 'openai' });
    const { models, records } = made({ provider, model: 'gpt-4o-mini' });
    server.behave(answer('x', { usage: [1_000_000, 1_000] }));
    await readAll(models.chat(hello, aCall()));
    expect(records[0]).toMatchObject({
      cost: '0.1506',
      priceSource: expect.stringMatching(/genai-prices .*\(\d{4}-\d\d-\d\d\)/),
    });
  });

  it('leaves the cost open where no price is known, and is zero at a server of your own', async () => {
    const unknown = made();
    await readAll(unknown.models.chat(hello, aCall()));
    expect(unknown.records[0]?.cost).toBeUndefined();
    expect(usageEvent(unknown.records[0]!)?.payload).not.toHaveProperty('cost');
    const own = made({ provider: aProvider(server.url, { free: true }) });
    await readAll(own.models.chat(hello, aCall()));
    expect(own.records[0]?.cost).toBe('0');
  });

  it('times the first token, the whole and the speed', async () => {
    server.behave(answer(['a', 'b', 'c'], { delayMs: 50, usage: [10, 31] }));
    const { models, records } = made();
    // The reader takes its time after the first piece, and so does the call.
    for await (const part of models.chat(hello, aCall())) {
      if (part.type === 'text' && part.text.startsWith('a')) await sleep(62);
    }
    const record = records[0]!;
    expect(record.timeToFirstTokenMs).toBeGreaterThanOrEqual(48);
    const streamedMs = record.latencyMs - record.timeToFirstTokenMs!;
    expect(streamedMs).toBeGreaterThan(60);
    // Of the 31, the first came with the first piece.
    expect(record.tokensPerSecond).toBeCloseTo(30_000 / streamedMs, 1);
  });

  it.each([
    ['a reply', answer('x')],
    ['a broken reply', cut('x')],
    ['a refusal', failure(400, 'nope')],
  ])('of %s becomes an event that the others understand', async (_, behaviour) => {
    server.behave(behaviour);
    const { models, records } = made();
    await readAll(models.chat(hello, aCall({ conversationId: 'c', messageId: 'm', purpose: 'title' })));
    const event = usageEvent(records[0]!);
    expect(event?.type).toBe('llm.called');
    expect(usageSchema.safeParse(event?.payload).error).toBeUndefined();
    expect(event?.payload).toMatchObject({ operation: 'title', conversationId: 'c', model: 'm' });
  });

  it('of scores becomes theirs, and that of no user none', async () => {
    server.behave(json(200, { results: [{ index: 0, relevance_score: 0.5 }] }));
    const { models, records } = made({ capabilities: ableTo('rerank') });
    const request = { model: 'm', query: 'b', texts: ['a'] };
    await models.rerank(request, aCall());
    await models.rerank(request, aCall({ identity: { kind: 'service', service: 'memory' } }));
    expect(usageEvent(records[0]!)).toMatchObject({
      type: 'embedding.called',
      payload: { inputs: 1, operation: 'embeddings' },
    });
    expect(usageSchema.safeParse(usageEvent(records[0]!)?.payload).error).toBeUndefined();
    expect(usageEvent(records[1]!)).toBeUndefined();
  });

  it('that no caller takes fails nothing', async () => {
    const { models } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url)])]), {
      onRecord: () => {
        throw new Error('full');
      },
    });
    expect((await readAll(models.chat(hello, aCall()))).error).toBeUndefined();
  });

  it('is counted in metrics of the GenAI conventions, without users as labels', async () => {
    const { models, metrics } = made({ price: { inputPerMillion: '1000000', outputPerMillion: '0' } });
    await readAll(models.chat(hello, aCall()));
    const text = await metrics.metrics();
    expect(text).toContain(
      'gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="test",gen_ai_request_model="m",gen_ai_token_type="input"} 10',
    );
    expect(text).toMatch(/gen_ai_client_operation_duration_seconds_count\{.*outcome="ok".*\} 1/);
    expect(text).toContain(
      'sextant_llm_cost_dollars_total{gen_ai_operation_name="chat",gen_ai_provider_name="test",gen_ai_request_model="m"} 10',
    );
    expect(text).toContain('sextant_llm_calls_active{gen_ai_operation_name="chat"} 0');
    expect(text).not.toContain('u1');
  });

  it('is a span of the GenAI conventions, where tracing is on', async () => {
    const spans: { name: string; attributes: Attributes; ended: boolean }[] = [];
    const tracer = {
      startSpan(name: string) {
        const span = { name, attributes: {} as Attributes, ended: false };
        spans.push(span);
        return {
          isRecording: () => true,
          setAttributes: (attributes: Attributes) => Object.assign(span.attributes, attributes),
          setStatus: () => undefined,
          end: () => {
            span.ended = true;
          },
        };
      },
    };
    trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });
    try {
      const { models } = made();
      await readAll(models.chat(hello, aCall({ conversationId: 'c1' })));
    } finally {
      trace.disable();
    }
    expect(spans).toEqual([
      {
        name: 'chat m',
        ended: true,
        attributes: expect.objectContaining({
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'test',
          'gen_ai.request.model': 'm',
          'gen_ai.conversation.id': 'c1',
          'gen_ai.usage.input_tokens': 10,
          'gen_ai.response.finish_reasons': ['stop'],
        }),
      },
    ]);
    expect(JSON.stringify(spans)).not.toContain('Hello');
  });
});
