import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';

/** Settings whose values must not appear in an error message, a log or a listing. */
export const SECRET_SETTING = /(KEY|SECRET|PASSWORD|TOKEN)$|^JWT_SECRET_PREVIOUS$|^(DATABASE|REDIS|SMTP|POLICY)_URL$/;

/** What holds the path of a secret. `MTLS_KEY_FILE` is a setting of its own: the key stays in its file. */
const SECRET_FILE = /^(?!MTLS_)(.+)_FILE$/;

/**
 * Returns the variables that have a value, with the secrets that lie in files: `NAME_FILE` holds the path of a file
 * with the value of `NAME`, as Docker and Kubernetes mount secrets. Blanks at the end of a file do not count.
 *
 * @throws {ConfigError} when a file cannot be read or is empty, and when a secret is given both ways.
 */
export function withSecretFiles(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value) given[name] = value;
  for (const [name, file] of Object.entries(given)) {
    const secret = SECRET_FILE.exec(name)?.[1];
    if (secret === undefined || !SECRET_SETTING.test(secret)) continue;
    if (env[secret]) throw new ConfigError(`${secret} and ${name} are both set: set one of them.`);
    given[secret] = read(name, file);
  }
  return given;
}

function read(name: string, file: string): string {
  let value: string;
  try {
    value = readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${name} is ${JSON.stringify(file)}, which cannot be read (${code}).`);
  }
  if (value === '') throw new ConfigError(`${name} is ${JSON.stringify(file)}, which is empty.`);
  return value;
}
