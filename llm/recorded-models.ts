import type { Fact, Outbox } from '#platform/data/outbox/outbox.ts';
import type { Platform } from '#platform/host/platform.ts';
import type { RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import type { Models } from './models.ts';
import { openModels } from './open-models.ts';
import { CallRecords } from './records/call-records.ts';
import type { LlmCallRecord } from './records/record.ts';
import { usageEvent } from './records/usage-event.ts';

/**
 * Opens the language models for a subgraph: each call becomes an event in the outbox of the subgraph. Closed with the
 * subgraph.
 *
 * @param options.recordsItself whether the subgraph records a call on its own, in a transaction with what the call
 * made.
 */
export async function openRecordedModels(
  platform: Platform,
  { outbox }: { readonly outbox: Outbox },
  options: { readonly embedders: RecordedEmbedders; readonly recordsItself?: (record: LlmCallRecord) => boolean },
): Promise<Models> {
  const { embedders, recordsItself } = options;
  const records = platform.lifecycle.use(new CallRecords((events) => outbox.recordAlone(events as readonly Fact[])));
  const models = await openModels(platform, {
    embedders,
    async onRecord(record) {
      const event = recordsItself?.(record) ? undefined : usageEvent(record);
      if (event) await records.add(event);
    },
  });
  platform.lifecycle.defer(() => models.close());
  return models;
}
