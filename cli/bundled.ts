// The bundle's entry. What V8 compiled at an earlier start is used again, if the folder can be written to.
import { enableCompileCache } from 'node:module';
import path from 'node:path';

enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? path.join(import.meta.dirname, 'compiled'));
await import('./sextant.ts');
