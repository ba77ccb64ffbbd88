import { badInput } from '#platform/base/errors/errors.ts';
import type { ViewerNoticeKind } from '#prisma/chat/client/client.ts';
import type { ChatParts, Database, Transaction } from '../parts.ts';

/** How long it is known that a conversation is gone, in days: a reader who was away for longer reads all again. */
const KEEP_DAYS = 30;
/** Most changes that are told one by one. */
const MAX_CHANGES = 100;

/** The news of a user since their cursor, all at once: a cut leaves no half of it. */
export interface ViewerEvent {
  readonly cursor: string;
  /** Whether more has happened than is told: the lists have to be read again. */
  readonly reset: boolean;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly gone: readonly string[];
  readonly invitations: boolean;
  readonly folders: boolean;
}

/** A moment in the history of the database: all that a snapshot saw. */
interface Moment {
  /** The installation of the database; another one numbers transactions otherwise. */
  readonly database: string;
  readonly snapshot: string;
  readonly at: number;
}

/**
 * Yields what is new to a user: first, and at once, since `after` or nothing, then as it happens. Each event is what
 * the snapshot of the one before did not see, whatever the order in which transactions were committed: nothing is lost
 * and nothing comes twice.
 *
 * @throws {CodedError} BAD_USER_INPUT for a cursor that is none.
 */
export async function* viewerEvents(
  { db, viewers }: ChatParts,
  userId: string,
  after: string | null | undefined,
  signal: AbortSignal,
): AsyncGenerator<ViewerEvent, void> {
  let place = after == null ? undefined : decodeMoment(after);
  let isFirst = true;
  for await (const _ of await viewers.read(userId, signal)) {
    const { now, ...news } = await since(db, userId, place, isFirst && after != null);
    place = now;
    const isEmpty = Object.values(news).every((told) => told === false || (Array.isArray(told) && told.length === 0));
    if (isFirst || !isEmpty) yield { cursor: encodeMoment(now), ...news };
    isFirst = false;
  }
}

interface Row {
  database: string;
  snapshot: string;
  at: Date;
  changes: { what: 'added' | 'changed' | ViewerNoticeKind; id: string }[];
}

async function since(db: Database, userId: string, place: Moment | undefined, isResumed: boolean) {
  const nothing = { reset: false, added: [], changed: [], gone: [], invitations: false, folders: false };
  const seen = place?.snapshot ?? null;
  const [row] = await db.$queryRaw<Row[]>`
    WITH news AS (
      SELECT CASE WHEN pg_visible_in_snapshot(added, ${seen}::pg_snapshot) THEN 'changed' ELSE 'added' END AS what,
        conversation_id AS id, changed
      FROM participants
      WHERE user_id = ${userId}::uuid AND changed >= pg_snapshot_xmin(${seen}::pg_snapshot)
        AND NOT pg_visible_in_snapshot(changed, ${seen}::pg_snapshot)
      UNION ALL
      SELECT kind::text, about_id, changed FROM viewer_notices
      WHERE user_id = ${userId}::uuid AND changed >= pg_snapshot_xmin(${seen}::pg_snapshot)
        AND NOT pg_visible_in_snapshot(changed, ${seen}::pg_snapshot)
      ORDER BY changed, id LIMIT ${MAX_CHANGES + 1}
    )
    SELECT system_identifier::text AS database, pg_current_snapshot()::text AS snapshot, now() AS at,
      (SELECT coalesce(json_agg(json_build_object('what', what, 'id', id)), '[]') FROM news) AS changes
    FROM pg_control_system()`;
  const { database, snapshot, at, changes } = row!;
  const now: Moment = { database, snapshot, at: at.getTime() };
  if (!place) return { now, ...nothing };
  const isStrange =
    isResumed && (place.database !== database || now.at - place.at > KEEP_DAYS * 86_400_000 || isAhead(place, now));
  if (isStrange || changes.length > MAX_CHANGES) return { now, ...nothing, reset: true };
  const of = (what: Row['changes'][number]['what']) =>
    changes.filter((change) => change.what === what).map(({ id }) => id);
  const [added, changed] = [of('added'), of('changed')];
  const here = new Set([...added, ...changed]);
  return {
    now,
    reset: false,
    added,
    changed,
    gone: of('GONE').filter((id) => !here.has(id)),
    invitations: changes.some(({ what }) => what === 'INVITATION'),
    folders: changes.some(({ what }) => what === 'FOLDERS'),
  };
}

/** Notes for users what no row of theirs tells any more, in the transaction of the change. */
export async function noteForViewers(
  tx: Transaction | Database,
  kind: ViewerNoticeKind,
  notices: readonly { readonly userId: string; readonly conversationId: string }[],
): Promise<void> {
  if (notices.length === 0) return;
  await tx.$executeRaw`
    WITH old AS (DELETE FROM viewer_notices WHERE at < now() - ${KEEP_DAYS}::int * interval '1 day')
    INSERT INTO viewer_notices (user_id, about_id, kind)
    SELECT DISTINCT user_id, about_id, ${kind}::"ViewerNoticeKind"
    FROM unnest(${notices.map(({ userId }) => userId)}::uuid[], ${notices.map((one) => one.conversationId)}::uuid[])
      AS noted(user_id, about_id)
    ON CONFLICT (user_id, about_id, kind) DO UPDATE SET at = now()`;
}

const SNAPSHOT = /^([1-9]\d{0,18}):([1-9]\d{0,18}):((?:[1-9]\d{0,18},)*[1-9]\d{0,18})?$/;
const MAX_CURSOR = 20_000;

const encodeMoment = ({ database, snapshot, at }: Moment): string =>
  Buffer.from(JSON.stringify(['viewer', database, snapshot, at])).toString('base64url');

/** @throws {CodedError} BAD_USER_INPUT. */
function decodeMoment(cursor: string): Moment {
  const wrong = () => badInput('after', 'is not a cursor of viewerEvents: take the `cursor` of an event.');
  if (cursor.length > MAX_CURSOR) throw wrong();
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw wrong();
  }
  if (!Array.isArray(value) || value.length !== 4 || value[0] !== 'viewer') throw wrong();
  const [, database, snapshot, at] = value as unknown[];
  if (typeof database !== 'string' || typeof snapshot !== 'string' || typeof at !== 'number') throw wrong();
  if (!isSnapshot(snapshot)) throw wrong();
  return { database, snapshot, at };
}

/** Whether Postgres takes a text for a snapshot: what it did not see stands between its two ends, in order. */
function isSnapshot(text: string): boolean {
  const parts = SNAPSHOT.exec(text);
  if (!parts) return false;
  const [xmin, xmax] = [BigInt(parts[1]!), BigInt(parts[2]!)];
  const open = (parts[3] ?? '').split(',').filter(Boolean).map(BigInt);
  return (
    xmin <= xmax && open.every((xid, index) => xid >= xmin && xid < xmax && (index === 0 || xid > open[index - 1]!))
  );
}

/** Whether a place lies after now, as after a restored database. */
const isAhead = (place: Moment, now: Moment): boolean => xmaxOf(place) > xmaxOf(now);

const xmaxOf = ({ snapshot }: Moment): bigint => BigInt(snapshot.split(':')[1]!);
