import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'deploy', 'kubernetes');

interface Container {
  readonly name: string;
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
const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');

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

  it('share no store of vectors on a volume: Weaviate is set', () => {
    const settings = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
    expect(settings.data['WEAVIATE_URL']).toMatch(/^http/);
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

describe('docker-compose.yml', () => {
  const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');

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
