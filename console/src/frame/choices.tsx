import { ActionIcon, Button, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Moon, Sun } from 'lucide-react';
import { useLanguage, useStrings } from '../strings/strings.tsx';

/** Changes between light and dark. */
export function ThemeButton() {
  const { session } = useStrings();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={session.theme}
      onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
    >
      {scheme === 'dark' ? <Sun size={18} /> : <Moon size={18} />}
    </ActionIcon>
  );
}

/** Changes to the other language, whose name it bears. */
export function LanguageButton() {
  const { language, strings, speak } = useLanguage();
  const next = language === 'en' ? 'de' : 'en';
  return (
    <Button variant="subtle" color="gray" size="compact-sm" lang={next} onClick={() => speak(next)}>
      {strings.session.language}
    </Button>
  );
}
