import path from 'node:path';
import { availableMemoryMb } from './available-memory.ts';
import { ConfigError } from './config-error.ts';
import { SECRET_SETTING, withSecretFiles } from './secret-files.ts';
import { isWeakSecret } from './secret-strength.ts';
import { type Settings, settings } from './settings.ts';

/** The settings that the product reads from its environment, parsed once at the start of a process. */
export interface Config extends Settings {
  /** Absolute path of the folder that holds supergraph.yaml, prisma/ and the schemas. */
  readonly root: string;
  /**
   * Absolute path of the folder that relative paths of settings begin at: `root`, or where the command was called when
   * the product is an installed package, whose folder is npm's.
   */
  readonly home: string;
  /** Absolute path of SEXTANT_DIR. */
  readonly dataDir: string;
  /** REDIS_URL, or what REDIS_ADDR means. */
  readonly redisUrl: string | undefined;
  /** WEAVIATE_URL, or what VECTOR_DB_ENDPOINT means. */
  readonly weaviateUrl: string | undefined;
  /** Browser-facing URL of the gateway, without a trailing slash. */
  readonly publicUrl: string;
  /** Memory that this process may use, in MiB: MEMORY_MB, or what its container or the machine has. */
  readonly memoryMb: number;
  readonly production: boolean;
}

/**
 * Parses the environment.
 *
 * A secret may lie in a file: `JWT_SECRET_FILE` is the path of one that holds `JWT_SECRET`.
 *
 * @throws {ConfigError} naming every wrong variable, what was given (secrets are not repeated) and what is allowed.
 */
export function loadConfig(env: Record<string, string | undefined> = process.env, root = process.cwd()): Config {
  const given = withSecretFiles(env);
  // Parsed once: a parser of its own, as code that is made, takes longer than it saves.
  const parsed = settings.safeParse(given, { jitless: true });
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const shown = SECRET_SETTING.test(name) ? 'a value that is not repeated here' : JSON.stringify(given[name]);
      return `${name} is ${shown}; allowed: ${issue.message}.`;
    });
    throw new ConfigError([...new Set(lines)].join('\n'));
  }
  const values = parsed.data;
  if ((values.ADMIN_EMAIL === undefined) !== (values.ADMIN_PASSWORD === undefined)) {
    throw new ConfigError(
      'ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both, or neither for the one-time link.',
    );
  }
  for (const name of ['JWT_SECRET', 'JWT_SECRET_PREVIOUS'] as const) {
    const secret = values[name];
    if (values.NODE_ENV !== 'production' || secret === undefined || !isWeakSecret(secret)) continue;
    throw new ConfigError(
      `${name} is easy to guess: it repeats itself, counts, or is a placeholder. In production it must be random: \`openssl rand -hex 32\` makes one.`,
    );
  }
  if (values.JWT_SECRET_PREVIOUS !== undefined && values.JWT_SECRET === undefined) {
    throw new ConfigError('JWT_SECRET_PREVIOUS is accepted beside JWT_SECRET: set that as well.');
  }
  const mtls = [values.MTLS_CERT_FILE, values.MTLS_KEY_FILE, values.MTLS_CA_FILE];
  if (mtls.some(Boolean) && !mtls.every(Boolean)) {
    throw new ConfigError('MTLS_CERT_FILE, MTLS_KEY_FILE and MTLS_CA_FILE belong together: set all three, or none.');
  }
  if ((values.TLS_CERT_FILE === undefined) !== (values.TLS_KEY_FILE === undefined)) {
    throw new ConfigError('TLS_CERT_FILE and TLS_KEY_FILE belong together: set both, or neither for plain HTTP.');
  }
  if ((values.BLOBS_S3_ACCESS_KEY_ID === undefined) !== (values.BLOBS_S3_SECRET_ACCESS_KEY === undefined)) {
    throw new ConfigError(
      'BLOBS_S3_ACCESS_KEY_ID and BLOBS_S3_SECRET_ACCESS_KEY belong together: set both, or neither for what the AWS SDK finds.',
    );
  }
  if (values.BLOBS_S3_KMS_KEY_ID !== undefined && values.BLOBS_S3_ENCRYPTION !== 'aws:kms') {
    throw new ConfigError('BLOBS_S3_KMS_KEY_ID is for BLOBS_S3_ENCRYPTION=aws:kms: set that as well, or neither.');
  }
  const home = root.split(path.sep).includes('node_modules') ? process.cwd() : root;
  return Object.freeze({
    ...values,
    root,
    home,
    dataDir: path.resolve(home, values.SEXTANT_DIR),
    redisUrl: values.REDIS_URL ?? values.REDIS_ADDR,
    weaviateUrl: values.WEAVIATE_URL ?? values.VECTOR_DB_ENDPOINT,
    publicUrl: (values.PUBLIC_URL ?? `${values.TLS_CERT_FILE ? 'https' : 'http'}://localhost:${values.PORT}`).replace(
      /\/+$/,
      '',
    ),
    memoryMb: values.MEMORY_MB ?? availableMemoryMb(),
    production: values.NODE_ENV === 'production',
  });
}
