import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { parseCatalogue } from './file.ts';
import { openCatalogue } from './source.ts';

const minimal = (model = 'gpt-4o-mini') => `
providers: { p: { type: openai, api_key: "\${KEY:-none}" } }
deployments: { d: { provider: p, model: ${model} } }
models: { main: { deployments: [d] } }
`;
const refusal = async (text: string, env = {}) => {
  try {
    await parseCatalogue(text, env, 1_000);
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('llm.yaml', () => {
  it('is explained by an example that is itself right', async () => {
    const text = await readFile(new URL('../../llm.example.yaml', import.meta.url), 'utf8');
    const catalogue = await parseCatalogue(text, {}, 120_000);
    expect([...catalogue.aliases.keys()]).toEqual(['smart', 'fast', 'long', 'local', 'faq', 'embed', 'rank', 'paint']);
    expect(catalogue.defaults).toEqual({ chat: 'smart', embeddings: 'embed', images: 'paint', rerank: 'rank' });
    expect(catalogue.deployments.get('claude-1')?.provider).toMatchObject({
      api: 'native',
      baseUrl: 'https://api.anthropic.com',
    });
    expect(catalogue.limits.user?.budget).toEqual({ amount: '5.00', per: 'month' });
    expect(catalogue.deployments.get('desk-llama')).toMatchObject({ contextWindow: 8192, provider: { free: true } });
  });

  it('knows window and capabilities of well-known models, and takes keys from the environment', async () => {
    const catalogue = await parseCatalogue(minimal(), { KEY: 'sk-1' }, 1_000);
    const deployment = catalogue.deployments.get('d');
    expect(deployment).toMatchObject({ contextWindow: 128_000, maxOutputTokens: 16_384, provider: { keys: ['sk-1'] } });
    expect(deployment?.capabilities).toMatchObject({ chat: true, vision: true, tools: true });
  });

  it('says where a mistake is and what is allowed', async () => {
    expect(await refusal('providers: [')).toContain('cannot be read');
    expect(await refusal(minimal().replace('openai', 'opnai'))).toMatch(/providers\.p\.type: .*"openai"/);
    expect(await refusal(minimal().replace('deployments: [d]', 'deployments: [x]'))).toContain(
      'models.main.deployments: there is no deployment x',
    );
    expect(await refusal(`${minimal()}default: nope`)).toContain('default: there is no model nope');
    expect(await refusal(minimal().replace('model:', 'modle:'))).toContain('modle');
    expect(await refusal(minimal().replace('KEY:-none', 'NOT_SET'))).toContain(
      '{NOT_SET}, which the environment does not set',
    );
    expect(await refusal(minimal().replace('type: openai', 'type: openai, api: native'))).toContain(
      'providers.p.api: native is for the types anthropic and gemini',
    );
    expect(
      await refusal(minimal('gemini-embedding-001').replace('type: openai', 'type: gemini, api: native')),
    ).toContain('api: native, which is not for embeddings');
    expect(await refusal('providers: { p: { type: azure } }\ndeployments: {}\nmodels: {}')).toContain('api_version');
  });

  it('is read again when it changes, and a wrong version never replaces a right one', async () => {
    const file = path.join(os.tmpdir(), `llm-${process.pid}-${Date.now()}.yaml`);
    await writeFile(file, minimal('first'));
    const source = openCatalogue({
      config: loadConfig({ LLM_CONFIG: file }),
      log: pino({ level: 'silent' }),
      watchMs: 20,
    });
    const model = async () => (await source.current()).deployments.get('d')?.model;
    expect(await model()).toBe('first');
    await writeFile(file, minimal('second-model'));
    await expect.poll(model).toBe('second-model');
    await writeFile(file, 'models: broken');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await model()).toBe('second-model');
    source.close();
  });

  it('that is wrong from the start is an error of the call, not of the start', async () => {
    const file = path.join(os.tmpdir(), `llm-bad-${process.pid}-${Date.now()}.yaml`);
    await writeFile(file, 'models: broken');
    const source = openCatalogue({
      config: loadConfig({ LLM_CONFIG: file }),
      log: pino({ level: 'silent' }),
    });
    await expect(source.current()).rejects.toMatchObject({ extensions: { code: 'NOT_CONFIGURED' } });
    source.close();
  });
});
