import type { z } from 'zod';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import {
  type findPeopleAnswer,
  findPeopleRequest,
  type inviteByMailAnswer,
  inviteByMailRequest,
  PEOPLE_ROUTES,
} from '#platform/contracts/people.ts';
import type { Route } from '#platform/host/definition.ts';
import { requireService } from '#platform/host/require-service.ts';
import { SYSTEM } from './actor.ts';
import { parseEmail } from './email.ts';
import { conversationInvitationMail } from './mail/mails.ts';
import type { AuthParts } from './parts.ts';

const MAX_BODY_BYTES = 128 * 1024;

/** Creates the routes by which other subgraphs find people whom they know by id, and write to addresses. */
export const peopleRoutes = (parts: AuthParts): Route[] => [
  {
    method: 'POST',
    path: PEOPLE_ROUTES.find,
    maxBodyBytes: MAX_BODY_BYTES,
    async handle(request, call) {
      requireService(call);
      const { ids, search, limit } = await read(request, findPeopleRequest);
      const found = await parts.db.user.findMany({
        where: {
          id: { in: ids },
          disabledAt: null,
          // Prisma passes % and _ on as wildcards: here they mean themselves.
          displayName: { contains: search.replaceAll(/[\\%_]/g, '\\$&'), mode: 'insensitive' },
        },
        orderBy: [{ displayName: 'asc' }, { id: 'asc' }],
        take: limit,
        select: { id: true },
      });
      return Response.json({ ids: found.map(({ id }) => id) } satisfies z.input<typeof findPeopleAnswer>);
    },
  },
  {
    method: 'POST',
    path: PEOPLE_ROUTES.invite,
    maxBodyBytes: MAX_BODY_BYTES,
    async handle(request, call) {
      requireService(call);
      const outcome = await inviteByMail(parts, await read(request, inviteByMailRequest));
      return Response.json({ outcome } satisfies z.input<typeof inviteByMailAnswer>);
    },
  },
];

/** Writes to an address, whether it has an account or not: the one who invites learns nothing of that. */
async function inviteByMail(
  parts: AuthParts,
  { email: given, url, invitedById, lifeMs }: z.output<typeof inviteByMailRequest>,
): Promise<z.input<typeof inviteByMailAnswer>['outcome']> {
  let email: string;
  try {
    parts.mail.requireDestination('send a link of createInvitationLink yourself.');
    email = parseEmail(given, 'input.email');
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return error.code === 'NOT_CONFIGURED' ? 'not configured' : 'no address';
  }
  const mayWrite = await parts.limits.mayWriteTo(email, 'invitation', SYSTEM);
  await parts.changes.run(SYSTEM, async (change) => {
    const inviter = await change.tx.user.findUnique({ where: { id: invitedById }, select: { displayName: true } });
    const letter = conversationInvitationMail(inviter?.displayName ?? 'A person', url);
    await parts.mail.add(change.tx, { to: mayWrite ? email : null, ...letter }, lifeMs, invitedById);
  });
  return 'accepted';
}

async function read<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
  const asked = schema.safeParse(await request.json().catch(() => undefined));
  if (!asked.success) throw badInput('body', 'is not what this route takes.');
  return asked.data;
}
