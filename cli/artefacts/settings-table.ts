import { z } from 'zod';
import { settings } from '#platform/base/config/settings.ts';

export interface SettingRow {
  readonly name: string;
  /** What it is when it is not set; empty for none. */
  readonly fallback: string;
  readonly description: string;
}

/** Returns every setting with its default and description, in the order in which they are defined. */
export function settingRows(): SettingRow[] {
  const defaults = settings.parse({});
  return Object.entries(settings.shape).map(([name, schema]) => ({
    name,
    fallback: shown((defaults as Record<string, unknown>)[name]),
    description: z.globalRegistry.get(schema)?.description ?? '',
  }));
}

const shown = (value: unknown): string =>
  value === undefined ? '' : Array.isArray(value) ? value.join(',') : String(value);

/** Returns docs/configuration.md. */
export function settingsPage(): string {
  const rows = settingRows().map(
    ({ name, fallback, description }) => `| \`${name}\` | ${fallback && `\`${fallback}\``} | ${description} |`,
  );
  return `# Configuration

Every setting is an environment variable. A wrong value stops the start with one line that names the variable, what was
given and what is allowed. An empty variable counts as unset. A secret (a name that ends in KEY, SECRET, PASSWORD or TOKEN, and
the URLs of Postgres, Redis, the mail server and the policy server) may lie in a file, as Docker and Kubernetes mount them:
\`JWT_SECRET_FILE=/run/secrets/jwt\` instead of \`JWT_SECRET\`; so may what \`llm.yaml\` names by \`\${NAME}\`. This page is generated from \`platform/base/config/settings.ts\`
by \`npm run codegen\`; \`sextant doctor\` shows what is in force on a machine.

| variable | default | what it is for |
|---|---|---|
${rows.join('\n')}
`;
}
