// What the development tools work with and is not committed: the types of the Prisma clients (what runs of them is
// committed), and the template of the embedded database, which tests and bundles start from.
import path from 'node:path';
import { buildTemplate } from '#platform/data/database/template.ts';
import { generateClients } from './artefacts/prisma-clients.ts';

const root = path.dirname(import.meta.dirname);
await generateClients(root);
await buildTemplate(root);
