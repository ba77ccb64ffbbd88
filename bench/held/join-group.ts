// Loaded before a program that is weighed: joins the group of HELD_GROUP, so that nothing that it uses is outside.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) writeFileSync(path.join(process.env['HELD_GROUP'] ?? '', 'cgroup.procs'), String(process.pid));
