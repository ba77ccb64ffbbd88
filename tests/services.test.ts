import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subscribe, TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import { type RunningGraph, SUBGRAPHS } from './testing/sextant.ts';

const ADMIN = { email: 'admin@example.org', password: 'a star above the horizon' };
const FIELDS = `missing traceUrl nodes {
  service isTraced runs version nodeVersion status unavailable eventLoopDelayMs memoryBytes subscriptions checks { name isUp } }`;

interface Process {
  readonly service: string;
  readonly runs: readonly string[];
  readonly version: string;
  readonly status: string;
  readonly memoryBytes: number;
  readonly subscriptions: number;
  readonly checks: readonly { readonly name: string; readonly isUp: boolean }[];
}
interface Services {
  readonly missing: readonly string[];
  readonly traceUrl: string | null;
  readonly nodes: readonly Process[];
}

describe.each(MODES)('the processes of the product, %s', (_title, skipped, start) => {
  describe.skipIf(skipped)('', () => {
    const lifecycle = new AsyncDisposableStack();
    let graph: RunningGraph;
    let admin: TestUser;
    beforeAll(async () => {
      graph = await start(
        {
          ADMIN_EMAIL: ADMIN.email,
          ADMIN_PASSWORD: ADMIN.password,
          TRACE_URL: 'https://traces.example.org/{traceId}',
        },
        lifecycle,
      );
      admin = new TestUser(graph.url, ADMIN.email, ADMIN.password);
      await admin.signIn();
    }, 120_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    const services = async () => {
      const { data, errors } = await admin.send<{ services: Services }, object>(`{ services { ${FIELDS} } }`);
      expect(errors).toBeUndefined();
      return data!.services;
    };

    it('are told to administrators, each with what it runs and depends on', async () => {
      const { nodes, missing, traceUrl } = await services();
      expect([missing, traceUrl]).toEqual([[], 'https://traces.example.org/{traceId}']);
      expect(nodes.flatMap(({ runs }) => runs).sort()).toEqual(['gateway', ...SUBGRAPHS].sort());
      for (const node of nodes) {
        expect(node).toMatchObject({
          status: 'HEALTHY',
          isTraced: false,
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        });
        expect(node.memoryBytes).toBeGreaterThan(10e6);
        expect(node.checks.length).toBeGreaterThan(0);
        expect(node.checks.filter(({ isUp }) => !isUp)).toEqual([]);
      }
    });

    it('are not the business of another user', async () => {
      const user = await TestUser.signUp(graph.url);
      const { data, errors } = await user.send<{ services: null }, object>('{ services { missing } }');
      expect(data?.services ?? null).toBeNull();
      expect(errors?.[0]?.extensions?.['code']).toBe('FORBIDDEN');
    });

    it('can be followed: the follower is among what the gateway counts, and a process that dies is seen to be silent', async () => {
      const socket = admin.socket();
      lifecycle.defer(() => socket.dispose());
      const followed: TypedDocumentNode<{ servicesStatus: Services }, Record<string, never>> = parse(
        `subscription { servicesStatus { ${FIELDS} } }`,
      );
      const seen = subscribe(socket, followed, {});
      const next = async () => ((await seen.next()).value as { servicesStatus: Services }).servicesStatus;
      expect((await next()).missing).toEqual([]);
      const vision = graph.processes.get('vision');
      await vision?.kill();
      let last = await next();
      if (vision) {
        while (last.missing.length === 0) last = await next();
        expect(last.missing).toEqual(['vision']);
        expect(last.nodes.find(({ service }) => service === 'vision')).toMatchObject({ status: 'SILENT' });
      }
      const gateway = last.nodes.find(({ runs }) => runs.includes('gateway'))!;
      expect(gateway.subscriptions).toBeGreaterThan(0);
      await seen.return?.();
    }, 60_000);
  });
});
