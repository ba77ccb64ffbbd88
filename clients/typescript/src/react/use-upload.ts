import { useCallback, useState } from 'react';
import type { UploadProgress, UploadSource } from '../uploads.ts';
import { useSextant } from './context.tsx';

/** Returns what uploads a file and tells how far it is. Its promise has the id of the document or image. */
export function useUpload(kind: 'document' | 'image'): {
  readonly progress: UploadProgress | undefined;
  readonly error: Error | undefined;
  upload(file: UploadSource): Promise<{ id: string }>;
} {
  const sextant = useSextant();
  const [progress, setProgress] = useState<UploadProgress>();
  const [error, setError] = useState<Error>();
  const upload = useCallback(
    async (file: UploadSource) => {
      setError(undefined);
      setProgress({ phase: 'sending', share: 0 });
      try {
        return await sextant.uploads[kind](file, { onProgress: setProgress });
      } catch (thrown) {
        setError(thrown as Error);
        throw thrown;
      } finally {
        setProgress(undefined);
      }
    },
    [sextant, kind],
  );
  return { progress, error, upload };
}
