import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { settings } from '#platform/base/config/settings.ts';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'deploy', 'kubernetes');

interface Probe {
  readonly httpGet?: { path: string; port: number; scheme?: string };
  readonly tcpSocket?: { port: number };
}
interface Container {
  readonly name: string;
  readonly args: string[];
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly startupProbe: Probe;
  readonly resources: { requests: Record<string, string>; limits: Record<string, string> };
  readonly ports?: { containerPort: number }[];
  readonly securityContext: Record<string, unknown>;
  readonly volumeMounts: { name: string; mountPath: string }[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { name: string; labels?: Record<string, string> };
  readonly spec: {
    template: {
      metadata?: { labels: Record<string, string> };
      spec: {
        automountServiceAccountToken?: boolean;
        securityContext: Record<string, unknown>;
        containers: Container[];
        volumes: { name: string }[];
      };
    };
    podSelector: {
      matchLabels?: Record<string, string>;
      matchExpressions?: { key: string; operator: 'NotIn'; values: string[] }[];
    };
    ingress?: { from?: unknown[]; ports: { port: number; endPort?: number }[] }[];
  };
}

const manifests = globSync('*.yaml', { cwd: folder }).flatMap((file) =>
  parseAllDocuments(readFileSync(path.join(folder, file), 'utf8')).map((document) => document.toJS() as Manifest),
);
const workloads = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');

/** What `add` of a JSON patch does, as kustomize does it. */
function addTo(manifest: unknown, { op, path: at, value }: { op: string; path: string; value: unknown }): void {
  expect(op).toBe('add');
  const keys = at
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop()!;
  const parent = keys.reduce((one, key) => (one as Record<string, unknown>)[key], manifest);
  if (Array.isArray(parent)) parent.push(value);
  else (parent as Record<string, unknown>)[last] = value;
}

describe('the Kubernetes manifests', () => {
  it.each(workloads.map((one) => [one.metadata.name, one] as const))(
    'run %s as no root, with nothing but /data and /tmp to write to, and without a token of the cluster',
    (_, { spec }) => {
      const pod = spec.template.spec;
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
        expect(mounts).toContain('/tmp');
        expect(mounts.filter((mount) => mount !== '/tmp' && mount !== '/data')).toEqual([]);
        for (const { name } of container.volumeMounts) expect(pod.volumes.map((one) => one.name)).toContain(name);
      }
    },
  );

  it('let everybody reach the gateway alone, and only one another reach the subgraphs', () => {
    for (const { metadata, spec } of workloads.filter(({ kind }) => kind === 'Deployment')) {
      const labels = spec.template.metadata!.labels;
      const selected = policies.filter(({ spec: { podSelector } }) => {
        const matches = Object.entries(podSelector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
        return (
          matches && (podSelector.matchExpressions ?? []).every(({ key, values }) => !values.includes(labels[key]!))
        );
      });
      expect(selected.map((one) => one.metadata.name)).toContain('nothing-comes-in');
      const port = spec.template.spec.containers[0]!.ports![0]!.containerPort;
      const rules = selected.flatMap((policy) => policy.spec.ingress ?? []);
      const open = rules.filter(
        ({ from, ports }) => !from && ports.some((one) => port >= one.port && port <= (one.endPort ?? one.port)),
      );
      expect([metadata.name, open.length]).toEqual([metadata.name, metadata.name === 'gateway' ? 1 : 0]);
      const known = rules.filter(
        ({ from, ports }) => from && ports.some((one) => port >= one.port && port <= (one.endPort ?? one.port)),
      );
      expect([metadata.name, known.length]).toEqual([metadata.name, metadata.name === 'gateway' ? 1 : 2]);
    }
  });

  it('ask each process where it listens, and let the gateway reach it there', () => {
    const { subgraphs } = parse(readFileSync(path.join(root, 'supergraph.compose.yaml'), 'utf8')) as {
      subgraphs: Record<string, { routing_url: string }>;
    };
    expect(deployments.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      ['gateway', ...Object.keys(subgraphs)].toSorted(),
    );
    for (const { metadata, spec } of deployments) {
      const [container] = spec.template.spec.containers;
      const port = container!.ports![0]!.containerPort;
      const asked = new URL(subgraphs[metadata.name]?.routing_url ?? 'http://gateway:4000');
      expect([asked.hostname, asked.port]).toEqual([metadata.name, String(port)]);
      expect(container!.args).toEqual(metadata.name === 'gateway' ? ['gateway'] : ['serve', metadata.name]);
      for (const probe of [container!.readinessProbe, container!.startupProbe])
        expect(probe.httpGet).toMatchObject({ path: '/ready', port });
      expect(container!.livenessProbe.tcpSocket).toEqual({ port });
      const service = manifests.find((one) => one.kind === 'Service' && one.metadata.name === metadata.name);
      expect(service?.spec).toMatchObject({ ports: [{ port, targetPort: port }] });
      for (const { memory } of Object.values(container!.resources)) expect(memory).toMatch(/Mi$/);
    }
  });

  it('name settings that there are', () => {
    const { data } = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
    expect(Object.keys(data).filter((name) => !Object.hasOwn(settings.shape, name))).toEqual([]);
  });

  it('give a drained node one replica of each at a time', () => {
    const budgets = manifests.filter(({ kind }) => kind === 'PodDisruptionBudget') as unknown as {
      spec: { maxUnavailable: number; selector: { matchLabels: Record<string, string> } };
    }[];
    for (const { spec } of deployments) {
      const own = budgets.filter(({ spec: { selector } }) =>
        Object.entries(selector.matchLabels).every(([key, value]) => spec.template.metadata!.labels[key] === value),
      );
      expect(own.map((one) => one.spec.maxUnavailable)).toEqual([1]);
    }
  });

  it('with mTLS probe the subgraphs over TLS, and every process has the files that its settings name', () => {
    const { patches } = parse(readFileSync(path.join(folder, 'mtls', 'kustomization.yaml'), 'utf8')) as {
      patches: { target: { kind: string; name?: string }; patch: string }[];
    };
    const patched = structuredClone(manifests);
    for (const { target, patch } of patches) {
      const chosen = patched.filter(
        ({ kind, metadata }) => kind === target.kind && new RegExp(`^(${target.name ?? '.*'})$`).test(metadata.name),
      );
      expect(chosen.length).toBeGreaterThan(0);
      for (const one of chosen) for (const change of parse(patch)) addTo(one, change);
    }
    const { data } = patched.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
    const files = Object.entries(data).filter(([name]) => name.startsWith('MTLS_'));
    expect(files.map(([name]) => name)).toEqual(['MTLS_CERT_FILE', 'MTLS_KEY_FILE', 'MTLS_CA_FILE']);
    for (const { kind, metadata, spec } of patched) {
      if (kind !== 'Deployment') continue;
      const [container] = spec.template.spec.containers;
      const folders = container!.volumeMounts.map(({ mountPath }) => mountPath);
      for (const [, file] of files) expect(folders).toContain(path.posix.dirname(file));
      for (const probe of [container!.readinessProbe, container!.startupProbe])
        expect(probe.httpGet?.scheme).toBe(metadata.name === 'gateway' ? undefined : 'HTTPS');
    }
  });

  it('share no store of vectors on a volume: Weaviate is set', () => {
    const { data } = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
    expect(data['WEAVIATE_URL']).toMatch(/^http/);
  });

  it('name the migration after the release, because a job cannot be changed', () => {
    const job = workloads.find(({ kind }) => kind === 'Job')!;
    const { replacements } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8')) as {
      replacements: {
        source: object;
        targets: { fieldPaths: string[]; options: { delimiter: string; index: number } }[];
      }[];
    };
    const { fieldPaths, options } = replacements[0]!.targets[0]!;
    expect(fieldPaths).toEqual(['metadata.name']);
    expect(job.metadata.name.split(options.delimiter)[options.index]).toBe('release');
  });

  it('are all put together by kustomize', () => {
    const { resources } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8')) as {
      resources: string[];
    };
    expect(resources.toSorted()).toEqual(
      globSync('*.yaml', { cwd: folder })
        .filter((file) => file !== 'kustomization.yaml')
        .toSorted(),
    );
  });
});

