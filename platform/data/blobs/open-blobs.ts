import path from 'node:path';
import type { Config } from '../../base/config/config.ts';
import type { Logger } from '../../base/log/log.ts';
import type { BlobStore } from './blob-store.ts';

/** Opens the store of blobs: the bucket of BLOBS_S3_BUCKET, or a folder in SEXTANT_DIR. Loads what it opens alone. */
export async function openBlobs(config: Config, log: Logger): Promise<BlobStore> {
  if (config.BLOBS_S3_BUCKET === undefined) {
    const { FolderBlobStore } = await import('./folder-blob-store.ts');
    return FolderBlobStore.open(path.join(config.dataDir, 'blobs'));
  }
  const { S3BlobStore } = await import('./s3-blob-store.ts');
  const { BLOBS_S3_ACCESS_KEY_ID: accessKeyId, BLOBS_S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  const store = new S3BlobStore({
    bucket: config.BLOBS_S3_BUCKET,
    region: config.BLOBS_S3_REGION,
    endpoint: config.BLOBS_S3_ENDPOINT,
    prefix: config.BLOBS_S3_PREFIX ?? '',
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
    pathStyle: config.BLOBS_S3_PATH_STYLE,
    encryption: config.BLOBS_S3_ENCRYPTION && {
      algorithm: config.BLOBS_S3_ENCRYPTION,
      kmsKeyId: config.BLOBS_S3_KMS_KEY_ID,
    },
    direct: config.BLOBS_S3_DIRECT,
  });
  // A start does not wait for the bucket: /health says whether it answers.
  store.endAbandoned().then(
    (ended) => ended > 0 && log.info({ ended }, 'ended uploads that earlier processes left unfinished'),
    (error: unknown) => log.warn({ err: error }, 'cannot end unfinished uploads in the bucket'),
  );
  return store;
}
