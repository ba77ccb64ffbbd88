// Joins the group of HELD_GROUP, then becomes the program of HELD_PROGRAM: nothing that it uses is outside.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { HELD_GROUP: group = '', HELD_PROGRAM: program = '' } = process.env;
writeFileSync(path.join(group, 'cgroup.procs'), String(process.pid));
await import(pathToFileURL(program).href);
