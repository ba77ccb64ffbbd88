// One Prisma project an owner: `SUBGRAPH=chat npm run prisma -- migrate dev --name add_rooms`.
import path from 'node:path';
import { defineConfig } from 'prisma-cli/config';

const owner = process.env['SUBGRAPH'] ?? 'auth';
// The schema engine from npm instead of a download; set the variable to use Prisma's native one.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= path.join(import.meta.dirname, 'prisma/schema-engine.mjs');
process.env['CHECKPOINT_DISABLE'] ??= '1';

const url = new URL(process.env['DATABASE_URL'] || 'postgresql://postgres@in-memory/sextant');
url.searchParams.set('schema', owner);

export default defineConfig({
  schema: `prisma/${owner}/schema.prisma`,
  migrations: { path: `prisma/${owner}/migrations` },
  datasource: { url: url.href },
});