/** Bytes of `768m`, `1g`, `512mb`, `1750MiB` or `640Mi`. */
function bytesOf(size: string): number {
  const [, number, unit] = /^(\d+)([mg])(?:i?b?)$/i.exec(size)!;
  return Number(number) * (unit!.toLowerCase() === 'g' ? 1024 ** 3 : 1024 ** 2);
}

/** The default of `${NAME:-default}`, or the text itself. */
const defaultOf = (text: string): string => /^\$\{\w+:-([^}]*)\}$/.exec(text)?.[1] ?? text;

describe('docker-compose.yml', () => {
  const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');

  it('limits the memory of every container, to what Kubernetes gives and twice what was measured', () => {
    const { services } = parse(text, { merge: true }) as { services: Record<string, { mem_limit?: string }> };
    const rows = readFileSync(path.join(root, 'docs', 'operations.md'), 'utf8').matchAll(
      /^\| (\w+) \| (\d+)[^|]*\| (\d+) \| (\d+)[^|]*\| 100 \|$/gm,
    );
    const measured = new Map([...rows].map(([, name, ...figures]) => [name!, Math.max(...figures.map(Number))]));
    expect([...measured.keys()].toSorted()).toEqual(deployments.map(({ metadata }) => metadata.name).toSorted());
    for (const [name, { mem_limit }] of Object.entries(services)) {
      expect([name, mem_limit]).toEqual([name, expect.any(String)]);
      const limit = bytesOf(defaultOf(mem_limit!));
      const deployment = deployments.find(({ metadata }) => metadata.name === name);
      if (!deployment) continue;
      const [container] = deployment.spec.template.spec.containers;
      expect([name, limit]).toEqual([name, bytesOf(container!.resources.limits['memory']!)]);
      expect([name, limit]).toEqual([
        name,
        expect.toSatisfy((bytes: number) => bytes >= 2 * measured.get(name)! * 1024 ** 2),
      ]);
    }
  });

  it('lets Redis refuse, and Weaviate slow down, before the kernel ends them', () => {
    const { services } = parse(text, { merge: true }) as {
      services: Record<string, { mem_limit: string; command?: string; environment?: Record<string, string> }>;
    };
    const { redis, weaviate } = services;
    const most = /--maxmemory (\S+)$/.exec(redis!.command!)![1]!;
    expect(bytesOf(defaultOf(redis!.mem_limit))).toBeGreaterThanOrEqual(2 * bytesOf(defaultOf(most)));
    expect(bytesOf(defaultOf(weaviate!.environment!['GOMEMLIMIT']!))).toBeLessThan(
      bytesOf(defaultOf(weaviate!.mem_limit)),
    );
  });

  it('has no secret of its own: each must be set', () => {
    for (const [variable] of text.matchAll(/\$\{[^}]*(?:SECRET|PASSWORD|KEY)[^}]*\}/g))
      expect(variable).toMatch(/^\$\{[A-Z_]+(:\?[^}]+|:-)\}$/);
    expect(text).toMatch(/\$\{POSTGRES_PASSWORD:\?/);
    expect(text).not.toMatch(/postgresql:\/\/[^@$/]+:[^@$]+@/);
  });

  it('gives the product every setting that stands in .env, and not the password of the administrator of Postgres', () => {
    const { services } = parse(text, { merge: true }) as {
      services: Record<string, { image?: string; env_file?: object[]; environment: Record<string, string | number> }>;
    };
    for (const { image, env_file, environment } of Object.values(services)) {
      if (image !== 'sextant') continue;
      expect(env_file).toEqual([{ path: '.env', required: false }]);
      expect(environment['POSTGRES_PASSWORD']).toBe('');
      // What is empty here would hide what .env says.
      const hidden = Object.entries(environment).filter(([, value]) => /^\$\{\w+(:?-)?\}$/.test(String(value)));
      expect(hidden).toEqual([]);
    }
  });

  it('asks each container for the health of what runs in it', () => {
    const { services } = parse(text, { merge: true }) as {
      services: Record<string, { command: string; healthcheck?: { test: string[] } }>;
    };
    for (const [name, { command, healthcheck }] of Object.entries(services)) {
      const [, subgraph] = /^serve (\w+)$/.exec(command ?? '') ?? [];
      if (subgraph === undefined) continue;
      expect([name, healthcheck?.test]).toEqual([name, ['CMD', 'node', 'cli/sextant.js', 'health', subgraph]]);
    }
  });

  it('runs Sextant without capabilities, on a read-only file system', () => {
    const { services } = parse(text, { merge: true }) as { services: Record<string, Record<string, unknown>> };
    const own = Object.values(services).filter(({ image }) => image === 'sextant');
    expect(own).toHaveLength(8);
    for (const service of own) {
      expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
    }
  });
});
