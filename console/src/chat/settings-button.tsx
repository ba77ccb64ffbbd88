import { ActionIcon, Tooltip } from '@mantine/core';
import { SlidersHorizontal } from 'lucide-react';
import { Suspense, useState } from 'react';
import { part } from '../frame/part.ts';
import { useStrings } from '../strings/strings.tsx';
import type { ChatSettings } from './settings.ts';

const SettingsDialog = part(() => import('./settings-dialog.tsx'), 'SettingsDialog');

/** Opens the tools and settings of a conversation. */
export function SettingsButton(props: {
  readonly settings: ChatSettings;
  readonly isOwner: boolean;
  /** Resolves when they are kept; rejects, and what is written stays. */
  save(settings: ChatSettings): Promise<void>;
}) {
  const { chat } = useStrings();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Tooltip label={chat.settings}>
        <ActionIcon variant="subtle" color="gray" aria-label={chat.settings} onClick={() => setIsOpen(true)}>
          <SlidersHorizontal size={18} />
        </ActionIcon>
      </Tooltip>
      {isOpen && (
        <Suspense>
          <SettingsDialog {...props} close={() => setIsOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
